"""Worker processes of our own, which answer questions, so that all cores are used.

Not multiprocessing's, which would run the script of the user again in each process.
"""

import errno
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
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
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""The variables by which libraries for arithmetic are told how many threads to use, before they are loaded."""
_WATCH_SECONDS = 1.0


class WorkerEnded(Exception):
    """A worker process ended, with this code, before it had answered."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the process ended ({code})")
        self.code = code


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
        free: SimpleQueue[Worker] = SimpleQueue()
        for _ in range(processes):
            free.put(worker := Worker(module, settings))
            stack.callback(worker.close)

        def ask(question: Question) -> Answer:
            worker = free.get()
            try:
                return unpack(worker.ask(pack(question)))
            except WorkerEnded as error:
                raise ended(error.code) from None
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


class Worker:
    """A process that runs a module, which calls `serve`, and is asked one question at a time."""

    def __init__(self, module: str, settings: bytes, *, threads: int = 1) -> None:
        """Start the process. It has `threads` threads for the arithmetic of each library, and ends with this one."""
        command, environment = _module(module)
        environment |= {"TOKENIZERS_PARALLELISM": "false"} | dict.fromkeys(_THREADS, str(threads))
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment)
        self._settings: bytes | None = settings

    def ask(self, question: bytes) -> bytes:
        """Return the answer to a question. Raise WorkerEnded where the process has ended before it."""
        source, sink = self._process.stdin, self._process.stdout
        assert source is not None
        assert sink is not None
        try:
            if self._settings is not None:
                _send(source, self._settings)
                self._settings = None
            _send(source, question)
        except (BrokenPipeError, ValueError):  # ValueError: `close` in another thread
            raise WorkerEnded(self._process.wait()) from None
        answer = _receive(sink)
        if answer is None:
            raise WorkerEnded(self._process.wait())
        return answer

    def kill(self) -> None:
        """End the process at once, whatever it is doing. Whoever waits for its answer gets WorkerEnded."""
        self._process.kill()

    def close(self) -> None:
        """End the process, and wait until it has ended."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):  # input that it never read
                stream.close()  # type: ignore[union-attr]
        self._process.wait()


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
    _end_with_parent()
    answer = start(settings)
    while (question := _receive(source)) is not None:
        try:
            reply = answer(question)
        except MemoryError:  # the parent reports it
            sys.exit(errno.ENOMEM)
        _send(sink, reply)


def _end_with_parent() -> None:
    """End this process soon after its parent has ended, even if that was killed: nobody waits for its work."""
    parent = os.getppid()
    # On Windows it never changes; there the worker ends at its next question.
    end_unless(lambda: os.getppid() == parent)


def end_unless(wanted: Callable[[], bool]) -> None:
    """End this process within about a second after `wanted` turns false, whatever it is doing."""

    def watch() -> None:
        while wanted():
            time.sleep(_WATCH_SECONDS)
        os._exit(errno.ECHILD)

    threading.Thread(target=watch, daemon=True).start()
