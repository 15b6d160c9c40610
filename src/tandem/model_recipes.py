"""The recipe of a model: the way back from `build_model`, for models that no recipe has made."""

from tandem.corpora.memory import MemoryCorpus
from tandem.errors import ArgumentError
from tandem.models import FeaturesEncoder, Seq2Seq, needs_bridge
from tandem.recipe import Data, Features, Model, Recipe, Text, Texts
from tandem.text import Tokenizer
from tandem.text.differences import vocabulary_difference
from tandem.text.features import FeaturesTokenizer


def recipe_of(model: Seq2Seq, source: Tokenizer, target: Tokenizer) -> Recipe:
    """Return a recipe from which `build_model` makes a model of this shape; all else in it is the default.

    Raise ArgumentError where the model is no Seq2Seq, or its sizes do not fit the tokenizers or any recipe.
    """
    if not isinstance(model, Seq2Seq):
        raise ArgumentError(f"the model is of type {type(model).__name__}, but must be a tandem.Seq2Seq")
    encoder, decoder = model.encoder, model.decoder
    _check_fits(model, source, target)
    features = source.features if isinstance(source, FeaturesTokenizer) else None
    tied = decoder.embedding.weight is encoder.embedding.weight
    return Recipe(
        data=Data(train=MemoryCorpus(kind="memory")),
        text=Texts(
            source=Text(tokenizer=source.kind, lowercase=source.lowercase),
            target=Text(tokenizer=target.kind, lowercase=target.lowercase),
            joint=tied,
            features=Features(tokenizer=features.kind, lowercase=features.lowercase) if features else None,
        ),
        model=Model(
            cell=encoder.cell_type,
            layers=decoder.n_layers,
            encoder_layers=None if encoder.n_layers == decoder.n_layers else encoder.n_layers,
            hidden=encoder.hid_dim,
            embedding=encoder.embedding.embedding_dim,
            bidirectional=encoder.bidirectional,
            attention=decoder.attention_kind or "off",
            attention_score=decoder.attention_score,
            copy=decoder.copy_gate is not None,
            dropout=encoder.dropout.p,
            output_dropout=decoder.output_dropout.p,
            word_dropout=encoder.word_dropout.p,
            tie_output=decoder.fc_out.weight is decoder.embedding.weight,
            scale_embedding=decoder.embedding.scale != 1,
            tie_embeddings=tied,
        ),
    )


def _check_fits(model: Seq2Seq, source: Tokenizer, target: Tokenizer) -> None:
    """Raise ArgumentError where a model does not fit its tokenizers, or any recipe."""
    encoder, decoder = model.encoder, model.decoder
    sides = [("source", encoder.embedding, source), ("target", decoder.embedding, target)]
    if isinstance(encoder, FeaturesEncoder) and isinstance(source, FeaturesTokenizer):
        own = ("features", encoder.features.embedding, source.features)
        sides = [("source", encoder.embedding, source.source), sides[1], own]
    elif isinstance(encoder, FeaturesEncoder) or isinstance(source, FeaturesTokenizer):
        raise ArgumentError(
            "only one of the model and the source tokenizer has features: a FeaturesEncoder and a FeaturesTokenizer "
            "belong together"
        )
    for side, embedding, tokenizer in sides:
        if embedding.num_embeddings != len(tokenizer):
            raise ArgumentError(
                f"the {side} embedding has {embedding.num_embeddings:,} rows, but the {side} tokenizer "
                f"{len(tokenizer):,} tokens: make the model with len(tokenizer)"
            )
    if needs_bridge(encoder, decoder) != (model.bridge is not None):
        raise ArgumentError("the model has a bridge where encoder and decoder fit without, which no recipe can say")
    if encoder.embedding.embedding_dim != decoder.embedding.embedding_dim:
        raise ArgumentError(
            f"the source embedding has {encoder.embedding.embedding_dim} columns and the target embedding "
            f"{decoder.embedding.embedding_dim}, but a recipe has one size for both"
        )
    tied = decoder.embedding.weight is encoder.embedding.weight
    if tied and (difference := vocabulary_difference(source, target)):
        raise ArgumentError(
            f"the source and the target embedding are one, but not the tokenizers: {difference}, which are source and "
            "target. Give one tokenizer for both"
        )
