"""Running the code blocks of a page: Python, lines of a shell, recipes, JSON lines."""

import json
import re
import shlex
import shutil
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from tandem import TandemError
from tandem.cli import app
from tandem.recipe import parse_recipe
from tests.support.corpora import write_parquet
from tests.support.curl import Page

RUN_AS = {"make demo": "tandem demo"}
NOT_RUN = {
    "make test": "it is what runs this",
    "make check": "continuous integration runs it beside the tests",
    "make bench": "it takes minutes",
    "tandem reproduce": "it takes hours; tests/cli/test_reproduce.py runs it on a made corpus",
    "git ": "it needs the network",
    "python -m venv ": "it makes an environment",
    ".venv/bin/python -m pip ": "it needs the network",
    "pip ": "it needs the network",
    "paste ": "it is a pipe of another program's",
    "docker ": "it needs docker; `python -m tests.system.fresh_install` does the steps of its file",
    "export ": "it speaks of the reader's machine",
    "kill ": "it is for a server that runs",
    "openssl ": "it is another program's",
    "tensorboard ": "it is a server and does not end",
    ".venv/bin/python -m benchmarks": "it takes minutes",
    "python -m benchmarks": "it takes minutes",
    "python -m tests.": "it takes minutes",
}
CAPS = ("training.epochs=1", "training.batch_size=16", "model.hidden=16", "model.embedding=8")
TOKEN = "8c1f4ab0d4a14a5a9fe2c0d8c3a6b7d1"
RUNS = ("runs/demo", "runs/mine")
"""What the quick start leaves behind; other pages begin with these runs there, unless they make them themselves."""

NOUNS = {"hund": "dog", "mann": "man", "vogel": "bird", "baum": "tree"}
FORMS = [(noun, noun + end, f"N;{tag}") for noun in NOUNS for end, tag in (("e", "PL"), ("es", "GEN"))]
VERBS = {"schläft": "sleeps", "singt": "sings", "wartet": "waits"}
PAIRS = [
    (f"{article} {noun} {verb} .", f"{english} {NOUNS[noun]} {VERBS[verb]} .")
    for article, english in (("ein", "a"), ("der", "the"))
    for noun in NOUNS
    for verb in VERBS
]


class Block(NamedTuple):
    language: str
    line: int
    """Of the first line inside the fence, counted from 1."""
    code: str


def blocks(text: str) -> list[Block]:
    fences = re.finditer(r"^```(.*)\n((?:.*\n)*?)```$", text, flags=re.MULTILINE)
    found = [Block(f[1], text.count("\n", 0, f.start(2)) + 1, f[2]) for f in fences]
    assert len(re.findall("^ *(?:```|~~~)", text, flags=re.MULTILINE)) == 2 * len(found), (
        "a fence is not closed, or indented"
    )
    return found


def write_corpus(folder: Path, name: str, pairs: list[tuple[str, str]]) -> None:
    for language, side in (("de", 0), ("en", 1)):
        text = "".join(pair[side] + "\n" for pair in pairs)
        (folder / f"{name}.{language}").write_text(text, encoding="utf-8")


def write_files(folder: Path) -> None:
    """All corpora that the pages name."""
    write_corpus(folder, "train", PAIRS)
    write_corpus(folder, "train.1", PAIRS[::2])
    write_corpus(folder, "train.2", PAIRS[1::2])
    for name in ("val", "test"):
        write_corpus(folder, name, PAIRS[::5])
    sounds = [" ".join(word).upper() for word in NOUNS]
    files = {
        "short.en": "".join(target + "\n" for _, target in PAIRS[:-1]),
        "blank.de": "".join(source + "\n" for source, _ in PAIRS).replace(PAIRS[1][0], "", 1),
        "phrases.de.txt": "".join(f"{source}\t{source.split()[1]}\n" for source, _ in PAIRS),
        "pairs.csv": "German;English\r\n" + "".join(f'"{source}";{target}\r\n' for source, target in PAIRS),
        "words.tsv": "".join(f"{word}\t{sound}\n" for word, sound in zip(NOUNS, sounds, strict=True)),
        "forms.tsv": "".join("\t".join(row) + "\n" for row in FORMS),
        **{
            name: "".join(f"{row[side]}\n" for row in FORMS)
            for side, name in enumerate(("lemmas.txt", "forms.txt", "tags.txt"))
        },
        "tokens.txt": f"{TOKEN}\n",
        "asked.txt": "hund\tN;PL\nbaum\n",
        "named.tsv": "sounds\tword\n" + "".join(f"{s}\t{w}\n" for w, s in zip(NOUNS, sounds, strict=True)),
        "pairs.jsonl": "".join(json.dumps({"source": s, "target": t}) + "\n" for s, t in PAIRS),
        "nested.jsonl": "".join(json.dumps({"translation": {"de": s, "en": t}}) + "\n" for s, t in PAIRS),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    write_parquet(folder / "pairs.parquet", PAIRS)


def run_page(text: str, name: str, ready: Path) -> None:
    with ExitStack() as stack:
        _run_blocks(text, name, ready, Page(stack))


def _run_blocks(text: str, name: str, ready: Path, served: Page) -> None:
    found = blocks(text)
    commands = "\n".join(block.code for block in found if block.language in {"bash", "python"})
    for run in RUNS:
        made = r"(?:make|tandem) demo" if run == "runs/demo" else rf"train.*--out {run}|out=\"{run}\""
        if not re.search(made, commands):
            shutil.copytree(ready / "run", run)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block, after in zip_longest(found, found[1:]):
        if block.language == "python":
            exec(compile("\n" * (block.line - 1) + block.code, name, "exec"), namespace)
        elif block.language == "bash":
            served.answer = None
            message = after.code if after and after.language == "text" else ""
            for line in block.code.replace("\\\n", " ").splitlines():
                run_line(line, message, served)
            if after and after.language == "json":
                served.check(after.code)
        elif block.language == "toml":
            parse_recipe(block.code, f"{name} line {block.line}")
            Path("my.toml").write_text(block.code, encoding="utf-8")
        elif block.language == "json":
            for line in block.code.splitlines():
                json.loads(line)
        else:
            assert block.language == "text", f"{name} line {block.line}: nothing runs blocks of {block.language!r}"


def run_line(line: str, message: str, served: Page) -> None:
    """One line of a shell: `tandem ...`, perhaps with `cat FILE |` before it and `> FILE` behind it; `cp`; `curl`."""
    if not line.strip() or line.startswith("#") or line.startswith(tuple(NOT_RUN)):
        return
    for prefix, instead in RUN_AS.items():
        line = instead + line.removeprefix(prefix) if line.startswith(prefix) else line
    if line.startswith("curl "):
        served.ask(line)
        return
    fails = line.endswith("# error")
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|<>")
    lexer.whitespace_split = True
    words = list(lexer)
    given = b""
    if words[0] == "cat" and words[2:3] == ["|"]:
        given, words = Path(words[1]).read_bytes(), words[3:]
    output = Path(words[-1]) if words[-2:-1] == [">"] else None
    words = words[:-2] if output else words
    if words[0] == "cp":
        shutil.copy(*words[1:])
        return
    assert words[0] == "tandem", f"nothing runs this line: {line}"
    assert not {"|", "<", ">", ">>"} & set(words), f"nothing runs this line: {line}"
    if words[1] in {"serve", "look"}:
        served.serve(words)
        return
    result = CliRunner().invoke(app, words[1:] + ([] if fails else caps(words)), input=given)
    if fails:
        assert isinstance(result.exception, TandemError), f"{line}\n{result.output}"
        assert message == f"tandem: {result.exception}\n"
        return
    assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception!r}"
    if output:
        output.write_bytes(result.stdout_bytes)


def caps(words: list[str]) -> list[str]:
    if words[1] not in {"train", "demo"} or "--help" in words:
        return []
    settings = ["training.epochs=2"] if "--resume" in words else CAPS
    return [word for setting in settings for word in ("--set", setting)]
