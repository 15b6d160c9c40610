"""Make the exports of this version's graphs: python -m tests.formats.make_exports (not again for what was released).

They are small, but between them use every line that builds a graph: each kind of cell, attention, copying, features,
a tied output, both precisions and that of a page.
"""

import json
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from tandem.graphs.sizes import GRAPHS
from tandem.names import ExportPrecision
from tandem.runs.corpora import GivenPairs
from tandem.runs.execution import run_recipe
from tandem.runs.exporting import compared_export
from tandem.translation import Translator, load
from tests.support.runs import NUMBERS, tiny_recipe

EXPORTS = Path(__file__).parent / "exports"
BEAMS = 1, 5
TRAINED = (
    "model.hidden=8", "model.embedding=8", "model.layers=2", "model.dropout=0", "model.init_range=torch",
    "training.batch_size=32", "training.optimizer.learning_rate=0.02", "training.learning_rate.schedule=linear",
    "training.learning_rate.decay_from=0.3", "training.keep=exact",
)  # fmt: skip
ATTENTION = (
    "model.cell=lstm", "model.encoder_layers=1", "model.bidirectional=true", "model.attention=gnmt",
    "model.attention_score=additive", "model.copy=true", "model.tie_output=true", "model.scale_embedding=true",
    "text.source.min_count=2", "text.target.min_count=2", "training.epochs=60",
)  # fmt: skip
PLAIN = ("model.cell=lstm", "training.epochs=100")
TIED = (
    "model.cell=gru", "model.embedding=64", "model.tie_output=true", "text.reverse_source=true", "training.epochs=60",
)  # fmt: skip
FEATURES = (
    "model.cell=rnn", "model.hidden=16", "model.layers=1", "model.attention=luong", "model.attention_score=dot",
    "text.features.tokenizer=tags", "text.source.tokenizer=character", "text.target.tokenizer=character",
    "training.epochs=60",
)  # fmt: skip


def lists() -> list[tuple[str, str]]:
    """All lists of one to three numbers."""
    words = [words for length in (1, 2, 3) for words in product(NUMBERS, repeat=length)]
    return [(" ".join(each), " ".join(NUMBERS[word] for word in each)) for each in words]


def with_names() -> list[tuple[str, str]]:
    """Those, with a name that occurs once before, behind or between the numbers."""
    chance = random.Random(1)
    pairs = []
    for number, (source, target) in enumerate(lists() * 2):
        name = "".join(chance.choices("ABCDEFGH", k=3)) + str(number)
        words, translated = source.split(), target.split()
        place = chance.randint(0, len(words))
        for side in (words, translated):
            side.insert(place, name)
        pairs.append((" ".join(words), " ".join(translated)))
    return pairs


def forms() -> list[tuple[str, str, str]]:
    """Words of three letters and what becomes of them: a letter before them for one tag, one behind for another."""
    words = ["".join(letters) for letters in product("abç", repeat=3)]
    tags = ["V", "PST", "V;PST"]
    return [(w, ("x" if "V" in t else "") + w + ("y" if "PST" in t else ""), t) for w in words for t in tags]


class Kind(NamedTuple):
    """A way to export a model."""

    suffix: str
    precision: ExportPrecision
    unpacks: bool = False


class Model(NamedTuple):
    """How a model is made, what it translates, and how it is exported."""

    settings: Sequence[str]
    pairs: Sequence[Any]
    sources: Sequence[str]
    kinds: Sequence[Kind]


NUMBERED = [*(source for source, _ in lists()[::37]), "vier", "eins acht", ""]
MODELS = {
    "attention": Model(
        ATTENTION,
        with_names(),
        ["eins", "drei Zoë fünf", "Ana vier vier", "zwei sechs Kim", "acht eins acht", "eins zwei drei vier fünf", ""],
        [Kind("float32", "float32"), Kind("int8", "int8"), Kind("page", "int8", unpacks=True)],
    ),
    "plain": Model(PLAIN, lists(), NUMBERED, [Kind("float32", "float32"), Kind("int8", "int8")]),
    "tied": Model(TIED, lists(), NUMBERED, [Kind("int8", "int8")]),
    "features": Model(
        FEATURES,
        forms(),
        ["abç\tV", "abç\tV;PST", "çç\tPST", "abcabc\tV", "b", "\tV"],
        [Kind("float32", "float32"), Kind("int8", "int8")],
    ),
}


def expected(translator: Translator, sources: Sequence[str]) -> list[dict[str, object]]:
    """What the model makes of some sources with each beam: text and log-probability."""
    rows: list[dict[str, object]] = [{"source": source} for source in sources]
    for beam in BEAMS:
        for row, made in zip(rows, translator.translate(sources, beam=beam), strict=True):
            row[f"beam {beam}"] = [made.text, round(made.log_probability, 6)]
    return rows


def make(model: Model, scratch: Path, made: Path) -> None:
    """Train a model, and export it into `made-KIND`."""
    given = GivenPairs(model.pairs, model.pairs[::5])
    result = run_recipe(tiny_recipe(*TRAINED, *model.settings), scratch / "run", device="cpu", given=given)
    exact = next(score.value for score in result.evaluation.scores if score.name == "exact")
    for kind in model.kinds:
        where = made.with_name(f"{made.name}-{kind.suffix}")
        compared_export(scratch / "run", where, kind.precision, unpacks=kind.unpacks)
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in expected(load(where), model.sources))
        (where / "expected.json").write_text(f"[\n{lines}\n]\n", "utf-8", newline="\n")
        print(f"{where.name}: {exact} % of its validation pairs are right", flush=True)


def main() -> None:
    directory = EXPORTS / str(GRAPHS)
    if directory.exists():
        sys.exit(f"{directory} is there. What was released is kept as it is")
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for name, model in MODELS.items():
            make(model, Path(scratch) / name, made / name)
        shutil.copytree(made, directory)


if __name__ == "__main__":
    main()
