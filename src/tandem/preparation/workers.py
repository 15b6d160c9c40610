"""Processes beside this one that work on chunks of pairs, so that all cores do."""

import errno
import json
import os
import signal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain, islice
from queue import SimpleQueue
from typing import IO, TypeVar

from tandem.errors import TandemError
from tandem.preparation.chunks import TASKS, Chunk, Task

Result = TypeVar("Result")

_HERE = 4
"""Chunks that are worked on in this process before others are started: a small corpus is done by then."""
_SIZE = struct.Struct("<Q")


def work(task: Task[Result], chunks: Iterable[Chunk], processes: int | None = None) -> Iterator[Result]:
    """The task's result for each chunk, in order, a few chunks ahead.

    `processes`: how many work on it; None: one a core. Raises TandemError when one of them dies.
    """
    count = processes or _cores()
    remaining = iter(chunks)
    for chunk in remaining if count == 1 else islice(remaining, _HERE):
        yield task.run(chunk)
    more = list(islice(remaining, 1))
    if not more:
        return
    with ThreadPoolExecutor(count) as threads, ExitStack() as stack:
        free: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for _ in range(count):
            free.put(stack.enter_context(_worker(task)))

        def ask(chunk: Chunk) -> Result:
            worker = free.get()
            try:
                return task.unpack(_answer(worker, json.dumps(chunk, ensure_ascii=False).encode()))
            finally:
                free.put(worker)

        waiting: deque[Future[Result]] = deque()
        for chunk in chain(more, remaining):
            if len(waiting) == 2 * count:
                yield waiting.popleft().result()
            waiting.append(threads.submit(ask, chunk))
        while waiting:
            yield waiting.popleft().result()


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _worker(task: Task[Result]) -> Iterator[subprocess.Popen[bytes]]:
    # A process of our own, not multiprocessing's: that would run a user's script again, in each process.
    paths = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-P", "-m", "tandem.preparation.workers"]
    environment = os.environ | {"PYTHONPATH": paths, "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment)
    try:
        settings = {"task": type(task).__name__, "settings": task.settings()}
        _tell(process, json.dumps(settings).encode())
        yield process
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):  # what it was never told
                stream.close()  # type: ignore[union-attr]
        process.wait()


def _tell(process: subprocess.Popen[bytes], content: bytes) -> None:
    assert process.stdin is not None
    try:
        _send(process.stdin, content)
    except BrokenPipeError:
        raise _gone(process) from None


def _answer(process: subprocess.Popen[bytes], question: bytes) -> bytes:
    _tell(process, question)
    assert process.stdout is not None
    answer = _receive(process.stdout)
    if answer is None:
        raise _gone(process)
    return answer


def _gone(process: subprocess.Popen[bytes]) -> TandemError:
    return TandemError(
        f"a process that prepares the corpus beside this one ended ({process.wait()}). Perhaps memory was short: "
        "start again, and what was prepared is kept; with `taskset -c 0` only one process works, and a lower "
        "data.max_characters takes less"
    )


def _send(stream: IO[bytes], content: bytes) -> None:
    stream.write(_SIZE.pack(len(content)))
    stream.write(content)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    """What the other side sent; None when it has gone."""
    head = stream.read(_SIZE.size)
    if len(head) < _SIZE.size:
        return None
    (size,) = _SIZE.unpack(head)
    content = stream.read(size)
    return content if len(content) == size else None


def main() -> None:
    """What a process beside does: it takes a task, then chunks until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the process that asks decides
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    if (first := _receive(source)) is None:
        return
    settings = json.loads(first)
    task = TASKS[settings["task"]](settings["settings"])
    while (question := _receive(source)) is not None:
        try:
            answer = task.pack(task.run(Chunk(*json.loads(question))))
        except MemoryError:  # the process that asked says so
            sys.exit(errno.ENOMEM)
        _send(sink, answer)


if __name__ == "__main__":
    main()
