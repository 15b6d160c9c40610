"""Arguments without an option: tells models, corpora, recipes and texts apart, or says what to type instead."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import typer

from tandem.cli.corpora import CorpusOptions
from tandem.corpora.kinds import KINDS
from tandem.corpora.patterns import is_pattern, without_wildcards
from tandem.corpora.public import PUBLIC
from tandem.errors import CorpusError
from tandem.files.compression import PACKED_SUFFIXES
from tandem.hub.fetching import local_model
from tandem.model_paths import is_model
from tandem.recipe.builtin import find_builtin

_Options = TypeVar("_Options", bound=CorpusOptions)

_OPTION_OF = {ending: kind.options[0].name for kind in KINDS for ending in kind.endings}
"""The option that reads a file with each ending."""
_BESIDE_FILES = {option.name for kind in KINDS for option in kind.options if option.optional}
"""The options that may be given together with files without an option."""
_TABLE_ENDINGS = ", ".join(kind.endings[0] for kind in KINDS if kind.endings)
_TABLES = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers", ".feather", ".arrow", ".sqlite", ".db")
_DOCUMENTS = (".docx", ".doc", ".odt", ".pdf", ".rtf", ".html", ".htm", ".xml", ".tmx")
_ARCHIVES = (".zip", ".tar", ".tgz", ".7z", ".rar")


def recipe_and_corpus(files: Sequence[Path], options: _Options) -> tuple[Path | None, _Options]:
    """Return the recipe if it is the only argument, a file or a built-in one; or else the options with the files.

    Raise CorpusError, which says what to type, if the files are neither a recipe nor a corpus, or if an option names a
    corpus as well.
    """
    if len(files) == 1 and (files[0].suffix == ".toml" or find_builtin(files[0])):
        return files[0], options
    return None, with_files(files, options)


def with_files(files: Sequence[Path], options: _Options) -> _Options:
    """Return the options with these files: one table, or a source and a target. CorpusError if they are neither."""
    if not files:
        return options
    if options.values.keys() - _BESIDE_FILES:
        raise CorpusError(f"{files[0]}: the corpus is named twice, by this file and by an option; leave one out")
    forms = [_form(path) for path in files]
    if len(files) == 1:
        if forms[0] is not None:
            return replace(options, values={**options.values, forms[0]: str(files[0])})
        raise CorpusError(f"{files[0]}: {_what_to_type(files[0])}")
    for path in files:
        if path.is_dir() or _suffix(path) in (*_TABLES, *_DOCUMENTS, *_ARCHIVES):
            raise CorpusError(f"{path}: {_what_to_type(path)}")
    if len(files) > 2 or any(forms) or any(path.suffix == ".toml" for path in files):
        names = " ".join(shlex.quote(str(path)) for path in files)
        raise CorpusError(
            f"{names}: without options, give one recipe (.toml), or one table ({_TABLE_ENDINGS}), or two text files, "
            "the source and the target. Validation and test data have options, such as --validation-csv and --test-csv"
        )
    return replace(options, values={**options.values, "source": str(files[0]), "target": str(files[1])})


def models_and_corpus(arguments: Sequence[Path], options: _Options) -> tuple[list[Path], _Options]:
    """Return the arguments that are models, and the options with the files that follow them."""
    is_data = [
        not (path.is_dir() or is_model(path)) and (path.exists() or _form(path) is not None or is_pattern(str(path)))
        for path in arguments
    ]
    count = [*is_data, True].index(True)
    return list(arguments[:count]), with_files(arguments[count:], options)


def models_and_texts(arguments: Sequence[str], models: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Split the arguments: the first is a model, unless --model names one, and so are the models that follow it.

    Models on the Hub are downloaded here, so that the whole command uses the same ones. BadParameter if no model is
    named.
    """
    paths, texts = list(models), list(arguments)
    while texts and (not paths or is_model(Path(texts[0]))):
        paths.append(Path(texts.pop(0)))
    if not paths:
        raise typer.BadParameter("name the directory of a run, a checkpoint or an export", param_hint="MODEL")
    return [local_model(path) for path in paths], texts


def stem(path: str) -> str:
    """Return a file's name without the suffixes of its form and compression: `train.de` for `data/train.de.gz`.

    It is the same for the shards `data/train.*.de.gz`.
    """
    name = without_wildcards(Path(path).name)
    for suffix in (*PACKED_SUFFIXES, *_OPTION_OF):
        name = name.removesuffix(suffix)
    return name or Path(path).name


def _suffix(path: Path) -> str:
    """Return the suffix in lower case; the suffix of a compression is ignored."""
    inner = path.with_suffix("") if path.suffix.lower() in PACKED_SUFFIXES else path
    return inner.suffix.lower()


def _form(path: Path) -> str | None:
    return _OPTION_OF.get(_suffix(path))


def _what_to_type(path: Path) -> str:
    """Return what to do about a file that is not a corpus by itself, as a clause that follows its name."""
    name = shlex.quote(str(path))
    if is_model(path):
        return f"this is a run; to continue its training, type: tandem train --resume --out {name}"
    if path.is_dir():
        return "this is a folder; name the files in it"
    if not path.exists() and str(path) in ("captions", *PUBLIC):
        return f"this is a corpus that Tandem knows; give --corpus {name}"
    if not path.exists():
        return "there is no such file. Check the path"
    suffix = _suffix(path)
    if suffix in _TABLES:
        csv = shlex.quote(f"{path.stem}.csv")
        return f"a table must be text. Save it as CSV (UTF-8) in the program that made it, and give that file: {csv}"
    if suffix in _DOCUMENTS:
        return "a document cannot be read as pairs. Save them as a table with two columns, as CSV (UTF-8)"
    if suffix in _ARCHIVES:
        return "this is an archive. Unpack it, and name the files that were in it"
    if suffix == ".json":
        return f"if this file has one JSON object per line, give --jsonl {name}; otherwise convert it to that"
    return (
        "its name does not show what it contains. If it has the sources, one per line, give the targets as well: "
        f"{name} TARGETS. If it has both in columns, give --tsv {name} for tabs between them, or --csv {name} for "
        "commas or semicolons. The name of a recipe ends in .toml"
    )
