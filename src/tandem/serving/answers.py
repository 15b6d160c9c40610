"""What the answers hold, for the server's description; tests hold the answers to it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from tandem.names import LayerPart


class Answer(BaseModel):
    """The base of all answers: nothing is in them that is not described."""

    model_config = ConfigDict(extra="forbid")


class ErrorObject(Answer):
    """What was wrong."""

    code: str = Field(description="A word for programs.")
    message: str = Field(description="A sentence for people.")


class ErrorAnswer(Answer):
    """The one form of an error."""

    error: ErrorObject


class LibreError(Answer):
    """An error as LibreTranslate's clients show it."""

    error: str


class Replaced(Answer):
    """An unknown token, and what stands in its place."""

    token: int
    source: str
    text: str


class Hypothesis(Answer):
    """One translation of a text."""

    text: str
    score: float | None = Field(description="What it was ranked by; null where it is not finite.")
    log_probability: float | None
    tokens: list[str]
    token_scores: list[float | None] = Field(description="Of each token, and of the end.")
    copied: list[int] = Field([], description="Which tokens were copied from the source.")
    stopped: Literal["eos", "limit"]
    replaced: list[Replaced] = []


class TranslationObject(Hypothesis):
    """A translation, as `tandem translate --json` writes it."""

    source: str
    confidence: float | None = Field(None, description="The probability that all of it is right.")
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
    """How probable a target is, in nats; null where that is not finite."""

    source: str
    target: str
    log_probability: float | None
    tokens: list[str]
    token_scores: list[float | None]
    cut: bool = Field(description="Whether only the beginning of the source was read.")


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
    score: float | None = Field(description="What a complete hypothesis was ranked by.")
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
        description="Of /v1/translate: what begins a translation so; null where no text does, empty for <eos>."
    )


class AlternativesAnswer(Answer):
    """The most probable tokens at a place of a translation."""

    place: int
    token: str = Field(description="What stands there; <eos> at the end.")
    alternatives: list[Alternative]


class SaliencyReasons(Answer):
    """Why something cannot be told."""

    gradient: str = ""
    attention: str = ""


class SaliencyAnswer(Answer):
    """How much each source token, across, had to do with each target token, down; null where it is not finite."""

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
    attention: list[list[float]] | None = Field(description="Shares; what is missing to 1 lay on <sos> and <eos>.")
    reasons: SaliencyReasons


class InsideAnswer(Answer):
    """What a layer computed, step by step."""

    model: str
    members: int = Field(description="More than 1 for an ensemble, of which the first is shown.")
    tokens: list[str] = Field(description="What was read at each step, in the order of reading.")
    values: list[list[float | None]] = Field(description="Of each step and unit; of the forward direction.")
    changed: list[int] = Field(description="The units whose values changed most over the steps, most first.")
    backward: list[list[float | None]] | None = Field(description="Of the other direction, at the same tokens.")
    backward_changed: list[int] | None
    layers: int
    whats: list[LayerPart] = Field(description="What the layers of this model have.")
    directions: Literal[1, 2]


class Neighbour(Answer):
    """A training sentence whose context is near."""

    source: str
    target: str | None
    distance: float | None = Field(description="The Euclidean distance between the contexts.")


class NeighboursAnswer(Answer):
    """Where the context of a text lies among those of the training sentences."""

    model: str
    members: int = Field(description="More than 1 for an ensemble, of which the first is asked.")
    neighbours: list[Neighbour] = Field(description="The nearest first.")
    sentences: int = Field(description="How many distinct training sources were searched: at most the first 200,000.")
    point: list[float | None] = Field(description="The text's place on the two axes.")
    points: list[list[float | None]] = Field(description="The places of some training sentences, evenly chosen.")
    variance: list[float | None] = Field(description="The percentage of these sentences' variance on each axis.")


class Progress(Answer):
    """How far a piece of work is."""

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
    """A line, and what both models make of it."""

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
    """The language that a text was read as."""

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
    """A model that is served."""

    name: str
    members: int = Field(description="More than 1 for an ensemble.")
    source: str | None = Field(description="The code of the language that it reads, where that is known.")
    target: str | None
    beam: int = Field(description="What is taken where a request names none.")
    alignment: bool = Field(description="Whether it can say where it looked.")


class ModelsAnswer(Answer):
    """All models, the one that is taken by default first."""

    models: list[ModelObject]


class StatusAnswer(Answer):
    """A word."""

    status: str


class Description(RootModel[dict[str, object]]):
    """A description by OpenAPI."""
