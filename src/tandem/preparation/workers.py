"""Worker processes for chunks of pairs, so that all cores are used."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

from tandem.errors import TandemError
from tandem.preparation.chunks import TASKS, Chunk, Task
from tandem.processes import answers, cores, serve

Result = TypeVar("Result")

_CHUNKS_IN_PROCESS = 4  # chunks before other processes are started, which a small corpus does not need


def work(task: Task[Result], chunks: Iterable[Chunk], processes: int | None = None) -> Iterator[Result]:
    """Yield the result of the task for each chunk, in order. A few chunks are read ahead.

    `processes` is their number; None is one for each core. Raise TandemError when one of them dies.
    """
    count = processes or cores()
    remaining = iter(chunks)
    for chunk in remaining if count == 1 else islice(remaining, _CHUNKS_IN_PROCESS):
        yield task.run(chunk)
    more = list(islice(remaining, 1))
    if more:
        settings = {"task": type(task).__name__, "settings": task.settings()}
        yield from answers(
            __name__,
            json.dumps(settings).encode(),
            chain(more, remaining),
            count,
            pack=lambda chunk: json.dumps(chunk, ensure_ascii=False).encode(),
            unpack=task.unpack,
            ended=worker_died,
        )


def worker_died(code: int) -> TandemError:
    """Return the error for a worker process that ended with this code."""
    return TandemError(
        f"a process that prepares the corpus beside this one ended ({code}). Perhaps memory was short: "
        "start again, and what was prepared is kept; with `taskset -c 0` only one process works, and a lower "
        "data.max_characters takes less"
    )


def _started(content: bytes) -> Callable[[bytes], bytes]:
    settings = json.loads(content)
    task = TASKS[settings["task"]](settings["settings"])
    return lambda question: task.pack(task.run(Chunk(*json.loads(question))))


if __name__ == "__main__":
    serve(_started)
