"""A stand-in for the server's side of the views Inside, Training and Compare."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from tests.serving.page.page_server import Json, page_server, refusal

_WHATS = ["hidden", "cell", "input", "forget", "output", "candidate"]
_SIGNED = {"hidden", "cell", "candidate"}


@dataclass
class Watched:
    """What the server knows, which a test may change while a page looks at it."""

    url: str = ""
    runs: dict[str, list[Json]] = field(default_factory=dict)
    """The rows of each run's metrics file."""
    states: dict[str, str] = field(default_factory=dict)
    """What each run does, where it does not train."""
    damages: dict[str, str] = field(default_factory=dict)
    """What is wrong with each run that cannot be read."""
    can_control: bool = False
    is_away: bool = False
    """Whether every request for data is refused."""
    computed: list[int] = field(default_factory=list)
    """How many sentences are indexed at each ask for neighbours; none is left when the index is there."""
    restarted: set[str] = field(default_factory=set)
    """The runs whose file was begun anew since it was last asked for."""
    directions: int = 1
    asked: list[tuple[str, Json]] = field(default_factory=list)
    """The paths, with their queries, and the bodies of all requests for data."""

    def answer(self, path: str, ask: Json, _: str | None = None) -> tuple[int, Json]:
        """Return the status and the content of the answer."""
        self.asked.append((path, ask))
        if self.is_away:
            return refusal(503, "the server is away")
        parts, query = urlsplit(path).path.split("/")[2:], parse_qs(urlsplit(path).query)
        if parts[0] == "runs" and len(parts) > 1:
            return self._of_run(unquote(parts[1]), parts[2], int(query.get("after", ["0"])[0]))
        answers: dict[str, Callable[[Json], Json]] = {
            "page": lambda _: {
                "runs": bool(self.runs),
                "models": True,
                "version": "0.9",
                "needs_token": self.can_control,
            },
            "models": lambda _: {
                "models": [{"name": name, "beam": 5, "alignment": True} for name in ("demo", "attention")]
            },
            "runs": lambda _: {"runs": [self._run(name) for name in self.runs]},
            "inside": self._inside,
            "neighbours": neighbours,
            "compare": compare,
        }
        if parts[0] not in answers:
            return refusal(404, "")
        if parts[0] == "neighbours" and self.computed:
            return 202, {"computing": {"done": self.computed.pop(0), "total": 1000}}
        return 200, answers[parts[0]](ask)

    def _run(self, name: str) -> Json:
        rows = self.runs[name]
        started = next((row for row in rows if row["event"] == "started"), None)
        validated = [row for row in rows if row["event"] == "validated"]
        return {
            "name": name,
            "state": "damaged" if name in self.damages else self.states.get(name, "training"),
            "epochs": started and started["epochs"],
            "epoch": max((row.get("epoch", 0) for row in rows), default=None),
            "step": rows[-1]["step"] if rows else 0,
            "steps": started and started["epochs"] * started["steps_per_epoch"],
            "updated": "2026-01-02T03:04:05+00:00",
            "scores": validated[-1]["scores"] if validated else {},
            "can_control": self.can_control,
            "error": self.damages.get(name),
        }

    def _of_run(self, name: str, what: str, after: int) -> tuple[int, Json]:
        if name not in self.runs:
            return refusal(404, f"there is no run {name!r}")
        if name in self.damages:
            return refusal(500, self.damages[name])
        rows = self.runs[name]
        if what in ("stop", "resume"):
            self.states[name] = "stopped" if what == "stop" else "training"
            return 200, {"state": self.states[name]}
        if what == "metrics":
            if after and name in self.restarted:
                self.restarted.discard(name)
                return 200, {"rows": [], "next": 0, "restarted": True}
            return 200, {"rows": rows[after : after + 50], "next": min(after + 50, len(rows)), "restarted": False}
        validated = [row for row in rows if row["event"] == "validated"]
        outputs: dict[tuple[str, str], list[str | None]] = {}
        for place, row in enumerate(validated):
            for sample in row["samples"]:
                key = sample["source"], sample["reference"]
                outputs.setdefault(key, [None] * len(validated))[place] = sample["translation"]
        samples = [
            {"source": source, "reference": reference, "outputs": all_} for (source, reference), all_ in outputs.items()
        ]
        return 200, {"epochs": [row["epoch"] for row in validated], "samples": samples}

    def _inside(self, ask: Json) -> Json:
        tokens = ["<sos>", *(ask.get("target") or "a small dog runs through the grass .").split()]
        if ask["side"] == "encoder":
            tokens = ask["text"].replace(".", " .").split()
        what, layer = ask["what"], ask.get("layer", 0)
        forward = [[_value(what, step, unit, layer) for unit in range(96)] for step in range(len(tokens))]
        changes = [sum(abs(forward[t + 1][u] - forward[t][u]) for t in range(len(tokens) - 1)) for u in range(96)]
        two = self.directions == 2 and ask["side"] == "encoder"
        backward = {"backward": [row[::-1] for row in forward]} if two else {}
        return {
            "tokens": tokens,
            "values": forward,
            **backward,
            "changed": sorted(range(96), key=lambda unit: -changes[unit])[:32],
            "layers": 2,
            "whats": _WHATS,
            "directions": 2 if two else 1,
        }


def _value(what: str, step: int, unit: int, layer: int) -> float:
    wave = math.sin(step * (0.3 + unit % 7 / 5) + unit + layer) * math.cos(unit * 0.37) * math.exp(-(unit % 5) / 4)
    return round(wave if what in _SIGNED else 1 / (1 + math.exp(-4 * wave)), 4)


def neighbours(ask: Json) -> Json:
    """Answer as /v1/neighbours does."""
    pairs = [
        ("Ein kleiner Hund läuft durch das Gras.", "A small dog runs through the grass."),
        ("Ein Hund rennt über eine Wiese.", "A dog runs across a meadow."),
        ("Zwei Hunde spielen im hohen Gras.", "Two dogs play in the tall grass."),
        ("Ein brauner Hund springt über einen Zaun.", None),
    ]
    listed = [
        {"source": source, "target": target, "distance": 0.8 + 0.31 * n} for n, (source, target) in enumerate(pairs)
    ]
    points = [_point(n) for n in range(600)]
    return {
        "neighbours": listed[: ask.get("count", 10)],
        "sentences": 29000,
        "point": [1.2, -0.7],
        "points": points,
        "variance": [18.3, 9.4],
    }


def _point(n: int) -> list[float]:
    angle, radius = n * 2.399963, math.sqrt(n) / 8
    return [round(radius * math.cos(angle) * (1.4 + math.sin(n)), 4), round(radius * math.sin(angle), 4)]


def compare(ask: Json) -> Json:
    """Answer as /v1/compare does; the second model writes "the" for "a"."""
    rows = []
    for number, source in enumerate(ask["sources"]):
        first, reference = f"a {source.lower()}", ask["references"] and ask["references"][number]
        second = first.replace("a ", "the ", 1) if number % 3 else first
        scores = (40.0 + number % 7, 44.0 - number % 5 * 2.5) if reference is not None else (None, None)
        rows.append(
            {
                "source": source,
                "reference": reference,
                "first": first,
                "second": second,
                "first_score": scores[0],
                "second_score": scores[1] if second != first else scores[0],
            }
        )
    one, other = ask["models"]
    scored = ask["references"] is not None
    scores_of = {one: {"bleu": 31.29, "chrf": 50.6, "exact": 1.6}, other: {"bleu": 33.1, "chrf": 52.4, "exact": 2.1}}
    return {
        "models": [one, other],
        "count": len(rows),
        "scores": scores_of if scored else None,
        "signatures": {"bleu": "nrefs:1|case:mixed|tok:13a", "chrf": "nrefs:1|case:mixed|nc:6"} if scored else {},
        "significance": {"metric": "bleu", "difference": 1.81, "p": 0.004, "samples": 1000} if scored else None,
        "rows": rows,
    }


def run_rows(epochs: int, *, slower: bool = False) -> list[Json]:
    """Rows of a run of 30 steps an epoch, with a sample that becomes better."""
    rows: list[Json] = [{"event": "started", "step": 0, "epochs": 5, "steps_per_epoch": 30, "parameters": 7}]
    for epoch in range(1, epochs + 1):
        rows += [step_row(30 * (epoch - 1) + part, epoch) for part in (10, 20, 30)]
        sample = {"source": "Ein Hund.", "reference": "A dog.", "translation": "A cat." if epoch < 2 else "A dog."}
        validated = {"event": "validated", "step": 30 * epoch, "epoch": epoch, "train_loss": 4 / epoch, "best": True}
        scores = {"bleu": 10.0 * epoch, "chrf": 20.0 * epoch}
        seconds = 60.0 if slower else 30.0
        rows.append(
            validated | {"validation_loss": 3 / epoch, "scores": scores, "samples": [sample], "epoch_seconds": seconds}
        )
    return rows


def step_row(step: int, epoch: int) -> Json:
    """The row of ten steps."""
    figures = {"loss": 5 / step, "tokens_per_second": 900.0, "learning_rate": 0.001, "gradient_norm": 0.5}
    return {"event": "step", "step": step, "epoch": epoch, "steps": 10, **figures}


@contextmanager
def watching() -> Iterator[Watched]:
    """Serve the page, and answer for a server with two runs, whose models need no training."""
    state = Watched(runs={"one": run_rows(2), "two": run_rows(3, slower=True)})
    with page_server(state.answer) as state.url:
        yield state
