"""The contents of the answers, for the server's description; tests check that the answers agree with them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from tandem.names import LayerPart


class Answer(BaseModel):
    """The base of all answers; an answer has only fields that are described."""

    model_config = ConfigDict(extra="forbid")


class ErrorObject(Answer):
    """An error."""

    code: str = Field(description="A code for programs.")
    message: str = Field(description="A message for people.")


class ErrorAnswer(Answer):
    """An error in the server's own form."""

    error: ErrorObject


class LibreError(Answer):
    """An error in LibreTranslate's form."""

    error: str


class Replaced(Answer):
    """An unknown token, and the text that replaces it."""

    token: int
    source: str
    text: str


class Hypothesis(Answer):
    """One translation of a text."""

    text: str
    score: float | None = Field(description="The score that hypotheses rank by; null if it is not finite.")
    log_probability: float | None
    tokens: list[str]
    token_scores: list[float | None] = Field(description="The log-probability of each token, and of <eos>.")
    copied: list[int] = Field([], description="The places of the tokens that were copied from the source.")
    stopped: Literal["eos", "limit"]
    replaced: list[Replaced] = []


class TranslationObject(Hypothesis):
    """A translation, as `tandem translate --json` writes it."""

    source: str
    confidence: float | None = Field(None, description="The probability that the whole translation is right.")
    unknown: list[str] = Field(description="Pieces of the source that the model does not know.")
    source_tokens: list[str] = []
    alignment: str = Field("", description="SOURCE-TARGET for each token.")
    attention: list[list[float]] = []
    alternatives: list[Hypothesis] = Field([], description="The n best, this one first.")


class FailedText(Answer):
    """A text that has no translation."""

    source: str
    error: ErrorObject


class TranslateAnswer(Answer):
    """A translation of each text, in order."""

    model: str
    translations: list[TranslationObject | FailedText]


class TargetScore(Answer):
    """The log-probability of a target, in nats; null if it is not finite."""

    source: str
    target: str
    log_probability: float | None
    tokens: list[str]
    token_scores: list[float | None]
    cut: bool = Field(description="Whether the source was too long and was cut.")


class FailedPair(FailedText):
    """A pair that has no score."""

    target: str


class ScoreAnswer(Answer):
    """A score of each pair, in order."""

    model: str
    scores: list[TargetScore | FailedPair]


class TraceNode(Answer):
    """A continuation that the search looked at."""

    id: int
    parent: int | None = Field(description="The node that it continues; null for the root.")
    step: int
    token: str
    token_log_probability: float | None
    log_probability: float | None = Field(description="Of all tokens up to this one.")
    score: float | None = Field(description="The score that a complete hypothesis ranks by.")
    fate: Literal["live", "complete", "pruned"]
    reason: Literal["", "beam", "worse", "end"] = Field(description="Why it was pruned.")
    place: int = Field(description="Its rank in its step; 0 is the best.")


class TraceAnswer(Answer):
    """The search for a translation, step by step."""

    source: str
    source_tokens: list[str]
    beam: int
    n_best: int
    length_penalty: float
    coverage: float
    nodes: list[TraceNode] = Field(description="The root, then the best 2 * beam continuations of each step.")
    steps: int
    results: list[int] = Field(description="The last node of each translation, the best first.")
    text: str
    texts: list[str] = Field(description="The translations.")


class Alternative(Answer):
    """A token that could stand at a place."""

    token: str
    log_probability: float
    prefix: str | None = Field(
        description="The prefix for /v1/translate that makes a translation begin with it; null if there is none, empty "
        "for <eos>."
    )


class AlternativesAnswer(Answer):
    """The most probable tokens at a place of a translation."""

    place: int
    token: str = Field(description="The token at this place; <eos> at the end.")
    alternatives: list[Alternative]


class SaliencyReasons(Answer):
    """Why a part of the answer is missing."""

    gradient: str = ""
    attention: str = ""


class SaliencyAnswer(Answer):
    """The influence of each source token (columns) on each target token (rows); null if it is not finite."""

    source: str
    text: str = Field(description="The target.")
    source_tokens: list[str] = Field(description="In the order of the text, without <sos> and <eos>.")
    target_tokens: list[str] = Field(description="<eos> is the last one.")
    gradient: list[list[float | None]] | None = Field(
        description="Nats: the gradient of the target token's log-probability times the source token's embedding."
    )
    left_out: list[list[float | None]] = Field(
        description="Nats: what the target token's log-probability loses when the source token is left out."
    )
    attention: list[list[float]] | None = Field(
        description="The attention weights; the rest to 1 is on <sos> and <eos>."
    )
    reasons: SaliencyReasons


class InsideAnswer(Answer):
    """The values that a layer computed, step by step."""

    model: str
    members: int = Field(description="More than 1 for an ensemble, of which the first is shown.")
    tokens: list[str] = Field(description="The token read at each step, in the order of reading.")
    values: list[list[float | None]] = Field(
        description="One row a step, one column a unit, for the forward direction."
    )
    changed: list[int] = Field(description="The units whose values changed most over the steps, most first.")
    backward: list[list[float | None]] | None = Field(
        description="The values of the other direction, at the same tokens."
    )
    backward_changed: list[int] | None
    layers: int
    whats: list[LayerPart] = Field(description="The states and gates that the layers of this model have.")
    directions: Literal[1, 2]


class Neighbour(Answer):
    """A training sentence whose context is near."""

    source: str
    target: str | None
    distance: float | None = Field(description="The Euclidean distance between the contexts.")


class NeighboursAnswer(Answer):
    """The training sentences whose contexts are nearest to that of a text, and where the contexts lie."""

    model: str
    members: int = Field(description="More than 1 for an ensemble, of which the first is asked.")
    neighbours: list[Neighbour] = Field(description="The nearest first.")
    sentences: int = Field(description="How many distinct training sources were searched: at most the first 200,000.")
    point: list[float | None] = Field(description="The text's place on the two axes.")
    points: list[list[float | None]] = Field(description="The places of some training sentences, evenly chosen.")
    variance: list[float | None] = Field(description="The percentage of these sentences' variance on each axis.")


class Progress(Answer):
    """The progress of a computation."""

    done: int
    total: int


class ComputingAnswer(Answer):
    """The contexts of the training sentences are being computed: ask again."""

    computing: Progress


class LineScores(Answer):
    """The scores of a model on all lines, in percent."""

    bleu: float
    chrf: float
    exact: float


class Significance(Answer):
    """Whether the models differ by more than chance."""

    metric: Literal["bleu"]
    difference: float = Field(description="The second model's score less the first one's.")
    p: float = Field(description="By paired bootstrap resampling (Koehn 2004).")
    samples: int


class ComparedRow(Answer):
    """A line, and its translations by both models."""

    source: str
    reference: str | None
    first: str
    second: str
    first_score: float | None = Field(description="chrF of the sentence.")
    second_score: float | None


class CompareAnswer(Answer):
    """Two models on the same lines."""

    models: list[str]
    count: int
    scores: dict[str, LineScores] | None = Field(description="By the names of the models; null without references.")
    signatures: dict[str, str] = Field(description="Of each score, and of the significance.")
    significance: Significance | None
    rows: list[ComparedRow]


class Detected(Answer):
    """The language that was taken as the source language."""

    confidence: float
    language: str


class LibreAnswer(Answer):
    """An answer in the form of LibreTranslate: values for one text, lists for a list."""

    translatedText: str | list[str]
    detectedLanguage: Detected | list[Detected] | None = None
    alternatives: list[str] | list[list[str]] | None = None


class Language(Answer):
    """A language, and what it can be translated into."""

    code: str
    name: str
    targets: list[str]


class LanguagesAnswer(RootModel[list[Language]]):
    """All languages."""


class ModelObject(Answer):
    """A served model."""

    name: str
    members: int = Field(description="More than 1 for an ensemble.")
    source: str | None = Field(description="The code of the language that it reads, if that is known.")
    target: str | None
    beam: int = Field(description="The beam of requests that name none.")
    alignment: bool = Field(description="Whether it has attention, and can return alignments.")


class ModelsAnswer(Answer):
    """All models; the first one is the default."""

    models: list[ModelObject]


class StatusAnswer(Answer):
    """The status of the server."""

    status: str


class Description(RootModel[dict[str, object]]):
    """A description by OpenAPI."""
