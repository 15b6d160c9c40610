"""The bodies and parameters of requests. Requests are checked by these classes; the description is made from them."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tandem.names import LARGEST_BEAM, LARGEST_LENGTH_PENALTY, LayerPart

_MOST_ALTERNATIVES = 100


def _one_or_several(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        return value
    raise ValueError("must be a text or a list of texts")


Texts: TypeAlias = Annotated[str | list[str], BeforeValidator(_one_or_several)]


def listed(texts: str | list[str]) -> list[str]:
    """Return the texts as a list, even if there is only one."""
    return [texts] if isinstance(texts, str) else texts


MOST_NEIGHBOURS = 1000
"""The most neighbours of a request: more than a person looks at. Each neighbour has two texts."""


class Strict(BaseModel):
    """A request in Tandem's own form: types are not converted, and unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class TranslateRequest(Strict):
    """Texts to translate, and how to search."""

    text: Texts = Field(description="One text, or a list.")
    model: str | None = Field(None, description="The name of a model; left out, the first one.")
    beam: int | None = Field(None, ge=1, le=LARGEST_BEAM, description="Hypotheses kept at each step; 1 is greedy.")
    n_best: int = Field(1, ge=1, le=LARGEST_BEAM, description="How many translations of each text.")
    length_penalty: float | None = Field(
        None, ge=0, le=LARGEST_LENGTH_PENALTY, description="Rank by log-probability / tokens ** this."
    )
    alignment: bool = Field(False, description="Return the alignment; for models with attention.")
    confidence: bool = Field(True, description="Return the confidence, if the model is calibrated.")
    prefix: str = Field("", description="The text that every translation begins with.")
    stream: bool = Field(False, description="Send the best text after each step, as server-sent events; of one text.")


class ScoreRequest(Strict):
    """Targets to score, each with its source."""

    source: Texts = Field(description="One text, or a list.")
    target: Texts = Field(description="One text, or a list as long as that of the sources.")
    model: str | None = Field(None, description="The name of a model; left out, the first one.")


class RunParameters(BaseModel):
    """The parameters that name a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="The name of a run.")


class MetricsParameters(RunParameters):
    """The parameters that select rows of a run's metrics."""

    after: int = Field(0, ge=0, lt=2**53, description="The number of the first row; then the `next` of each answer.")


class TraceRequest(Strict):
    """A text whose search to trace, and how to search."""

    text: str
    model: str | None = Field(None, description="The name of a model; left out, the first one.")
    beam: int | None = Field(None, ge=1, le=LARGEST_BEAM, description="Hypotheses kept at each step; 1 is greedy.")
    length_penalty: float | None = Field(
        None, ge=0, le=LARGEST_LENGTH_PENALTY, description="Rank by log-probability / tokens ** this."
    )
    n_best: int = Field(1, ge=1, le=LARGEST_BEAM, description="How many translations.")
    prefix: str = Field("", description="The text that every translation begins with.")


class AlternativesRequest(Strict):
    """A position of a translation whose alternatives to list."""

    text: str
    tokens: list[str] = Field(description="The translation's, without <eos>.")
    place: int = Field(ge=0, description="The number of a token, counted from 0, or the number of tokens: the end.")
    count: int = Field(10, ge=1, le=_MOST_ALTERNATIVES, description="How many tokens could stand there.")
    model: str | None = Field(None, description="The name of a model; left out, the first one.")


class SaliencyRequest(Strict):
    """A text, and perhaps its target, whose saliency to measure."""

    text: str = Field(description="One text.")
    target: str | None = Field(None, description="Its target; left out, the text is translated.")
    model: str | None = Field(None, description="The name of a model; left out, the first one.")


class InsideRequest(Strict):
    """Which layer to look at while it reads a text."""

    text: str = Field(description="The source.")
    target: str | None = Field(None, description="What the decoder is fed; left out, its own translation.")
    model: str | None = Field(None, description="The name of a model; left out, the first one.")
    side: Literal["encoder", "decoder"]
    layer: int = Field(0, ge=0, description="Counted from 0, the one that reads the tokens.")
    what: LayerPart = Field(description="A part of the state, or a gate that the model's cell has.")


class NeighboursRequest(Strict):
    """A text whose nearest training sentences to find."""

    text: str = Field(description="The source.")
    count: int = Field(10, ge=1, le=MOST_NEIGHBOURS, description="How many neighbours.")
    model: str | None = Field(None, description="The name of a model; left out, the first one.")


class CompareRequest(Strict):
    """Lines for two models to translate."""

    models: list[str] = Field(min_length=2, max_length=2, description="The names of two different models.")
    sources: list[str] = Field(min_length=1)
    references: list[str] | None = Field(None, description="One for each source; left out, nothing is scored.")
    beam: int | None = Field(None, ge=1, le=LARGEST_BEAM, description="Hypotheses kept at each step; 1 is greedy.")


class LibreRequest(BaseModel):
    """A request in the form of LibreTranslate, as JSON or as a form; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    q: Texts = Field(description="One text, or a list.")
    source: str = Field(description='The code of a language, or "auto".')
    target: str = Field(description="The code of a language.")
    format: str = Field("text", description="HTML is refused.", json_schema_extra={"enum": ["text"]})
    alternatives: int = Field(0, ge=0, le=LARGEST_BEAM - 1, description="Further translations of each text.")
    api_key: str = Field("", description="The token, where the server asks for one.")
