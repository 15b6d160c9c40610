"""Models of tests as ONNX graphs in memory."""

from tandem.engines.members import Member
from tandem.engines.onnx_engine import OnnxEngine
from tandem.engines.onnx_model import OnnxModel
from tandem.exported import open_session, shape_of
from tandem.graphs.encoder_graph import make_encoder_graph
from tandem.graphs.graph import FloatArray, Graph
from tandem.graphs.kept_weights import FLOAT32, ROWS
from tandem.graphs.sizes import GraphSizes
from tandem.graphs.step_graph import make_step_graph
from tandem.graphs.wire import Hole
from tandem.models import FeaturesEncoder, Seq2Seq
from tandem.names import Averaging, ExportPrecision
from tandem.text.copying import CopyTable


def weights_of(model: Seq2Seq) -> dict[str, FloatArray]:
    return {name: weight.numpy() for name, weight in model.state_dict().items()}


def graph_sizes(model: Seq2Seq, precision: ExportPrecision = "float32") -> GraphSizes:
    encoder, decoder = model.encoder, model.decoder
    return GraphSizes(
        source=encoder.embedding.num_embeddings,
        target=decoder.output_dim,
        features=encoder.features.embedding.num_embeddings if isinstance(encoder, FeaturesEncoder) else 0,
        cell=encoder.cell_type,
        layers=decoder.n_layers,
        encoder_layers=encoder.n_layers,
        hidden=decoder.hid_dim,
        embedding=decoder.embedding.embedding_dim,
        bidirectional=encoder.bidirectional,
        attention=decoder.attention_kind,
        score=decoder.attention_score,
        copies=decoder.copy_gate is not None,
        tied=decoder.fc_out.weight is decoder.embedding.weight,
        scaled=decoder.embedding.scale != 1,
        kept=ROWS if precision == "int8" else FLOAT32,
    )


def bytes_of(graph: Graph, model: Seq2Seq) -> bytes:
    weights = weights_of(model)
    return b"".join(graph.values(each.name, weights) if isinstance(each, Hole) else each for each in graph.chunks())


def exported(
    *members: Member,
    precision: ExportPrecision = "float32",
    averaging: Averaging = "arithmetic",
    copying: CopyTable | None = None,
) -> OnnxEngine:
    """The engine of members that are exported, as `translator_from_exports` makes it."""
    reverse = members[0].recipe.text.reverse_source
    models = [
        _loaded(member.model, precision, turned=member.recipe.text.reverse_source != reverse) for member in members
    ]
    return OnnxEngine(models, averaging=averaging, copying=copying)


def _loaded(model: Seq2Seq, precision: ExportPrecision, *, turned: bool) -> OnnxModel:
    sizes = graph_sizes(model, precision)
    encoder, step = (open_session(bytes_of(make(sizes), model)) for make in (make_encoder_graph, make_step_graph))
    return OnnxModel(encoder, step, shape_of(sizes, turned=turned))
