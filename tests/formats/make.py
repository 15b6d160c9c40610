"""Make the model of this version's format: python -m tests.formats.make (not again for a format that was released).

It is small, but has what there is: a stack of layers, a tied output behind a projection, tokens of two kinds, a
reversed source. It is trained until it translates lists of German numbers.
"""

import json
import shutil
import sys
import tempfile
from itertools import product
from pathlib import Path

from tandem.files.seals import FORMAT
from tandem.model_paths import checkpoint_of
from tandem.translation import Translator, load
from tests.support.runs import NUMBERS, run_tiny

FORMATS = Path(__file__).parent
SETTINGS = (
    "model.hidden=16", "model.embedding=12", "model.tie_output=true", "model.dropout=0", "model.init_range=torch",
    "text.source.tokenizer=bpe", "text.source.max_size=40", "text.source.lowercase=true", "text.reverse_source=true",
    "training.epochs=150", "training.batch_size=32", "training.optimizer.learning_rate=0.01", "search.beam=3",
    "training.learning_rate.schedule=linear", "training.learning_rate.decay_from=0.3", "training.keep=exact",
)  # fmt: skip


def pairs() -> list[tuple[str, str]]:
    """All lists of one to three numbers."""
    lists = [words for length in (1, 2, 3) for words in product(NUMBERS, repeat=length)]
    return [(" ".join(words), " ".join(NUMBERS[word] for word in words)) for words in lists]


def expected(translator: Translator) -> list[dict[str, object]]:
    """What the model makes of some sources: text and score."""
    sources = [source for source, _ in pairs()[::13]] + ["Eins ZWEI", "vier und drei", ""]
    return [
        {"source": source, "text": made.text, "score": made.score}
        for source, made in zip(sources, translator.translate(sources), strict=True)
    ]


def main() -> None:
    directory = FORMATS / str(FORMAT)
    if directory.exists():
        sys.exit(f"{directory} is there. What was released is kept as it is")
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch) / "run"
        run_tiny(run, *SETTINGS, pairs=pairs())
        shutil.copytree(checkpoint_of(run), directory)
    rows = expected(load(directory, device="cpu"))
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (directory / "expected.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    wanted = dict(pairs())
    wrong = [row["source"] for row in rows if row["source"] in wanted and row["text"] != wanted[str(row["source"])]]
    print(f"{directory}: {len(rows)} translations, {len(wrong)} of them wrong")


if __name__ == "__main__":
    main()
