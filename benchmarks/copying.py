"""What copying is worth: words that no training pair has, in sentences that are translated and put in another order."""

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tandem
from benchmarks.rounds import Figures, rounded
from benchmarks.tables import Table
from tandem.recipe import make_recipe, override

Pair = tuple[str, str]

_BEGINNINGS, _ENDS = (
    ("b", "br", "d", "f", "g", "k", "kl", "l", "m", "n", "qu", "r", "s", "st", "t", "v"),
    ("a", "en", "ist", "or", "ul"),
)
_PATTERNS = (
    ("schicke {n} an {a} {b}", "send {a} {b} {n}"),
    ("{a} {b} schuldet {c} noch {n}", "{n} is still owed to {c} by {a} {b}"),
    ("ruf {a} {b} am {day} an", "on {day} call {a} {b}"),
    ("am {day} fährt {a} nach {c}", "{a} goes to {c} on {day}"),
    ("wagen {n} gehört {a} und {c}", "{a} and {c} own car {n}"),
    ("{a} wohnt in der {c} straße {n}", "{n} {c} street is where {a} lives"),
)
_DAYS = {"montag": "monday", "dienstag": "tuesday", "freitag": "friday", "sonntag": "sunday"}


@dataclass(frozen=True)
class CopyTrial:
    """What is trained, and how long."""

    train: int = 2000
    test: int = 300
    epochs: float = 6
    tokenizers: Sequence[str] = ("word", "bpe", "character")
    settings: Sequence[str] = (
        "model.attention=luong",
        "model.bidirectional=true",
        "model.layers=1",
        "model.hidden=64",
        "model.embedding=32",
        "model.dropout=0.1",
        "model.init_range=torch",
        "training.batch_size=32",
        "training.optimizer.learning_rate=0.005",
        "training.learning_rate.schedule=linear",
        "training.learning_rate.decay_from=0.5",
        "training.precision=float32",
        "text.source.min_count=2",
        "text.target.min_count=2",
    )


QUICK_TRIAL = CopyTrial(train=60, test=20, epochs=1, tokenizers=("word",))


def made_pairs(train: int, test: int, seed: int = 1) -> tuple[list[Pair], list[Pair]]:
    """Sentences to train on and to test with. No name and no number of the test is in any training pair."""
    chance = random.Random(seed)
    seen: set[str] = set()

    def new_word(make: str, banned: set[str]) -> str:
        while True:
            name = "".join(chance.choice(_BEGINNINGS) + chance.choice(_ENDS) for _ in range(3)).capitalize()
            word = name if make == "name" else str(chance.randrange(10**5))
            if word not in banned:
                return word

    def pair(banned: set[str]) -> Pair:
        source, target = chance.choice(_PATTERNS)
        day = chance.choice(list(_DAYS))
        words = {slot: new_word("number" if slot == "n" else "name", banned) for slot in "abcn"}
        seen.update(words.values())
        return source.format(day=day, **words), target.format(day=_DAYS[day], **words)

    trained = [pair(set()) for _ in range(train)]
    in_training = set(seen)
    return trained, [pair(in_training) for _ in range(test)]


def measure_copying(trial: CopyTrial) -> Figures:
    """The share of never seen words that come out right, with and without copying, for each kind of token."""
    train, test = made_pairs(trial.train, trial.test)
    known = {word for pair in train for text in pair for word in text.split()}
    rows = []
    for tokenizer in trial.tokenizers:
        for copying in (False, True):
            settings = [
                *trial.settings,
                f"training.epochs={trial.epochs}",
                f"text.source.tokenizer={tokenizer}",
                f"text.target.tokenizer={tokenizer}",
                f"model.copy={str(copying).lower()}",
            ]
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "run"
                recipe = override(make_recipe({"data": {"train": {"kind": "memory"}}}, "the benchmark"), settings)
                translator = tandem.train(recipe, pairs=train, out=out, device="cpu")
                outputs = [made.text for made in translator.translate([source for source, _ in test], beam=1)]
            rows.append({"tokens": tokenizer, "copying": copying, **scores(outputs, [t for _, t in test], known)})
    return {"train": trial.train, "test": trial.test, "epochs": trial.epochs, "rows": rows}


def scores(outputs: Sequence[str], targets: Sequence[str], known: set[str]) -> Figures:
    """The share of the targets' unknown words that stand at their places in the outputs, and of right outputs."""
    unknown = right = 0
    for output, target in zip(outputs, targets, strict=True):
        words = output.split()
        for place, word in enumerate(target.split()):
            if word not in known:
                unknown += 1
                right += words[place : place + 1] == [word]
    exact = sum(map(str.__eq__, outputs, targets)) / len(targets)
    return {"words": unknown, "words_right": rounded(100 * right / unknown), "exact": rounded(100 * exact)}


def copying_tables(figures: Figures) -> list[Table]:
    """A row a model."""
    rows = [
        [
            f"{row['tokens']}, {'copying' if row['copying'] else 'without'}",
            f"{row['words_right']:g}",
            f"{row['exact']:g}",
        ]
        for row in figures["rows"]
    ]
    title = (
        f"{figures['rows'][0]['words']:,} names and numbers that none of {figures['train']:,} training pairs has, in "
        f"{figures['test']:,} test sentences, after {figures['epochs']:g} epochs"
    )
    return [Table(title, ("tokens", "never seen words right, in %", "sentences right, in %"), rows)]
