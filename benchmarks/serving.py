"""`tandem serve` beside one call of `translate`: `python -m benchmarks.serving MODEL TEXTS`.

Server and client are two processes. `load` and `alone` compare rates and times, the two sides taking turns; `overload`
asks for ten times what can be done; `storm` cancels, breaks and reads slowly, and stops the server in the middle.
"""

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tandem
from benchmarks.http_client import Answer, Connection, ServerProcess, closed_loop, serving
from benchmarks.machine import describe_machine
from benchmarks.rounds import Figures, percentile, rounded

PARTS = ("load", "alone", "overload", "storm")
GATHERINGS = ("continuous", "one text a batch", "a window of 100 ms")
_TIMES = 10
"""How much more than the server can do is asked for."""
_ALONE = 100
"""Sentences of one client alone."""
_STORM_BEAMS = (1, 3)
_SECONDS_TO_SETTLE = 15
"""Of the overload: by then as many texts wait and are searched as may be, and memory is compared from there on."""
_SECONDS_TO_THE_END = 2
"""Between the second half of the storm and the server's end."""


def main() -> None:
    """Measure the parts that are asked for, print them, and write them where asked."""
    parser = argparse.ArgumentParser(prog="benchmarks.serving", description=__doc__)
    parser.add_argument("model", type=Path, help="the run, checkpoint or export")
    parser.add_argument("texts", type=Path, help="a file with a sentence a line")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between them")
    parser.add_argument("--sentences", type=int, default=1000, help="how many of the texts (1000)")
    parser.add_argument("--clients", type=int, default=64, help="clients at a time (64)")
    parser.add_argument("--beams", default="1,5", help="beams of load and alone (1,5)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of load and alone (3)")
    parser.add_argument("--seconds", type=float, default=60, help="seconds of the overload (60)")
    parser.add_argument("--requests", type=int, default=10_000, help="requests of the storm (10000)")
    parser.add_argument("--output", type=Path, help="the JSON file for the figures")
    given = parser.parse_args()
    texts = given.texts.read_text(encoding="utf-8").splitlines()[: given.sentences]
    beams = [int(beam) for beam in given.beams.split(",")]
    measures: dict[str, Callable[[], Figures]] = {
        "load": lambda: measure_load(given.model, texts, given.clients, beams, given.rounds),
        "alone": lambda: measure_alone(given.model, texts, beams, given.rounds),
        "overload": lambda: measure_overload(given.model, texts, given.seconds),
        "storm": lambda: measure_storm(given.model, texts, given.requests),
    }
    content: Figures = {"machine": describe_machine(), "model": given.model.name, "parts": {}}
    for part in given.only.split(","):
        content["parts"][part] = figures = measures[part]()
        print(f"{part}: {json.dumps(figures, indent=1)}", flush=True)
    if given.output:
        given.output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


class Offline:
    """A process that translates all texts in one call, or one by one, each time that it is asked to."""

    def __init__(self, model: Path) -> None:
        arguments = [sys.executable, "-m", "benchmarks.serving_sides", "offline", str(model)]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def translate(self, texts: Sequence[str], beam: int, *, together: bool) -> tuple[list[float], list[str]]:
        """Return the seconds of each call, and the outputs."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"texts": texts, "beam": beam, "together": together}) + "\n")
        self._process.stdin.flush()
        seconds, outputs = json.loads(self._process.stdout.readline())
        return seconds, outputs

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _server(model: Path, gathering: str, log: Path, *options: str) -> Any:
    if gathering == "continuous":
        return serving(["-m", "tandem", "serve", str(model), "--port", "0", *options], log)
    return serving(["-m", "benchmarks.serving_sides", gathering, str(model)], log)


def measure_load(model: Path, texts: list[str], clients: int, beams: list[int], rounds: int) -> Figures:
    """Rates of many clients with one sentence each, beside one call with all of them."""
    figures: Figures = {"unit": "sentences/s", "clients": clients, "sentences": len(texts)}
    offline = Offline(model)
    with tempfile.TemporaryDirectory() as folder:
        for beam in beams:
            rates: dict[str, list[float]] = {"one call": [], **{gathering: [] for gathering in GATHERINGS}}
            (_, expected), equal = offline.translate(texts, beam, together=True), 0
            for gathering in GATHERINGS:
                with _server(model, gathering, Path(folder) / "log") as server:
                    asyncio.run(closed_loop(server.port, texts, clients, {"beam": beam}))  # to warm up
                    for _ in range(rounds):
                        seconds, _ = offline.translate(texts, beam, together=True)
                        rates["one call"].append(len(texts) / seconds[0])
                        own, outputs, _ = asyncio.run(closed_loop(server.port, texts, clients, {"beam": beam}))
                        rates[gathering].append(len(texts) / own)
                    equal += outputs == expected
                    server.stop()
            figures[f"beam {beam}"] = {**_shares(rates, rounds), "outputs equal": equal == len(GATHERINGS)}
    offline.close()
    return figures


def _shares(rates: dict[str, list[float]], rounds: int) -> Figures:
    """Each gathering's median rate, and its share of the rate of one call in the same rounds."""
    shares: Figures = {"one call": rounded(statistics.median(rates["one call"]))}
    for number, gathering in enumerate(GATHERINGS):
        base = rates["one call"][number * rounds : (number + 1) * rounds]
        share = statistics.median(mine / other for mine, other in zip(rates[gathering], base, strict=True))
        shares[gathering] = {"median": rounded(statistics.median(rates[gathering])), "share": rounded(share)}
    return shares


def measure_alone(model: Path, texts: list[str], beams: list[int], rounds: int) -> Figures:
    """Time of one client's request, beside a call with the same sentence in a process.

    Both processes are new in each round: the same program is a few per cent faster in one process than in another,
    which is more than a server adds.
    """
    sample = texts[:_ALONE]
    called: dict[int, list[float]] = {beam: [] for beam in beams}
    served: dict[int, list[float]] = {beam: [] for beam in beams}
    added: dict[int, list[float]] = {beam: [] for beam in beams}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            offline = Offline(model)
            with _server(model, "continuous", Path(folder) / "log") as server:
                for beam in beams:
                    for counts in (False, True):  # the first time is to warm up
                        seconds, _ = offline.translate(sample, beam, together=False)
                        _, _, latencies = asyncio.run(closed_loop(server.port, sample, 1, {"beam": beam}))
                        if counts:
                            called[beam] += seconds
                            served[beam] += latencies
                            pairs = zip(latencies, seconds, strict=True)
                            added[beam].append(1000 * statistics.median(mine - other for mine, other in pairs))
                server.stop()
            offline.close()
    figures: Figures = {"unit": "ms a sentence, medians", "rounds": rounds}
    for beam in beams:
        figures[f"beam {beam}"] = {
            "one call": rounded(1000 * statistics.median(called[beam])),
            "served": rounded(1000 * statistics.median(served[beam])),
            "added": rounded(statistics.median(added[beam])),
            "added in each round": [rounded(each) for each in added[beam]],
        }
    return figures


def _expected(model: Path, texts: list[str], beam: int | None = None) -> dict[str, str]:
    """Return what each text is translated to in one call."""
    found = tandem.load(model).translate(texts, beam=beam)
    return dict(zip(texts, (each.text for each in found), strict=True))


def measure_overload(model: Path, texts: list[str], seconds: float) -> Figures:
    """What the server does when ten times as much is asked for as it can do."""
    expected = _expected(model, texts)
    with (
        tempfile.TemporaryDirectory() as folder,
        _server(model, "continuous", Path(folder) / "log", "--max-waiting", "128") as server,
    ):
        able = asyncio.run(closed_loop(server.port, texts, 64, {}))[0]
        rate = _TIMES * len(texts) / able
        figures = asyncio.run(_overloaded(server, texts, expected, rate, seconds))
        figures["exit status"] = server.stop()
    return {"can do": rounded(len(texts) / able), "asked for": rounded(rate), **figures}


async def _overloaded(
    server: ServerProcess, texts: list[str], expected: dict[str, str], rate: float, seconds: float
) -> Figures:
    """Send requests at a rate, whatever becomes of them."""
    idle: list[Connection] = []
    statuses: Counter[int] = Counter()
    refused: list[float] = []
    memory: list[int] = []
    wrong = 0

    async def one(text: str) -> None:
        nonlocal wrong
        connection = idle.pop() if idle else Connection(server.port)
        began = time.perf_counter()
        answer = await connection.post("/v1/translate", {"text": text})
        statuses[answer.status] += 1
        if answer.status == 429:
            refused.append(time.perf_counter() - began)
        elif answer.status == 200:
            wrong += answer.content["translations"][0]["text"] != expected[text]
        idle.append(connection)

    tasks: set[asyncio.Task[None]] = set()
    began, sent = time.perf_counter(), 0
    while (now := time.perf_counter() - began) < seconds:
        due = int(now * rate)
        for number in range(sent, due):
            task = asyncio.create_task(one(texts[number % len(texts)]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        sent = max(sent, due)
        if len(memory) <= now:  # once a second
            memory.append(server.resident)
        await asyncio.sleep(0.005)
    await asyncio.gather(*tasks)
    settled = memory[min(_SECONDS_TO_SETTLE, len(memory) - 1) :]
    return {
        "requests": sent,
        "statuses": dict(sorted(statuses.items())),
        "wrong": wrong,
        "refused, ms, median": rounded(1000 * statistics.median(refused)) if refused else None,
        "refused, ms, 99 % below": rounded(1000 * percentile(refused, 0.99)) if refused else None,
        "memory, MB": [rounded(min(settled) / 1e6), rounded(max(settled) / 1e6)],
    }


def measure_storm(model: Path, texts: list[str], requests: int) -> Figures:
    """Cancellations, slow readers, broken bodies, and the end in the middle of it: what is lost."""
    expected = {beam: _expected(model, texts, beam) for beam in _STORM_BEAMS}
    with tempfile.TemporaryDirectory() as folder, _server(model, "continuous", Path(folder) / "log") as server:
        figures = asyncio.run(_storm(server, texts, expected, requests))
        figures["exit status"] = server.process.wait(timeout=120)
    return figures


async def _storm(
    server: ServerProcess, texts: list[str], expected: dict[int, dict[str, str]], requests: int
) -> Figures:
    chance, counts, together = random.Random(1), Counter[str](), asyncio.Semaphore(100)

    async def one(number: int) -> None:
        text, beam, fate = texts[number % len(texts)], chance.choice(_STORM_BEAMS), chance.random()
        async with together:
            connection = Connection(server.port)
            try:
                answer = await _asked(connection, text, beam, fate, chance.random())
            except ConnectionRefusedError:
                counts["came after the end"] += 1
                return
            except (OSError, EOFError):
                counts["hung up on"] += 1
                return
            finally:
                connection.close()
        counts["left by the client" if answer is None else f"status {answer.status}"] += 1
        if answer and answer.status == 200:
            counts["wrong"] += answer.content["translations"][0].get("text") != expected[beam][text]

    await asyncio.gather(*(one(number) for number in range(requests // 2)))
    left = await _left_behind(server)
    tasks = [asyncio.create_task(one(number)) for number in range(requests // 2, requests)]
    await asyncio.sleep(_SECONDS_TO_THE_END)
    server.process.terminate()
    await asyncio.gather(*tasks)
    return {"requests": requests, **dict(sorted(counts.items())), "texts left behind": left}


async def _asked(connection: Connection, text: str, beam: int, fate: float, pause: float) -> Answer | None:
    """Ask for a translation in one of several ways; return the answer, or None where the client leaves before."""
    path, body = "/v1/translate", json.dumps({"text": text, "beam": beam}).encode()
    if fate < 0.1:  # half of a body
        await connection.send(path, body[:9], promised=len(body))
        return None
    if fate < 0.2:  # no JSON
        await connection.send(path, b'{"text": [nan')
        return await connection.receive()
    await connection.send(path, body)
    if fate < 0.4:  # leaves while its text is searched
        await asyncio.sleep(pause / 20)
        return None
    if fate < 0.5:  # reads late
        await asyncio.sleep(pause / 5)
    return await connection.receive()


async def _left_behind(server: ServerProcess) -> float:
    """Return the texts that still wait or are searched, once all clients have gone."""
    await asyncio.sleep(1)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    lines = (await reader.read()).decode().splitlines()
    writer.close()
    return sum(
        float(line.split()[-1]) for line in lines if line.startswith(("tandem_texts_waiting{", "tandem_texts_running{"))
    )


if __name__ == "__main__":
    main()
