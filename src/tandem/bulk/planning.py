"""Before a bulk job begins: its inputs are found and cut into shards, and its folder describes it."""

import glob
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tandem.bulk.bulk_job import BulkInput, BulkJob, BulkModel, BulkOptions, Shard, write_cut
from tandem.bulk.folder import BulkFolder
from tandem.bulk.formats import FORMATS, format_of
from tandem.bulk.shard_worker import recut_ending
from tandem.bulk.tasks import TASKS
from tandem.errors import CorpusError, RecipeError, TandemError
from tandem.files.atomic import flush
from tandem.files.compression import PACKED_SUFFIXES
from tandem.files.lines import check_read_again
from tandem.names import BulkFormatName
from tandem.terminal import OnProgress

if TYPE_CHECKING:
    from tandem.translation.translator import Translator

_SECONDS = 60
"""About how long a worker takes for a shard, unless its size is given."""
_SAMPLE = 256
"""Lines that are done to learn how long a line takes."""
_SHARDS_EACH = 4
"""The fewest shards a worker, so that no worker waits long for the last one."""
_LARGEST_SHARD = 2**20


def find_inputs(patterns: Sequence[str]) -> list[Path]:
    """Return the files that these paths and patterns name, each once. Raise CorpusError for one that names none."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        paths = [Path(pattern)] if Path(pattern).is_file() else [Path(each) for each in _matching(pattern)]
        if not paths:
            kind = "this is a folder" if Path(pattern).is_dir() else "there is no such file, and no file matches"
            raise CorpusError(f"--input {pattern}: {kind}. Name files, or put a pattern such as 'news.*.gz' in quotes")
        found |= dict.fromkeys(Path(os.path.abspath(path)) for path in paths)  # noqa: PTH100 - links are kept
    return list(found)


def _matching(pattern: str) -> list[str]:
    return sorted(path for path in glob.glob(pattern, recursive=True) if Path(path).is_file())  # noqa: PTH207


def describe_inputs(paths: Sequence[Path], options: BulkOptions, name: BulkFormatName) -> tuple[BulkInput, ...]:
    """Return what is known of inputs before they are read from end to end. Raise CorpusError where one cannot be."""
    task = TASKS[options.task]
    inputs = []
    for path, output in zip(paths, _output_names(paths), strict=True):
        check_read_again(path)
        form = format_of(path.name) if name == "auto" else FORMATS[name]
        if options.form != "plain" and form.name != "text":
            raise RecipeError(
                f"{path}: n-best lists and JSON are written for plain text, and to {form.name} one translation is "
                "added. Leave out --n-best, --sample and --json"
            )
        columns, header = form.find_columns(path, options.columns, task.columns)
        status = path.stat()
        inputs.append(
            BulkInput(
                path=str(path),
                output=_as_json_lines(output) if task.lines_alone else output,
                format=form.name,
                packing=None,
                size=status.st_size,
                changed=status.st_mtime_ns,
                sha256="",
                lines=0,
                header=header,
                columns=columns,
                to=options.to or task.to,
                recut=False,
            )
        )
    return tuple(inputs)


def _output_names(paths: Sequence[Path]) -> list[str]:
    """Return the names of the outputs: those of the inputs, with the folders by which they differ where they must."""
    names = [path.name for path in paths]
    if len(set(names)) == len(names):
        return names
    above = os.path.commonpath([path.parent for path in paths])
    return [path.relative_to(above).as_posix() for path in paths]


def _as_json_lines(name: str) -> str:
    packed = next((suffix for suffix in PACKED_SUFFIXES if name.lower().endswith(suffix)), "")
    return f"{name[: len(name) - len(packed)]}.jsonl{packed}"


def choose_shard_lines(
    translator: "Translator", inputs: Sequence[BulkInput], options: BulkOptions, workers: int
) -> int:
    """Return the lines of a shard: what a worker does in about a minute, in whole windows.

    Raise TandemError where none of the first lines can be translated.
    """
    task = TASKS[options.task]
    source = inputs[0]
    sample = FORMATS[source.format].sample(source, _SAMPLE)
    window = translator.search_settings(batch_size=int(options.settings["batch_size"])).window
    if not sample.rows:
        return window
    task.run(translator, options, sample.rows[:2])  # what is made ready by the first lines takes no time later
    started = time.monotonic()
    outcome = task.run(translator, options, sample.rows)
    seconds = max(1e-6, time.monotonic() - started) / len(sample.rows)
    if all(outcome.faults):
        raise TandemError(
            f"{source.path}: none of its first {len(sample.rows)} lines can be used. Line {sample.rows[0].number + 1}: "
            f"{outcome.faults[0]}"
        )
    total = sample.total * sum(each.size for each in inputs) / max(1, source.size)
    lines = min(_SECONDS / seconds, total / (_SHARDS_EACH * workers), _LARGEST_SHARD)
    return max(1, int(lines / window)) * window


def cut_inputs(
    folder: BulkFolder,
    inputs: Sequence[BulkInput],
    models: tuple[BulkModel, ...],
    options: BulkOptions,
    shard_lines: int,
    on_progress: OnProgress,
) -> BulkJob:
    """Read the inputs from end to end, and write where their shards are; the description of the job is written last.

    Raise CorpusError where an input is damaged or cannot be read.
    """
    folder.empty("inputs")
    total = sum(each.size for each in inputs)
    surveyed: list[BulkInput] = []
    shards: list[Shard] = []
    before = 0
    for number, source in enumerate(inputs):
        copy = folder.recut(number, recut_ending(source))
        found = FORMATS[source.format].survey(
            Path(source.path), shard_lines, copy, _counter(on_progress, "reading the inputs", before, total)
        )
        recut = found.packing is not None
        if recut:
            flush(copy)
        first = 0
        for span in found.spans:
            shards.append(Shard(number, first, span.lines, span.start, span.end, span.crc))
            first += span.lines
        surveyed.append(replace(source, packing=found.packing, sha256=found.sha256, lines=first, recut=recut))
        before += source.size
    job = BulkJob(tuple(surveyed), models, options, shard_lines, len(shards), write_cut(folder, shards))
    job.write(folder)
    return job


def _counter(on_progress: OnProgress, task: str, before: int, total: int) -> Callable[[int], object]:
    return lambda done: on_progress(task, before + done, total)


def difference(
    begun: BulkJob,
    inputs: Sequence[BulkInput],
    models: Sequence[BulkModel],
    options: BulkOptions,
    shard_lines: int | None,
) -> str:
    """Return what makes this another job than the one that a folder describes; "" where nothing does.

    An input that was touched since is read again.
    """
    differences = []
    if [model.sha256 for model in models] != [model.sha256 for model in begun.models]:
        differences.append("another model")
    if [source.path for source in inputs] != [source.path for source in begun.inputs]:
        differences.append(f"other inputs ({len(begun.inputs)} files, now {len(inputs)}, or others)")
    else:
        differences += [
            f"another content of {now.path}"
            for now, then in zip(inputs, begun.inputs, strict=True)
            if _changed(now, then)
        ]
    wanted = {**vars(options), **options.settings}
    given = {**vars(begun.options), **begun.options.settings}
    for name in wanted.keys() - {"settings"}:
        now, then = _plain(wanted[name]), _plain(given.get(name))
        if now != then:
            differences.append(f"{name} {then} (now {now})" if name != "dictionary" else "another dictionary")
    forms = (
        [(each.format, each.columns) for each in inputs],
        [(each.format, tuple(each.columns)) for each in begun.inputs],
    )
    if forms[0] != forms[1] and not differences:
        differences.append("another format or other columns")
    if shard_lines is not None and shard_lines != begun.shard_lines:
        differences.append(f"shard_lines {begun.shard_lines} (now {shard_lines})")
    return ", ".join(sorted(differences))


def _plain(value: object) -> object:
    """Return a value as JSON gives it back."""
    return list(value) if isinstance(value, tuple) else value


def _changed(now: BulkInput, then: BulkInput) -> bool:
    if now.size != then.size:
        return True
    return now.changed != then.changed and FORMATS[now.format].content_sum(Path(now.path)) != then.sha256
