"""`tandem.evaluate`: a translator against a corpus, with every score and its signature."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from tandem.corpora.given import checked_references
from tandem.corpora.pairs import Pair
from tandem.corpora.references import group_references, source_places
from tandem.errors import ArgumentError, CorpusError
from tandem.metrics import (
    Score,
    SentenceScores,
    TokenizerChoice,
    choose_tokenizer,
    in_order,
    leading_scores,
    score_translations,
    sentence_scores,
    token_edit_rate,
)
from tandem.metrics.calibration import ReliabilityBin, calibration_error, reliability
from tandem.metrics.sequences import cased
from tandem.names import BleuTokenizer
from tandem.runs.likelihood_scores import forced_scores, measure_targets
from tandem.runs.progress import progress_counter
from tandem.terminal import OnProgress
from tandem.text import norm_signature, normalise
from tandem.translation.messages import Translation
from tandem.translation.settings import SearchSettings
from tandem.translation.translator import Translator

if TYPE_CHECKING:
    from tandem.training.events import Sample

_SAMPLES = 10
LEAST_CALIBRATED = 100  # with fewer sources the calibration error is left out, since chance would decide it


@dataclass(frozen=True)
class SourceResult:
    """A source of a corpus with its references and its translation."""

    source: str
    references: tuple[str, ...]
    translation: Translation


@dataclass(frozen=True)
class Evaluation:
    """What a translator is worth on a corpus."""

    pairs: int
    scores: list[Score]  # the most telling ones first
    results: list[SourceResult]  # one result for each distinct source, in order of first occurrence
    lowercase: bool  # whether texts were scored in lower case
    raw: bool  # whether texts were scored without being normalised

    @property
    def sources(self) -> int:
        """The number of distinct source texts, each translated once."""
        return len(self.results)

    @property
    def translations(self) -> list[str]:
        """The translation of each source."""
        return [result.translation.text for result in self.results]

    @property
    def samples(self) -> "tuple[Sample, ...]":
        """The first sources with their translations."""
        from tandem.training.events import Sample

        return tuple(Sample(r.source, r.references[0], r.translation.text) for r in self.results[:_SAMPLES])

    @property
    def cut(self) -> int:
        """The number of sources that were too long, so that only their beginnings were translated."""
        return sum(result.translation.cut for result in self.results)

    @property
    def stopped_at_limit(self) -> int:
        """The number of outputs that are as long as the limits allow, so that their ends may be missing."""
        return sum(result.translation.stopped == "limit" for result in self.results)

    @property
    def notes(self) -> list[str]:
        """What else a reader of the scores must know."""
        return [score.note for score in self.scores if score.note]

    def sentence_scores(self) -> list[SentenceScores]:
        """Score the output for each source by itself, in the order of the results."""
        texts = self.translations if self.raw else [normalise(text) for text in self.translations]
        return sentence_scores(texts, [result.references for result in self.results], lowercase=self.lowercase)

    def reliability(self) -> list[ReliabilityBin]:
        """Return the share of right outputs among those of about the same confidence; empty without confidences."""
        confidences, right = _confidences(self.results, lowercase=self.lowercase, raw=self.raw)
        return reliability(confidences, right) if confidences else []

    def score(self, name: str) -> float:
        """Return the value of the score with this name. KeyError where there is none."""
        values = {score.name: score.value for score in self.scores}
        if name not in values:
            raise KeyError(f"there is no score {name!r}; the scores are {', '.join(values)}")
        return values[name]


def evaluate(
    translator: Translator,
    pairs: Iterable[tuple[str, str | Sequence[str]]],
    settings: SearchSettings | None = None,
    *,
    lowercase: bool = False,
    raw: bool = False,
    tokenize: TokenizerChoice | None = None,
    on_progress: OnProgress = lambda *_: None,
) -> Evaluation:
    """Translate each distinct source and score it against all its targets; measure the likelihood of every pair.

    The target of a pair is a text, or a list of texts for several references. Sources are distinct if the model reads
    them as different. Texts are normalised before they are scored (Unicode NFC, single spaces), unless `raw`.
    `tokenize` says how BLEU splits texts into words; None means as in the recipe.

    ArgumentError where `translator` is no Translator; ArgumentError or CorpusError where `pairs` are no pairs of texts.
    """
    if not isinstance(translator, Translator):
        raise ArgumentError(
            f"translator is of type {type(translator).__name__}, but must be a Translator, as tandem.load gives it"
        )
    settings = settings or translator.search_settings()
    given = checked_references(pairs, "pairs")
    if not given:
        raise CorpusError("pairs is empty: a score needs at least one pair")
    corpus = [Pair(source, target) for source, targets in given for target in targets]
    tokens = translator.source_tokenizer
    groups = group_references(given, lowercase=tokens.lowercase, raw=raw, features=tokens.has_features)
    sources, references = [source for source, _ in groups], [targets for _, targets in groups]
    # Chosen before the work: missing packages of a tokenizer are an error.
    tokenizer = choose_tokenizer(tokenize or translator.recipe.search.score_tokenize, chain.from_iterable(references))
    made = translate_all(translator, sources, settings, "translating", on_progress)
    measured = _Measured(translator, settings, groups, made, tokenizer, lowercase, raw, on_progress)
    return measured.evaluation(len(corpus), lambda: measure_targets(translator, corpus, on_progress))


def evaluate_made(
    translator: Translator,
    pairs: Sequence[tuple[str, str]],
    made: Sequence[Translation],
    target_tokens: int,
    target_nats: float,
    settings: SearchSettings,
    *,
    lowercase: bool = False,
    raw: bool = False,
    tokenize: TokenizerChoice | None = None,
    on_progress: OnProgress = lambda *_: None,
) -> Evaluation:
    """Score translations that the translator made of the sources of pairs, one for each, as `evaluate` does.

    `target_nats` is the negative log-likelihood of all targets, which have `target_tokens` tokens. Scores that need
    another pass of the model over the corpus are left out. Raise CorpusError where there are no pairs.
    """
    if not pairs:
        raise CorpusError("there is no pair to measure on: a score needs at least one")
    corpus = [Pair(*pair) for pair in pairs]
    tokens = translator.source_tokenizer
    reading = {"lowercase": tokens.lowercase, "raw": raw, "features": tokens.has_features}
    groups, places = group_references(pairs, **reading), source_places(pairs, **reading)
    targets = chain.from_iterable(references for _, references in groups)
    tokenizer = choose_tokenizer(tokenize or translator.recipe.search.score_tokenize, targets)
    first = [made[place] for place in places]
    measured = _Measured(translator, settings, groups, first, tokenizer, lowercase, raw, on_progress)
    return measured.evaluation(len(corpus), lambda: forced_scores(translator, corpus, target_tokens, target_nats))


@dataclass(frozen=True)
class _Measured:
    """Sources with their references, and what a translator made of them."""

    translator: Translator
    settings: SearchSettings
    groups: Sequence[tuple[str, tuple[str, ...]]]
    made: Sequence[Translation]
    tokenizer: BleuTokenizer
    lowercase: bool
    raw: bool
    on_progress: OnProgress

    def evaluation(self, pairs: int, likelihood_scores: Callable[[], list[Score]]) -> Evaluation:
        """Return all scores, with those that come from the likelihood of the targets."""
        lowercase, raw, references = self.lowercase, self.raw, [targets for _, targets in self.groups]
        texts = [translation.text for translation in self.made]
        hypotheses = texts if raw else [normalise(text) for text in texts]
        counter = progress_counter("scores of the translations", len(hypotheses), self.on_progress)
        search = search_signature(self.translator, self.settings)
        suffix = f"|{norm_signature(raw=raw)}|search:{search}"
        scores = [
            replace(score, signature=score.signature + suffix)
            for score in score_translations(
                hypotheses, references, lowercase=lowercase, tokenize=self.tokenizer, on_progress=counter
            )
        ]
        scores.append(_token_edit_rate(self.translator, [list(t.tokens) for t in self.made], references, search))
        results = [SourceResult(*group, made) for group, made in zip(self.groups, self.made, strict=True)]
        confidences, right = _confidences(results, lowercase=lowercase, raw=raw)
        if len(confidences) >= LEAST_CALIBRATED:
            error = calibration_error(confidences, right, lowercase=lowercase)
            scores.append(replace(error, signature=error.signature + suffix))
        scores += likelihood_scores()
        leading = leading_scores([text for alternatives in references for text in alternatives])
        return Evaluation(pairs, in_order(scores, leading), results, lowercase, raw)


def _confidences(results: Sequence[SourceResult], *, lowercase: bool, raw: bool) -> tuple[list[float], list[bool]]:
    """Return the confidences of the outputs that have one, and whether each of these outputs equals a reference."""
    confidences, right = [], []
    for source in results:
        if source.translation.confidence is not None:
            text = source.translation.text if raw else normalise(source.translation.text)
            confidences.append(source.translation.confidence)
            right.append(cased(text, lowercase) in {cased(target, lowercase) for target in source.references})
    return confidences, right


def translate_all(
    translator: Translator, texts: Sequence[str], settings: SearchSettings, work: str, on_progress: OnProgress
) -> list[Translation]:
    """Translate texts, and report how many are translated."""
    counter = progress_counter(work, len(texts), on_progress)
    return list(translator.translate_stream(texts, settings, on_progress=counter))


def search_signature(translator: Translator, settings: SearchSettings) -> str:
    """Return the signature of a search, in sacreBLEU's notation: what is needed to repeat it."""
    search = f"beam:{settings.beam}|lp:{settings.length_penalty:g}" if settings.beam > 1 else "greedy"
    if settings.beam > 1 and settings.coverage:
        search += f"|cp:{settings.coverage:g}"
    limits, usual = (settings.max_length_factor, settings.max_length_extra), translator.search_settings()
    if limits != (usual.max_length_factor, usual.max_length_extra):
        search += f"|limit:{settings.max_length_factor:g}x+{settings.max_length_extra}"
    if settings.replace_unknown:
        search += "|unk:replaced" if settings.dictionary is None else f"|unk:dictionary:{len(settings.dictionary)}"
    if translator.precision == "int8":
        search += "|weights:int8"
    if translator.size > 1:
        search += f"|ensemble:{translator.size}|mean:{translator.averaging}"
    return search


def _token_edit_rate(
    translator: Translator, hypotheses: list[list[str]], references: Sequence[Sequence[str]], search: str
) -> Score:
    tokenizer = translator.target_tokenizer
    tokens = [[_reference_tokens(translator, text) for text in targets] for targets in references]
    score = token_edit_rate(hypotheses, tokens)
    return Score(score.name, score.value, f"{score.signature}|tok:{tokenizer.kind}|search:{search}")


def _reference_tokens(translator: Translator, text: str) -> list[str]:
    tokenizer = translator.target_tokenizer
    if translator.codec.copying is None:
        return tokenizer.tokens(tokenizer.encode(text))
    return [token for _, token in tokenizer.pieces(text)]  # an unknown one may have been copied
