"""How often the source word that moved a target word most is the one that it came from, by each way of telling.

On pairs of the built-in corpus, whose grammar says which word came from which (`corpora/captions/alignment.py`), with
the references as targets. A target word may come from two source words, a verb and its prefix; either is right.
`python -m benchmarks.saliency RUN... --output results/saliency.json`
"""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import tandem
from benchmarks.rounds import Figures, rounded
from benchmarks.tables import Table
from tandem.corpora.captions import captions
from tandem.corpora.captions.alignment import Span, align_pair
from tandem.engines import FloatArray
from tandem.errors import ArgumentError
from tandem.translation import Saliency, Translator

WAYS: Mapping[str, Callable[[Saliency], FloatArray | None]] = {
    "gradient": lambda one: one.gradient,
    "gradient, absolute": lambda one: None if one.gradient is None else np.abs(one.gradient),
    "left out": lambda one: one.left_out,
    "left out, absolute": lambda one: np.abs(one.left_out),
    "attention": lambda one: one.attention,
}
"""What may be said to be strong, by the name of the way."""


class Word(NamedTuple):
    """A target word of a pair, and the source words that it came from, as numbers of tokens."""

    target: int
    sources: frozenset[int]


def measure(translator: Translator, pairs: Sequence[tuple[str, str]]) -> Figures:
    """Return the share of aligned words whose strongest source word is right by each way, and by chance.

    Raise ArgumentError for a model whose tokens are not words.
    """
    found = translator.saliency([source for source, _ in pairs], [target for _, target in pairs])
    right: dict[str, list[bool]] = {name: [] for name, way in WAYS.items() if way(found[0]) is not None}
    chances = []
    for (source, target), one in zip(pairs, found, strict=True):
        for word in _words(translator, source, target):
            chances.append(len(word.sources) / len(one.source_tokens))
            for name, own in right.items():
                values = WAYS[name](one)
                assert values is not None
                own.append(int(values[word.target].argmax()) in word.sources)
    shares = {name: rounded(float(np.mean(own))) for name, own in right.items()}
    return {"words": len(chances), "chance": rounded(float(np.mean(chances))), "right": shares}


def _words(translator: Translator, source: str, target: str) -> Iterable[Word]:
    """Return the aligned words of a pair."""
    places = [
        {span: place for place, span in enumerate(_word_spans(translator, text, tokenizer.spans(text)))}
        for text, tokenizer in ((source, translator.source_tokenizer), (target, translator.target_tokenizer))
    ]
    for one in align_pair(source, target):
        yield Word(places[1][one.target], frozenset(places[0][span] for span in one.sources))


def _word_spans(translator: Translator, text: str, spans: list[Span]) -> list[Span]:
    if translator.source_tokenizer.kind != "word" or translator.target_tokenizer.kind != "word":
        raise ArgumentError("this counts words, so the tokens of the model must be words: choose another run")
    return spans


def table(figures: Figures) -> Table:
    """Return the shares, a row for each run."""
    rows = []
    for run, own in figures["runs"].items():
        shares = [own["right"].get(name) for name in WAYS]
        shown = ["-" if share is None else f"{100 * share:.1f}" for share in (*shares, own["chance"])]
        rows.append([run, *shown, f"{own['words']:,}"])
    title = "Words whose strongest source word is the one that they came from, in %"
    return Table(title, ("run", *WAYS, "chance", "words"), rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure runs, print the table, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saliency", description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="runs of `tandem demo`, or exports of them")
    parser.add_argument("--sentences", type=int, default=500, help="sentences of the test split (500)")
    parser.add_argument("--output", type=Path, help="write the figures there as JSON")
    wanted = parser.parse_args(arguments)
    pairs = captions().test[: wanted.sentences]
    figures: Figures = {
        "sentences": len(pairs),
        "runs": {Path(run).name: measure(tandem.load(run, device="cpu"), pairs) for run in wanted.runs},
    }
    print(table(figures).markdown())
    if wanted.output:
        wanted.output.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
