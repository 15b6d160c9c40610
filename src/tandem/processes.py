"""Worker processes of our own, which answer questions, so that all cores are used.

Not multiprocessing's, which would run the script of the user again in each process.
"""

import errno
import os
import signal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TypeAlias, TypeVar

from tandem.errors import TandemError

Question = TypeVar("Question")
Answer = TypeVar("Answer")

Started: TypeAlias = subprocess.Popen[bytes]
"""A process that was started."""
Ended = Callable[[int], TandemError]
"""Makes the error for a process that ended with this code before it had answered."""
_SIZE = struct.Struct("<Q")


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def answers(
    module: str,
    settings: bytes,
    questions: Iterable[Question],
    processes: int,
    *,
    pack: Callable[[Question], bytes],
    unpack: Callable[[bytes], Answer],
    ended: Ended,
) -> Iterator[Answer]:
    """Yield the answer to each question, in order, from processes that run `module`, which calls `serve`.

    Some questions are read ahead, at most two for each process. Raise what `ended` makes when a process dies.
    """
    with ThreadPoolExecutor(processes) as threads, ExitStack() as stack:
        free: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for _ in range(processes):
            free.put(stack.enter_context(_worker(module, settings, ended)))

        def ask(question: Question) -> Answer:
            worker = free.get()
            try:
                return unpack(_answer(worker, pack(question), ended))
            finally:
                free.put(worker)

        pending: deque[Future[Answer]] = deque()
        for question in questions:
            if len(pending) == 2 * processes:
                yield pending.popleft().result()
            pending.append(threads.submit(ask, question))
        while pending:
            yield pending.popleft().result()


def start_apart(module: str, arguments: Sequence[str], log: Path) -> Started:
    """Start a process that runs `module` and goes on when this one ends. What it prints is appended to a file.

    It is in a session of its own, so neither Ctrl-C here nor the end of the terminal reaches it. Raise OSError where
    the file cannot be written.
    """
    command, environment = _module(module)
    with log.open("ab") as output:
        return subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )


def start_worker(
    module: str, arguments: Sequence[str], changes: Callable[[dict[str, str]], dict[str, str]], log: Path
) -> Started:
    """Start a process that runs `module`, with pipes to its input and from its output, and its errors in a file.

    `changes` makes its environment from that of this process.
    """
    command, environment = _module(module)
    pipe = subprocess.PIPE
    with log.open("ab") as errors:
        return subprocess.Popen(
            [*command, *arguments], stdin=pipe, stdout=pipe, stderr=errors, env=changes(environment)
        )


def _module(name: str) -> tuple[list[str], dict[str, str]]:
    """Return the command that runs a module in another process, and the environment in which it finds the module."""
    paths = os.pathsep.join(path for path in sys.path if path)
    return [sys.executable, "-P", "-m", name], os.environ | {"PYTHONPATH": paths}


@contextmanager
def _worker(module: str, settings: bytes, ended: Ended) -> Iterator[subprocess.Popen[bytes]]:
    command, environment = _module(module)
    environment |= {"TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment)
    try:
        _write_to(process, settings, ended)
        yield process
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):  # input that it never read
                stream.close()  # type: ignore[union-attr]
        process.wait()


def _write_to(process: subprocess.Popen[bytes], content: bytes, ended: Ended) -> None:
    assert process.stdin is not None
    try:
        _send(process.stdin, content)
    except BrokenPipeError:
        raise ended(process.wait()) from None


def _answer(process: subprocess.Popen[bytes], question: bytes, ended: Ended) -> bytes:
    """Send a question to a worker and wait for the answer. Raise what `ended` makes where the worker died."""
    _write_to(process, question, ended)
    assert process.stdout is not None
    answer = _receive(process.stdout)
    if answer is None:
        raise ended(process.wait())
    return answer


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


def serve(start: Callable[[bytes], Callable[[bytes], bytes]]) -> None:
    """Be a worker: make what answers of the settings, then answer questions until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent decides
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    if (settings := _receive(source)) is None:
        return
    answer = start(settings)
    while (question := _receive(source)) is not None:
        try:
            reply = answer(question)
        except MemoryError:  # the parent reports it
            sys.exit(errno.ENOMEM)
        _send(sink, reply)
