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
from tandem.corpora.captions.alignment import align_pair
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
CHANCE = "chance"


class Word(NamedTuple):
    """A target word of a pair, and the source words that it came from, as numbers of tokens."""

    target: int
    sources: frozenset[int]


def measure(translator: Translator, pairs: Sequence[tuple[str, str]]) -> Figures:
    """Return the share of aligned words whose strongest source word is right by each way, and by chance.

    `beside` counts the words beside the right one, too. Raise ArgumentError for a model whose tokens are not words.
    """
    if not translator.source_tokenizer.kind == translator.target_tokenizer.kind == "word":
        raise ArgumentError("words are counted here, so tokens must be words: give runs of `tandem demo`")
    found = translator.saliency([source for source, _ in pairs], [target for _, target in pairs])
    names = [name for name, way in WAYS.items() if way(found[0]) is not None]
    rows: dict[str, dict[str, list[float]]] = {
        kind: {name: [] for name in (*names, CHANCE)} for kind in ("right", "beside")
    }
    for (source, target), one in zip(pairs, found, strict=True):
        length = len(one.source_tokens)
        for word in _words(translator, source, target):
            near = {place + step for place in word.sources for step in (-1, 0, 1)} & set(range(length))
            for kind, fitting in (("right", word.sources), ("beside", near)):
                rows[kind][CHANCE].append(len(fitting) / length)
                for name in names:
                    values = WAYS[name](one)
                    assert values is not None
                    rows[kind][name].append(int(values[word.target].argmax()) in fitting)
    shares = {kind: {name: rounded(float(np.mean(own))) for name, own in rows[kind].items()} for kind in rows}
    return {"words": len(rows["right"][CHANCE]), **shares}


def _words(translator: Translator, source: str, target: str) -> Iterable[Word]:
    """Return the aligned words of a pair."""
    tokenizers = translator.source_tokenizer, translator.target_tokenizer
    sources, targets = (
        {span: place for place, span in enumerate(tokenizer.spans(text))}
        for text, tokenizer in zip((source, target), tokenizers, strict=True)
    )
    for one in align_pair(source, target):
        yield Word(targets[one.target], frozenset(sources[span] for span in one.sources))


def tables(figures: Figures) -> list[Table]:
    """Return the shares in percent, a row for each run."""
    titles = {
        "right": "Words whose strongest source word is the one that they came from, in %",
        "beside": "Words whose strongest source word is that one or stands beside it, in %",
    }
    return [
        Table(
            title,
            ("run", *WAYS, CHANCE, "words"),
            [
                [run, *(_percent(own[kind].get(name)) for name in (*WAYS, CHANCE)), f"{own['words']:,}"]
                for run, own in figures["runs"].items()
            ],
        )
        for kind, title in titles.items()
    ]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


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
    for table in tables(figures):
        print(table.markdown())
    if wanted.output:
        wanted.output.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
