"""What `benchmarks.checkouts` runs with the code of one checkout: it uses what all versions of Tandem have in common.

Questions come as lines of JSON on standard input, and each is answered by one on standard output.
"""

import json
import random
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import tandem

WORDS, SENTENCES, OUTPUT = 6000, 3000, 12
"""The vocabulary, the pairs and the tokens of an output of the made corpus, which are like the tutorial's."""


class Rates:
    """A recorder that keeps the target tokens a second of each optimiser step."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def record(self, event: Any) -> None:
        """Keep the rate of a step."""
        if type(event).__name__ == "StepDone":
            self.rates.append(event.tokens_per_second)

    def close(self) -> None:
        """Do nothing."""


@cache
def made_pairs() -> list[tuple[str, str]]:
    """Return pairs of made sentences that use the whole vocabulary."""
    chance = random.Random(1)
    words = [f"w{number}" for number in range(WORDS)]
    pairs = []
    for number in range(SENTENCES):
        length = chance.randint(6, 20)
        source = [words[(number * 7 + place) % WORDS] if place < 2 else chance.choice(words) for place in range(length)]
        pairs.append((" ".join(source), " ".join(reversed(source))))
    return pairs


def settings(precision: str) -> list[str]:
    """Return the settings of the tutorial's model."""
    return [
        *(
            "model.layers=2",
            "model.hidden=512",
            "model.embedding=256",
            "model.dropout=0.5",
            "text.source.tokenizer=word",
        ),
        *("text.target.tokenizer=word", "training.batch_size=128", f"training.precision={precision}"),
        "training.keep=loss",
    ]


@cache
def trained(precision: str) -> Any:
    """Return a translator that was trained for a few steps, and never ends an output by itself."""
    with tempfile.TemporaryDirectory() as folder:
        train(precision, Path(folder) / "run", 0.1)
        translator = tandem.load(Path(folder) / "run", device="cpu", precision=precision)  # type: ignore[arg-type]
        translator.model.decoder.fc_out.bias.data[:4] = -1e9
        translator.save(Path(folder) / "changed")
        return tandem.load(Path(folder) / "changed", device="cpu", precision=precision)  # type: ignore[arg-type]


def train(precision: str, out: Path, epochs: float) -> float:
    """Train for a part of an epoch; return the median of the steps' target tokens a second."""
    rates = Rates()
    tandem.train(
        pairs=made_pairs(),
        validation_pairs=made_pairs()[:20],
        settings=[*settings(precision), f"training.epochs={epochs}"],
        out=out,
        device="cpu",
        recorders=[rates],
    )
    ordered = sorted(rates.rates)
    return ordered[len(ordered) // 2]


def speed(kind: str, precision: str) -> float:
    """Return target tokens a second of training, or sentences a second of translating."""
    if kind == "training":
        with tempfile.TemporaryDirectory() as folder:
            return train(precision, Path(folder) / "run", 0.5)
    translator = trained(precision)
    beam = 5 if kind == "beam 5" else 1
    search = translator.search_settings(beam=beam, max_length_factor=1e-9, max_length_extra=OUTPUT)
    texts = [source for source, _ in made_pairs()][: {"greedy": 1024, "beam 5": 256, "one at a time": 40}[kind]]
    begun = time.perf_counter()
    if kind == "one at a time":
        for text in texts:
            translator.translate([text], search)
    else:
        translator.translate(texts, search)
    return len(texts) / (time.perf_counter() - begun)


def answer(question: dict[str, Any]) -> Any:
    """Answer one question."""
    match question.pop("do"):
        case "train":
            tandem.train(recipe=question["recipe"], out=question["out"], device="cpu", recorders=[Rates()])
            return True
        case "translate":
            translator = tandem.load(question["run"], device="cpu")
            made = translator.translate(question["texts"], translator.search_settings(beam=question["beam"]))
            return [(translation.text, translation.score) for translation in made]
        case "speed":
            return speed(**question)


def main() -> None:
    """Answer questions until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
