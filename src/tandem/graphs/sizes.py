"""What a model's graphs follow from: its recipe, and the sizes of its vocabularies."""

from dataclasses import dataclass

from tandem.graphs.graph import KeptWeights
from tandem.graphs.kept_weights import BLOCKS, FLOAT32, ROWS, UNPACKED
from tandem.names import AttentionKind, AttentionScore, CellType, ExportPrecision
from tandem.recipe import Recipe

GRAPHS = 2  # the version of the graphs, which a change of their bytes raises


@dataclass(frozen=True)
class GraphSizes:
    """The kinds and sizes of a model's parts, in the words of a recipe."""

    source: int
    """The size of the source vocabulary. Larger ids, and this one, are features."""
    target: int
    features: int
    """The number of features' tokens; 0 for a model without features."""
    cell: CellType
    layers: int
    encoder_layers: int
    hidden: int
    embedding: int
    bidirectional: bool
    attention: AttentionKind | None
    score: AttentionScore
    copies: bool
    tied: bool
    """Whether the output layer is the target embedding."""
    scaled: bool
    """Whether embeddings are multiplied by sqrt(E)."""
    kept: KeptWeights
    """How the larger weights are kept."""

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        precision: ExportPrecision,
        source: int,
        target: int,
        features: int = 0,
        *,
        unpacks: bool = False,
        version: int = GRAPHS,
    ) -> "GraphSizes":
        """Return those of a recipe with vocabularies of these sizes, for a version of the graphs.

        Weights in int8 that a graph `unpacks` become float32 when it is loaded, for runtimes without such products.
        """
        model = recipe.model
        in_8_bits = UNPACKED if unpacks else BLOCKS if version == 1 else ROWS
        return cls(
            source=source,
            target=target,
            features=features,
            cell=model.cell,
            layers=model.layers,
            encoder_layers=model.encoder_layers or model.layers,
            hidden=model.hidden,
            embedding=model.embedding,
            bidirectional=model.bidirectional,
            attention=None if model.attention == "off" else model.attention,
            score=model.attention_score,
            copies=model.copy,
            tied=model.tie_output,
            scaled=model.scale_embedding,
            kept=in_8_bits if precision == "int8" else FLOAT32,
        )

    @property
    def position(self) -> int:
        """The size of the encoder's output at a position."""
        return self.hidden * (2 if self.bidirectional else 1)

    @property
    def bridged(self) -> bool:
        """Whether linear layers lie between the encoder's final states and the decoder's first ones."""
        return self.bidirectional or self.encoder_layers != self.layers or self.features > 0

    @property
    def layers_below(self) -> int:
        """How many of the decoder's layers lie below attention."""
        return 1 if self.attention == "gnmt" else self.layers

    @property
    def read_by_output(self) -> int:
        """The size of what the output layer reads."""
        return self.embedding if self.tied else self.hidden

    @property
    def key(self) -> int:
        """The size of what attention compares a query with."""
        return self.position if self.score == "dot" else self.hidden
