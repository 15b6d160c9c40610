"""Fuzzed requests to `tandem serve`: `python -m benchmarks.serving_fuzz MODEL MODEL...`.

Half of them are made by schemathesis of the server's description, half are broken bytes. Two servers with small limits
get them, one of which asks for a token. What counts as a fault: a status or an answer that is not described, a status
of 500, no answer within ten seconds, anything in the log but lines of the access log, and a server that does not end
well. The models are copied before, so that nothing can happen to their runs.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.fuzz_bytes import Ask, Operation, RawAsks
from benchmarks.fuzz_described import Checker, described_asks, required
from benchmarks.http_answers import Reply, replies_in
from benchmarks.machine import describe_machine
from benchmarks.rounds import Figures

_TOKEN = "0123456789abcdef-fuzz"
_LIMITS = {"characters": 200, "texts": 4, "body": 60_000, "beam": 4, "waiting": 32, "seconds": 6}
_HANGS = 10.0
"""Seconds after which an answer, or the end of a connection, is missing."""
_QUIET = 0.2
"""Seconds without a byte after which a client that may have sent no whole request says that nothing more comes."""
_PAUSE = 0.05
"""Seconds between the pieces of a request."""
_TOGETHER = 12
_BATCH = 1000
_SHOWN = 1500
"""Bytes of a request that are printed."""


def main() -> None:
    """Send the requests, print faults as they come and counts at the end."""
    parser = argparse.ArgumentParser(prog="benchmarks.serving_fuzz", description=__doc__)
    parser.add_argument("models", type=Path, nargs="+", help="two models or more: runs, checkpoints, exports")
    parser.add_argument("--requests", type=int, default=50_000, help="requests to both servers (50000)")
    parser.add_argument(
        "--seconds", type=float, default=86_400, help="stop after so many, however few were sent (a day)"
    )
    parser.add_argument("--seed", type=int, default=1, help="other requests for another seed (1)")
    parser.add_argument("--output", type=Path, help="the JSON file for the figures")
    given = parser.parse_args()
    required("schemathesis")
    figures = {"machine": describe_machine(), **fuzz(given.models, given.requests, given.seed, given.seconds)}
    print(json.dumps(figures, indent=1))
    if given.output:
        given.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    sys.exit(bool(figures["faults"]))


class FuzzedServer(NamedTuple):
    """A server that runs, and what it has written."""

    process: subprocess.Popen[bytes]
    port: int
    access: Path
    log: Path


class Counts:
    """What has come back, and what was wrong with it."""

    def __init__(self) -> None:
        self.statuses: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.kinds = Counter[str]()
        self.faults = Counter[str]()

    def fault(self, name: str, what: str, ask: Ask) -> None:
        """Note a fault, and print it with its request the first times."""
        key = f"{' '.join(ask.operation or (ask.kind,))}: {what[:100]}"
        self.faults[key] += 1
        if self.faults[key] <= 3:
            print(f"FAULT, {name}: {what}\n  {ask.kind} {ask.operation} {_shown(ask)}", flush=True)


def _shown(ask: Ask) -> str:
    content = b"|".join(ask.pieces)
    return repr(content[:_SHOWN]) + (f"... {len(content):,} bytes" if len(content) > _SHOWN else "")


def fuzz(models: Sequence[Path], requests: int, seed: int, seconds: float) -> Figures:
    """Send so many requests, or those of so many seconds, to two servers, and return what came back."""
    counts, began = Counts(), time.monotonic()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        names = [f"model{number}" for number in range(1, len(models) + 1)]
        for name, model in zip(names, models, strict=True):
            shutil.copytree(model, folder / name)
        tokens = folder / "tokens"
        tokens.write_text(_TOKEN + "\n", encoding="ascii")
        options: dict[str, list[str]] = {"open": [], "with tokens": ["--tokens", str(tokens)]}
        servers = {
            name: stack.enter_context(_server(folder, [str(folder / each) for each in names], own, name))
            for name, own in options.items()
        }
        descriptions = {name: _description(server.port) for name, server in servers.items()}
        checkers = {name: Checker(description) for name, description in descriptions.items()}
        described = described_asks(descriptions["with tokens"], names, _TOKEN, seed)
        raw = RawAsks(good_bodies(names), _TOKEN, seed)
        sent = 0
        while sent < requests and time.monotonic() - began < seconds:
            of_schemathesis = list(islice(described, min(_BATCH, requests - sent) // 4))
            for name, server in servers.items():  # the same to both, and own bytes to each
                batch = [ask for one in of_schemathesis for ask in (one, raw.draw())]
                asyncio.run(_all(server.port, name, batch, checkers[name], counts))
                sent += len(batch)
            print(f"{sent:,} requests, {time.monotonic() - began:.0f} s, {counts.faults.total()} faults", flush=True)
        for name, server in servers.items():
            _look_at_the_end(name, server, counts)
    return {
        "requests": sent,
        "by kind": dict(sorted(counts.kinds.items())),
        "statuses": {path: dict(sorted(found.items())) for path, found in sorted(counts.statuses.items())},
        "faults": dict(counts.faults.most_common()),
        "seconds": round(time.monotonic() - began),
    }


def good_bodies(names: Sequence[str]) -> list[tuple[Operation, bytes]]:
    """Return requests that are answered, which are then spoilt."""
    text = "Ein Mann liest ein Buch ."
    contents: list[tuple[str, dict[str, object]]] = [
        ("/v1/translate", {"text": [text, "Zwei Hunde"], "beam": 2, "n_best": 2, "model": names[0]}),
        ("/v1/translate", {"text": text, "stream": True, "prefix": "A man"}),
        ("/v1/score", {"source": [text], "target": ["A man reads a book ."], "model": names[-1]}),
        ("/v1/trace", {"text": text, "beam": 2, "length_penalty": 0.5, "prefix": "A"}),
        ("/v1/alternatives", {"text": text, "tokens": ["A", "man"], "place": 1, "count": 3}),
        ("/v1/saliency", {"text": "Ein Mann", "target": "A man", "model": names[0]}),
        ("/v1/inside", {"text": text, "side": "decoder", "layer": 0, "what": "hidden", "target": "A man"}),
        ("/v1/neighbours", {"text": text, "count": 2}),
        ("/v1/compare", {"models": list(names[:2]), "sources": [text, ""], "references": ["A man", "x"], "beam": 1}),
        ("/translate", {"q": text, "source": "auto", "target": "en", "alternatives": 1}),
    ]
    return [(("POST", path), json.dumps(content).encode()) for path, content in contents]


@contextmanager
def _server(folder: Path, models: Sequence[str], options: Sequence[str], name: str) -> Iterator[FuzzedServer]:
    access, log = folder / f"{name}.access", folder / f"{name}.log"
    limits = [word for limit, value in _LIMITS.items() for word in (f"--max-{limit}", str(value))]
    languages = ["--languages", "de:en"]
    arguments = [sys.executable, "-m", "tandem", "serve", *models, "--port", "0", *limits, *languages, *options]
    environment = {**os.environ, "TANDEM_CACHE": str(folder / "cache")}
    with access.open("wb") as out, log.open("wb") as error:
        process = subprocess.Popen(arguments, stdout=out, stderr=error, env=environment)
    try:
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text(encoding="utf-8"))):
            if process.poll() is not None:
                raise SystemExit(f"the server ended before it served: {log.read_text(encoding='utf-8')}")
            time.sleep(0.1)
        yield FuzzedServer(process, int(found[1]), access, log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _description(port: int) -> dict[str, Any]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/openapi.json")
    request.add_header("Authorization", f"Bearer {_TOKEN}")
    with urllib.request.urlopen(request) as answer:
        content: dict[str, Any] = json.load(answer)
    return content


async def _all(port: int, name: str, asks: Sequence[Ask], checker: Checker, counts: Counts) -> None:
    """Send requests over some connections at a time."""
    remaining = iter(asks)

    async def client() -> None:
        for ask in remaining:
            replies, lack = await _converse(port, ask)
            counts.kinds[ask.kind] += 1
            path = ask.operation[1] if ask.operation else "(other)"
            for reply in replies:
                counts.statuses[path][str(reply.status)] += 1
                if fault := checker.fault(ask, *reply):
                    counts.fault(name, f"{fault}; {reply.body[:200]!r}", ask)
            if not replies:
                counts.statuses[path]["none"] += 1
            if lack:
                counts.fault(name, lack, ask)

    await asyncio.gather(*(client() for _ in range(_TOGETHER)))


async def _converse(port: int, ask: Ask) -> tuple[list[Reply], str | None]:
    """Send a request; return the answers, and what is missing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data, lack = bytearray(), None
    try:
        for number, piece in enumerate(ask.pieces):
            if number:
                await asyncio.sleep(_PAUSE)
            writer.write(piece)
        ended = ask.answers is not None
        while len(replies_in(data)) < (ask.answers or sys.maxsize):
            chunk = await _read(reader, _HANGS if ended else _QUIET)
            if chunk is None and not ended:
                writer.write_eof()
                ended = True
            elif chunk is None:
                lack = f"no answer within {_HANGS:g} s"
                break
            elif not chunk:
                break
            else:
                data += chunk
    except OSError:  # hung up, perhaps with an answer to what came before
        pass
    finally:
        writer.transport.abort()
    found = replies_in(data, closed=True)
    if not lack and len(found) < (ask.answers or 0):
        lack = f"the server hung up after {len(found)} answers of {ask.answers}"
    return found, lack


async def _read(reader: asyncio.StreamReader, seconds: float) -> bytes | None:
    """Return what comes next, nothing at the end; None where nothing comes."""
    try:
        return await asyncio.wait_for(reader.read(2**16), seconds)
    except TimeoutError:
        return None


def _look_at_the_end(name: str, server: FuzzedServer, counts: Counts) -> None:
    """Hold the server's figures, its logs and its exit status to what they should be."""
    ask = Ask("the end", ())
    time.sleep(1)
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/metrics")
    request.add_header("Authorization", f"Bearer {_TOKEN}")
    with urllib.request.urlopen(request) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(("tandem_texts_waiting{", "tandem_texts_running{")) and float(line.split()[-1]):
                counts.fault(name, f"texts are left behind: {line}", ask)
    server.process.send_signal(signal.SIGTERM)
    try:
        status = server.process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        counts.fault(name, "the server does not end", ask)
    else:
        if status:
            counts.fault(name, f"the server ended with status {status}", ask)
    for line in server.log.read_text(encoding="utf-8", errors="replace").splitlines():
        if not re.search(r"serving .* at http", line):
            counts.fault(name, f"in the log: {line}", ask)
    for number, content in enumerate(server.access.read_bytes().splitlines()):
        try:
            json.loads(content)
        except ValueError:
            counts.fault(name, f"line {number} of the access log is no JSON: {content[:200]!r}", ask)


if __name__ == "__main__":
    main()
