"""What the package's source never does: run what it reads, start other programs, swallow errors blindly."""

import ast
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = {
    path: path.read_text(encoding="utf-8")
    for folder in ("src/tandem", "reproduction/tandem_reproduction")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
MODULES = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "yaml", "subprocess", "pty", "ctypes"}
ALLOWED = {("processes.py", "subprocess")}
"""It starts this very program again, to share work."""
CALLS = {"eval", "exec", "compile", "__import__"}
FUNCTIONS = re.compile(r"torch\.(jit\.)?(load|save)|torch\.hub\..*|os\.(system|popen|exec\w*|spawn\w*)|code\.interact")


def faults(source: str) -> list[str]:
    """The banned imports and calls of a module."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [name.name for name in names if name.name.partition(".")[0] in MODULES]
            case ast.ImportFrom(module=str(module), names=names):
                full = [f"{module}.{name.name}" for name in names]
                found += [name for name in full if module.partition(".")[0] in MODULES or FUNCTIONS.fullmatch(name)]
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                found.append(name)
            case ast.Attribute() if FUNCTIONS.fullmatch(ast.unparse(node)):
                found.append(ast.unparse(node))
            case ast.keyword(arg="allow_pickle", value=value) if not (
                isinstance(value, ast.Constant) and not value.value
            ):
                found.append("allow_pickle")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_nothing_that_is_read_can_be_run(path: Path) -> None:
    assert [fault for fault in faults(SOURCES[path]) if (path.name, fault) not in ALLOWED] == []


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "import os, pickle as p",
        "from pickle import loads",
        "from torch import load",
        "import yaml.loader",
        "model = torch.load(path)",
        "torch.save(model, path)",
        "numpy.load(path, allow_pickle=True)",
        "numpy.load(path, allow_pickle=flag)",
        "eval(text)",
        "def f():\n    exec(text)",
        "import subprocess",
        "os.system(text)",
        "run = os.popen",
    ],
)
def test_what_is_banned_is_found(line: str) -> None:
    assert faults(line) != []


def test_what_only_looks_like_it_is_not() -> None:
    assert faults("re.compile(x); model.eval(); numpy.load(x, allow_pickle=False); from torch import no_grad") == []


def texts_with_the_system_s_line_ends(source: str) -> list[str]:
    """The calls of a module that write text and do not say how lines end, which differs between systems."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            mode = next((argument.value for argument in node.args if isinstance(argument, ast.Constant)), "")
            text = node.func.attr == "open" and isinstance(mode, str) and re.fullmatch(r"[wax]t?\+?", mode)
            if (node.func.attr == "write_text" or text) and "newline" not in {word.arg for word in node.keywords}:
                found.append(ast.unparse(node))
    return found


def test_files_have_the_same_line_ends_on_every_system() -> None:
    assert texts_with_the_system_s_line_ends('p.write_text(t, encoding="utf-8"); p.open("w"); p.open("wb")') == [
        "p.write_text(t, encoding='utf-8')",
        "p.open('w')",
    ]
    for path, source in SOURCES.items():
        assert texts_with_the_system_s_line_ends(source) == [], path


def test_no_error_is_caught_blindly() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert "BLE" in linter["select"]
    exceptions = [linter["ignore"], *linter["per-file-ignores"].values()]
    assert not any(code.startswith("BLE") for codes in exceptions for code in codes)
    silenced = re.compile(r"noqa(?!: ?[A-Z])|noqa:.*BLE|ruff: ?noqa")
    found = {path.name for path, source in SOURCES.items() if silenced.search(source)}
    # A failure of one text must not end the texts beside it; a failure in a thread must reach who waits for the thread.
    assert found == {"flow.py", "continuous.py", "indexing.py", "local.py"}


TEXTS = {"Text", "Padding", "_one_line"}
"""What makes something to be shown of a text that is not taken for markup."""
TABLES = {"Table", "Table.grid"}
PRINTING = {("streams.py", "notify"), ("streams.py", "print_json"), ("__init__.py", "_version")}
"""The functions that print without a console: each makes its text printable, or knows it."""


def bare_texts(source: str) -> list[str]:
    """The calls of a module that hand a bare text to a console, or take markup from one, or make another console."""
    found = []
    for scope in [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.Module)]:
        tables = {
            target.id
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            for target in node.targets
            if isinstance(target, ast.Name) and ast.unparse(node.value.func) in TABLES
        }
        for node in ast.walk(scope):
            match node:
                case ast.Call(func=ast.Attribute(attr="print"), args=[first, *_]):
                    made = isinstance(first, ast.Call) and ast.unparse(first.func) in TEXTS
                    if not (made or (isinstance(first, ast.Name) and first.id in tables)):
                        found.append(ast.unparse(node))
                case ast.Call(func=ast.Name(id="TextColumn"), args=[ast.Constant(value=str(text))]) if "{" in text and (
                    not any(word.arg == "markup" and ast.unparse(word.value) == "False" for word in node.keywords)
                ):
                    found.append(ast.unparse(node))
                case ast.Call(func=ast.Name(id="Console")) | ast.Call(func=ast.Attribute(attr="from_markup")):
                    found.append(ast.unparse(node))
                case ast.keyword(arg="markup", value=ast.Constant(value=True)):
                    found.append("markup=True")
    return sorted(set(found))


def prints_itself(source: str) -> set[str]:
    """The functions of a module that call Python's own `print`."""
    return {
        function.name
        for function in ast.walk(ast.parse(source))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }


def test_no_console_call_takes_a_bare_text() -> None:
    for path, source in SOURCES.items():
        assert bare_texts(source) == [], path
        assert {(path.name, name) for name in prints_itself(source)} <= PRINTING, path


@pytest.mark.parametrize(
    "line",
    [
        "console.print(text)",
        "console.print('text')",
        "self._console.print(f'{path} is done', soft_wrap=True)",
        "def f():\n    table = Table()\ndef g():\n    console.print(table)",
        "Progress(TextColumn('{task.description}'))",
        "console = Console()",
        "Text.from_markup(text)",
        "PrintableConsole(markup=True)",
    ],
)
def test_a_bare_text_is_found(line: str) -> None:
    assert bare_texts(line)


def test_what_is_made_of_a_text_may_be_shown() -> None:
    shown = "def f():\n    table = Table()\n    console.print(table)\n    console.print(Text(x))\n    console.print()"
    assert bare_texts(shown) == []


LONGEST = 60
"""The number of lines in the longest function, signature and docstring included."""


def long_functions(source: str) -> list[str]:
    """The functions of a module that are longer than 60 lines."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= LONGEST]


def test_no_function_is_longer_than_sixty_lines() -> None:
    body = "    pass\n" * (LONGEST - 1)
    assert long_functions(f"def f():\n{body}") == []
    assert long_functions(f"class C:\n  def f():\n{body}    pass\n") == ["f"]
    assert {path.name: names for path, source in SOURCES.items() if (names := long_functions(source))} == {}


HIDING = {"corpora/table_rows"}
"""Modules that still share a name with what is in them: no other may, and these are to go."""


def hidden_modules(sources: Mapping[Path, str]) -> set[str]:
    """The modules that share their name with a function or class of theirs, by their path in the package."""
    return {
        path.relative_to(ROOT / "src" / "tandem").with_suffix("").as_posix()
        for path, source in sources.items()
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == path.stem
    }


def test_no_function_hides_the_module_that_it_is_in() -> None:
    made = {ROOT / "src" / "tandem" / "a.py": "def a(): ...", ROOT / "src" / "tandem" / "b.py": "def a(): ..."}
    assert hidden_modules(made) == {"a"}
    package = {path: source for path, source in SOURCES.items() if path.is_relative_to(ROOT / "src")}
    assert hidden_modules(package) <= HIDING
