"""Every reader of files with inputs that are not what it expects: it may refuse them by a TandemError, and no more."""

import bz2
import gzip
import hashlib
import json
import lzma
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tandem.checkpoint import load_checkpoint
from tandem.corpora.json_lines import JsonLines
from tandem.corpora.pairs import Corpus, load_pairs
from tandem.corpora.parallel_files import ParallelFiles
from tandem.corpora.spreadsheets import open_csv
from tandem.corpora.tab_separated import TabSeparated
from tandem.files.seals import FORMAT_FILE, sealed
from tandem.recipe import dump_recipe, load_recipe, make_recipe, override, parse_recipe, portable
from tandem.text import Tokenizer
from tests.support.runs import number_pairs, saved, tiny_recipe, untrained
from tests.system.inputs import WORDS, as_json, as_toml, changed, spoilt, toml_trees

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TINY = ("model.hidden=2", "model.embedding=2", "model.layers=1")


class Reader(NamedTuple):
    """What is read, and what reads it; whatever `read` raises but a TandemError is a fault."""

    inputs: st.SearchStrategy[Any]
    read: Callable[[Any], object]


def recipe(scratch: Path) -> Reader:
    """Recipes from files and from trees, with settings put over them; what is valid is written and read again."""
    path = scratch / "recipe.toml"
    files = "[data]\ntrain = { source = '/a/b.de', target = 'C:\\b.en' }\nfolder = '~/x'\n"
    good = [dump_recipe(tiny_recipe()).encode(), dump_recipe(parse_recipe(files, "files")).encode(), files.encode()]
    trees = toml_trees(good)
    words = [*WORDS, *(line + b"\n" for document in good for line in document.splitlines())]
    settings = st.lists(
        st.builds(
            "{}={}".format,
            st.sampled_from(("model.hidden", "model", "data.train.kind", "seed", "search.beam", "a.b", "seed.x", ""))
            | st.text(max_size=5),
            st.sampled_from(WORDS).map(lambda word: word.decode("utf-8", "surrogateescape")) | st.text(max_size=9),
        ),
        max_size=2,
    )
    contents = st.sampled_from(good) | spoilt(good, words) | changed(trees).map(as_toml)

    def read(given: tuple[bytes | dict[str, Any], list[str]]) -> None:
        content, settings = given
        if isinstance(content, bytes):
            path.write_bytes(content)
            made = load_recipe(path, settings)
        else:
            made = override(make_recipe(content, "a tree"), settings)
        assert parse_recipe(dump_recipe(made), "written") == made
        shipped = portable(made)
        assert parse_recipe(dump_recipe(shipped), "shipped") == shipped == portable(shipped)
        assert shipped.data.folder is None

    return Reader(st.tuples(contents | changed(trees).filter(lambda tree: isinstance(tree, dict)), settings), read)


def tokenizer(scratch: Path) -> Reader:
    """Tokenizers' JSON; what is accepted encodes, decodes, and is written as it was read."""
    texts = ["Ein Mann, ein Plan: ab aber abab.", "a <eos> b ▁ c"]
    kinds = [
        Tokenizer.train(kind, texts, lowercase=kind == "bpe") for kind in ("word", "whitespace", "character", "bpe")
    ]
    good = [made.to_json().encode() for made in kinds]
    contents = spoilt(good) | changed([json.loads(text) for text in good]).map(as_json) | st.sampled_from(good)

    def read(given: tuple[bytes, str]) -> None:
        content, text = given
        made = Tokenizer.from_json(content.decode("utf-8", "surrogateescape"), "fuzz")
        assert made.decode(made.encode(text)).count("<eos>") <= text.count("<eos>")
        assert made.encode_batch([text, ""]) == [made.encode(text), []]
        assert Tokenizer.from_json(made.to_json(), "again").to_json() == made.to_json()

    return Reader(st.tuples(contents, st.sampled_from(texts) | st.text(st.characters(), max_size=20)), read)


def corpus(scratch: Path) -> Reader:
    """Corpora of each format, plain and compressed, each under both ways to meet a faulty pair."""
    pairs = number_pairs(6)
    sides = ["".join(pair[side] + "\n" for pair in pairs).encode() for side in (0, 1)]
    tabbed = "".join(f"{source}\t{target}\n" for source, target in [("de", "en"), *pairs]).encode()
    lines = "".join(json.dumps({"source": s, "target": t, "a": {"b": s}}) + "\n" for s, t in pairs).encode()
    rows = [("de", "en"), *pairs]
    table = "".join(f'"{source}";"{target} ""x"",\r\ny"\r\n' for source, target in rows)
    tables = [table.encode(), table.replace(";", ",").encode(), table.encode("utf-16")]
    texts = {"files": sides, "tsv": [tabbed, b"\xef\xbb\xbf" + tabbed], "csv": tables, "jsonl": [lines]}
    trees = changed([json.loads(line) for line in lines.splitlines()])
    packers = (gzip.compress, bz2.compress, lzma.compress, zstd.compress)
    odd = [tabbed.decode().encode("utf-16"), *(pack(text) for pack in packers for text in (*sides, tabbed, lines))]

    def contents(kind: str) -> st.SearchStrategy[bytes]:
        plain = spoilt(texts[kind]) | st.sampled_from(texts[kind])
        packed = plain.flatmap(lambda text: st.sampled_from([pack(text) for pack in packers]))
        return plain | packed | spoilt(odd) | trees.map(lambda tree: lines + as_json(tree))

    columns = st.sampled_from((1, 1, 2, 2, 0, -1, 2**63, "de", "en", "none", "source", "target", "a.b", "a", "", "."))
    first, second = scratch / "first", scratch / "second"

    def read(given: tuple[str, bytes, bytes, Any, Any, Any, int]) -> None:
        kind, one, other, source, target, on_error, longest = given
        first.write_bytes(one)
        second.write_bytes(other)
        made: dict[str, Corpus] = {
            "files": ParallelFiles(first, second),
            "tsv": TabSeparated(first, source, target),
            "jsonl": JsonLines(first, str(source), str(target)),
        }
        chosen = made[kind] if kind in made else open_csv(first, source, target)
        assert all(chosen.notes())
        loaded = load_pairs(chosen, on_error=on_error, max_characters=longest)
        assert loaded.pairs
        assert all(side.strip() and len(side) <= longest for pair in loaded.pairs for side in pair)

    kinds, ways = st.sampled_from(sorted(texts)), st.sampled_from(("drop", "drop", "stop"))
    limits = st.sampled_from((1, 30, 10_000))
    inputs = kinds.flatmap(
        lambda kind: st.tuples(st.just(kind), contents(kind), contents(kind), columns, columns, ways, limits)
    )
    return Reader(inputs, read)


def checkpoint(scratch: Path) -> Reader:
    """Checkpoints with one or two files spoilt and signed to fit, so that what lies behind the sums is reached."""
    models = [untrained("lstm", *TINY), untrained("gru", *TINY, "model.tie_output=true", "text.target.tokenizer=bpe")]
    folders = [saved(model, scratch / f"good-{index}") for index, model in enumerate(models)]
    names = sorted(path.name for path in folders[0].iterdir() if path.name != FORMAT_FILE)
    good = {name: [(folder / name).read_bytes() for folder in folders] for name in names}
    headers = [
        json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")]) for content in good["model.safetensors"]
    ]
    by_grammar = {
        "model.safetensors": changed(headers).map(lambda tree: _weights(as_json(tree), good["model.safetensors"][0])),
        "recipe.toml": changed(toml_trees(good["recipe.toml"])).map(as_toml),
        **{name: changed([json.loads(text) for text in good[name]]).map(as_json) for name in names if "json" in name},
    }
    one = st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), spoilt(good[name]) | by_grammar[name]))
    descriptions = changed([json.loads((folder / FORMAT_FILE).read_bytes()) for folder in folders])
    folder = scratch / "spoilt"
    folder.mkdir()

    def read(given: tuple[int, list[tuple[str, bytes]], Any]) -> None:
        which, files, description = given
        contents = {name: good[name][which] for name in names} | dict(files)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        if not isinstance(description, dict):
            description = {"format": 1, "tandem": "0", "files": {n: _signed(c) for n, c in contents.items()}}
        description.pop("sha256", None)
        (folder / FORMAT_FILE).write_text(sealed(description), encoding="utf-8")
        loaded = load_checkpoint(folder)
        parameters = list(loaded.model.parameters())
        assert sum(p.numel() for p in parameters) < 10_000
        assert all(p.requires_grad and p.device.type == "cpu" for p in parameters)

    return Reader(st.tuples(st.integers(0, 1), st.lists(one, min_size=1, max_size=2), st.none() | descriptions), read)


def _weights(header: bytes, content: bytes) -> bytes:
    size = int.from_bytes(content[:8], "little")
    return len(header).to_bytes(8, "little") + header + content[8 + size :]


def _signed(content: bytes) -> dict[str, Any]:
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


READERS: dict[str, Callable[[Path], Reader]] = {
    "recipe": recipe,
    "tokenizer": tokenizer,
    "corpus": corpus,
    "checkpoint": checkpoint,
}
