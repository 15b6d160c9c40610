"""Worker processes for chunks of pairs, so that all cores are used."""

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

_CHUNKS_IN_PROCESS = 4  # chunks before other processes are started, which a small corpus does not need
_SIZE = struct.Struct("<Q")


def work(task: Task[Result], chunks: Iterable[Chunk], processes: int | None = None) -> Iterator[Result]:
    """Yield the result of the task for each chunk, in order. A few chunks are read ahead.

    `processes` is their number; None is one for each core. Raise TandemError when one of them dies.
    """
    count = processes or _cores()
    remaining = iter(chunks)
    for chunk in remaining if count == 1 else islice(remaining, _CHUNKS_IN_PROCESS):
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

        pending: deque[Future[Result]] = deque()
        for chunk in chain(more, remaining):
            if len(pending) == 2 * count:
                yield pending.popleft().result()
            pending.append(threads.submit(ask, chunk))
        while pending:
            yield pending.popleft().result()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _worker(task: Task[Result]) -> Iterator[subprocess.Popen[bytes]]:
    # Not multiprocessing, which would run the script of the user again in each process.
    paths = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-P", "-m", "tandem.preparation.workers"]
    environment = os.environ | {"PYTHONPATH": paths, "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment)
    try:
        settings = {"task": type(task).__name__, "settings": task.settings()}
        _write_to(process, json.dumps(settings).encode())
        yield process
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):  # input that it never read
                stream.close()  # type: ignore[union-attr]
        process.wait()


def _write_to(process: subprocess.Popen[bytes], content: bytes) -> None:
    assert process.stdin is not None
    try:
        _send(process.stdin, content)
    except BrokenPipeError:
        raise _worker_died(process) from None


def _answer(process: subprocess.Popen[bytes], question: bytes) -> bytes:
    """Send a question to a worker and wait for the answer. Raise TandemError where the worker died."""
    _write_to(process, question)
    assert process.stdout is not None
    answer = _receive(process.stdout)
    if answer is None:
        raise _worker_died(process)
    return answer


def _worker_died(process: subprocess.Popen[bytes]) -> TandemError:
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
    """Read one message; None where the other side has ended."""
    head = stream.read(_SIZE.size)
    if len(head) < _SIZE.size:
        return None
    (size,) = _SIZE.unpack(head)
    content = stream.read(size)
    return content if len(content) == size else None


def main() -> None:
    """Run a worker: read a task, then work on chunks until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent decides
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    if (first := _receive(source)) is None:
        return
    settings = json.loads(first)
    task = TASKS[settings["task"]](settings["settings"])
    while (question := _receive(source)) is not None:
        try:
            answer = task.pack(task.run(Chunk(*json.loads(question))))
        except MemoryError:  # the parent reports it
            sys.exit(errno.ENOMEM)
        _send(sink, answer)


if __name__ == "__main__":
    main()
