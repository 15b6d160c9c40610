"""Makes cases.json, to which the searches and tokenizers in Python and in JavaScript are held:
`python -m tests.web.make_cases`.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tandem.search import BeamSearch, GreedySearch, Hypothesis, Inputs, Search, Steps, search_steps
from tandem.text import Tokenizer, TokenizerKind
from tandem.text.codec import Codec, EncodedSource
from tandem.text.copying import Copying
from tandem.text.features import FeaturesTokenizer
from tests.search.tables import BANNED, EOS, SOS, normalised
from tests.web.tables import CasesTable

CASES = Path(__file__).with_name("cases.json")
_PLACES, _VOCABULARY, _COLUMNS = 19, 7, 9

TEXTS = (
    "",
    " \t ",
    "Ein Hund läuft.",
    "ein  hund\u00a0läuft \u2003 schnell",
    "Cafe\u0301 café, nai\u0308f; e\u0323\u0302 Å Å",
    "İstanbul ISPARTA ılık iğne",
    "STRASSE Straße ẞ",
    "ΟΔΟΣ ὁδός Σίσυφος ΣΑΣ",
    "👍🏽 family 👨‍👩‍👧 flag 🇩🇪!",
    "שלום עולם, مرحبا بالعالم ١٢٣",
    "日本語の文、中文。 한국어 각",
    "a_b ▁c▁ <eos> <unk>x <pad>; V|PST,3+SG",
    "aaa aaaaa aa aaa",
    "half \ud83d pair \udc4d",
    "line\none\r\ntwo\u2028three\u0085four\ufefffive",
    "don't (well-known) 3,5 % of €10…",
    "zzz ein xyzzy",
)
_LEARNT = TEXTS[2:13] * 2


def main() -> None:
    """Write the file, each case on a line."""
    tokenizers, codecs = _tokenizers(), _codecs()
    content = {
        "about": "Made by `python -m tests.web.make_cases`. A null is minus infinity.",
        "tables": _TABLES,
        "searches": _searches(),
        "tokenizers": {name: _saved(tokenizer) for name, tokenizer in tokenizers.items()},
        "texts": [_text(name, text) for name in tokenizers for text in TEXTS],
        "codecs": codecs,
    }
    CASES.write_text(_lines(content), encoding="utf-8")


def _lines(content: Any, depth: int = 2) -> str:
    if depth and isinstance(content, dict):
        inner = (f"{json.dumps(key)}: {_lines(value, depth - 1)}" for key, value in content.items())
        return "{\n" + ",\n".join(inner) + "\n}" + ("\n" if depth == 2 else "")
    if depth and isinstance(content, list):
        return "[\n" + ",\n".join(map(json.dumps, content)) + "\n]"
    return json.dumps(content)


def _searches() -> list[dict[str, Any]]:
    methods: tuple[dict[str, Any], ...] = (
        {"size": 1},
        {"size": 2},
        {"size": 5, "n_best": 3},
        {"size": 4, "n_best": 4, "length_penalty": 1.0},
        {"size": 3, "length_penalty": 0.5},
        {"size": 3, "n_best": 2, "length_penalty": 1.0, "coverage": 0.3},
        {"size": 1, "coverage": 0.5},
        {"size": 40, "n_best": 6},
    )
    sources = [[SOS, EOS], [SOS, 4, EOS], [SOS, 5, 4, 6, EOS], [SOS, 6, 6, 5, 4, 4, 5, EOS]]
    cases = []
    for name, table in _TABLES.items():
        for settings in methods:
            for source, limit in zip(sources, (0, 3, 6, 9), strict=True):
                engine, inputs = CasesTable(table), Inputs([source], [limit])
                steps, (found,) = counted_steps(search_steps(method(settings), engine, inputs))
                hypotheses = [{"ids": h.ids, "score": h.score, "token_scores": h.token_scores} for h in found]
                case = {"table": name, "source": source, "limit": limit, **settings}
                cases.append({**case, "steps": steps, "hypotheses": hypotheses})
    return cases


def counted_steps(steps: Steps) -> tuple[int, list[list[Hypothesis]]]:
    """Return how many steps a search takes, and what it finds."""
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return count, end.value
        count += 1


def method(settings: dict[str, Any]) -> Search:
    """Return the search with these settings, as a translator chooses it."""
    if settings["size"] == 1 and not settings.get("coverage"):
        return GreedySearch()
    own = ("n_best", "length_penalty", "coverage")
    return BeamSearch(settings["size"], **{name: settings[name] for name in own if name in settings})


def _table(seed: int, *, levels: int | None = None, impossible: float = 0.0) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    logits = 2 * generator.standard_normal((_PLACES, _VOCABULARY))
    if levels is not None:
        logits = generator.integers(levels, size=logits.shape).astype(np.float64)
    logits[:, list(BANNED)] = -np.inf
    ruled_out = generator.random(logits.shape) < impossible
    ruled_out[:, EOS] = False
    scores = normalised(np.where(ruled_out, -np.inf, logits)).round(6)
    attention = generator.integers(4, size=(_PLACES, _COLUMNS))
    attention[:, 0] += 1
    return {
        "log_probabilities": [[None if score == -np.inf else score for score in row] for row in scores.tolist()],
        "attention": attention.tolist(),
    }


def _whole_numbers(seed: int) -> dict[str, Any]:
    """Return a table in which much costs nothing, so that outputs of different lengths have equal scores."""
    generator = np.random.default_rng(seed)
    costs = generator.integers(3, size=(_PLACES, _VOCABULARY)).tolist()
    scores = [[None if index in BANNED else -cost for index, cost in enumerate(row)] for row in costs]
    return {**_table(seed), "log_probabilities": scores}


_TABLES = {
    "random": _table(1),
    "ties": _table(2, levels=2),
    "impossible": _table(3, impossible=0.6),
    "whole numbers": _whole_numbers(4),
}


def _saved(tokenizer: Tokenizer) -> dict[str, Any]:
    return {"kind": tokenizer.kind, "lowercase": tokenizer.lowercase, "saved": json.loads(tokenizer.to_json())}


@cache
def _tokenizers() -> dict[str, Tokenizer]:
    kinds: tuple[TokenizerKind, ...] = ("word", "whitespace", "character", "bpe", "tags")
    made = {}
    for kind in kinds:
        for lowercase in (False, True):
            size = 220 if kind == "bpe" else None
            name = f"{kind}, lower-cased" if lowercase else kind
            made[name] = Tokenizer.train(kind, _LEARNT, lowercase=lowercase, max_size=size)
    made["few words"] = Tokenizer.train("word", ["ein Hund läuft .", "a dog runs ."], lowercase=True)
    return made


def _text(name: str, text: str) -> dict[str, Any]:
    tokenizer = _tokenizers()[name]
    ids = tokenizer.encode(text)
    pieces = [piece for _, piece in tokenizer.pieces(text)]
    return {"tokenizer": name, "text": text, "ids": ids, "back": tokenizer.decode(ids), "pieces": pieces}


def _codecs() -> list[dict[str, Any]]:
    sides = (
        ("word", "few words"),
        ("bpe, lower-cased", "whitespace, lower-cased"),
        ("whitespace", "word, lower-cased"),
        ("few words", "word, lower-cased"),
    )
    ways = [{"reverse": reverse, "copy": copy} for reverse in (False, True) for copy in (False, True)]
    codecs: list[dict[str, Any]] = [{"source": own, "target": other, **way} for own, other in sides for way in ways]
    for reverse in (False, True):
        codecs.append({"source": "character", "target": "word", "features": "tags", "reverse": reverse, "copy": False})
    return [{**settings, **case} for settings in codecs for case in _encoded(codec(settings, _tokenizers()))]


def codec(settings: Mapping[str, Any], tokenizers: Mapping[str, Tokenizer]) -> Codec:
    """Return the codec of a case."""
    source, target = tokenizers[settings["source"]], tokenizers[settings["target"]]
    if "features" in settings:
        source = FeaturesTokenizer(source, tokenizers[settings["features"]])
    return Codec(source, target, settings["reverse"], Copying(source, target) if settings["copy"] else None)


def _encoded(codec: Codec) -> Iterator[dict[str, Any]]:
    texts = [*TEXTS[2:], "Hund\tV;PST", "läuft\tV|PST\tX"]
    if codec.copying is None and not codec.reverse_source:
        texts.append("ein " * 1001)
    for text, encoded in zip(texts, codec.encode_sources(texts), strict=True):
        yield {
            "text": text,
            "ids": encoded.ids,
            "cut": encoded.cut,
            "copied": encoded.pieces,
            **numbers(codec, encoded),
        }


def numbers(codec: Codec, source: EncodedSource) -> dict[str, Any]:
    """Return what a model that copies is told of a source."""
    if codec.copying is None:
        return {}
    table, ids = codec.copying.table, np.array(source.ids)
    return {"numbers": table.numbers_of(ids).tolist(), "read": table.read_by_encoder(ids).tolist()}


if __name__ == "__main__":
    main()
