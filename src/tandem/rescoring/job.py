"""A whole file of n-best lists, rescored: its lists, references and weights are read and checked before the work."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tandem.bulk.lines import file_lines, survey
from tandem.errors import CorpusError
from tandem.files.lines import check_read_again
from tandem.metrics import BleuTokenizer, Score, TokenizerChoice, choose_tokenizer
from tandem.rescoring.lists import NBestList
from tandem.rescoring.quality import Judged, judge, qualities
from tandem.rescoring.ranking import ScoredList, listed_column, listed_figures
from tandem.rescoring.reading import open_nbest, with_sources
from tandem.rescoring.weights import SCORE, Weights, even_weights, given_weights, read_weights
from tandem.translation.translator import Translator


@dataclass(frozen=True)
class Lists:
    """The files that hold n-best lists, the sentences that they are of, and the references of these."""

    n_best: Path
    source: Path | None = None  # None where the lists hold their sentences
    target: Path | None = None

    def check_files(self) -> None:
        """Raise CorpusError for a file that cannot be read twice, such as a pipe."""
        for path in (self.n_best, self.source, self.target):
            if path is not None:
                check_read_again(path)

    def __iter__(self) -> Iterator[NBestList]:
        """Yield the lists, each with its sentence."""
        sources = None if self.source is None else file_lines(self.source)
        return with_sources(open_nbest(self.n_best).lists, sources, str(self.source))

    def check(self, weights: Weights) -> int:
        """Read all lists from end to end, so that a CorpusError is raised before the work; return their number."""
        count = 0
        for nbest in self:
            count += 1
            for name in weights.listed:
                listed_column(nbest, name)
        if self.target is not None and (lines := survey(self.target).lines) != count:
            raise CorpusError(
                f"{self.target}: has {lines:,} lines, but {self.n_best} is of {count:,} sentences; give its references"
            )
        return count

    def references(self) -> Iterator[str]:
        """Yield the references; none where there is no file of them."""
        return iter(()) if self.target is None else file_lines(self.target)


class Judge:
    """Measures the hypotheses of one sentence after the other against the references."""

    def __init__(self, lists: Lists, weights: Weights, *, lowercase: bool, tokenize: TokenizerChoice) -> None:
        """Choose the tokenizer of BLEU, by the references' script where `tokenize` says so."""
        self.weights = weights
        self.lowercase = lowercase
        self.tokenizer: BleuTokenizer = choose_tokenizer(tokenize, lists.references())
        self.judged: list[Judged] = []
        """What was measured; it stays empty where there are no references."""
        self._references = lists.references()

    def add(self, scored: ScoredList) -> None:
        """Measure the next sentence, if there are references."""
        if (reference := next(self._references, None)) is not None:
            case, tokenizer = self.lowercase, self.tokenizer
            self.judged.append(judge(scored, reference, self.weights, lowercase=case, tokenizer=tokenizer))

    def qualities(self, weights: Weights) -> list[Score]:
        """Return what weights gain on everything that was measured; nothing where there are no references."""
        if not self.judged:
            return []
        return qualities(self.judged, weights, lowercase=self.lowercase, tokenizer=self.tokenizer)


def choose_weights(
    lists: Lists, given: Path | str | None, features: str | None, length_penalty: float | None, translator: Translator
) -> Weights:
    """Return the weights in a file, or as they are given; or else even weights of what the first list holds.

    `features` names what is weighed beside the model; None means the list's score, where it has one.
    """
    default_penalty = translator.recipe.search.length_penalty
    if given is not None:
        weights = read_weights(given) if isinstance(given, Path) else given_weights(given, default_penalty)
        return weights if length_penalty is None else replace(weights, length_penalty=length_penalty)
    if features is not None:
        listed = tuple(dict.fromkeys(name.strip() for name in features.split(",") if name.strip()))
    else:
        first = next(open_nbest(lists.n_best).lists)
        listed = (SCORE,) if SCORE in listed_figures(first.candidates[0]) else ()
    return even_weights(listed, default_penalty if length_penalty is None else length_penalty)
