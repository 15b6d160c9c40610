"""What whole processes take from their start to their end: processor time and memory, in turn.

The system counts as a process's memory what the process that started it had at that moment. So they are started by a
small one, which this file is, too: it imports neither torch nor numpy, nor anything that might.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def measure_starts(commands: Mapping[str, Sequence[str]], rounds: int = 5) -> dict[str, dict[str, float]]:
    """Return of each command, the arguments of Python, the medians: "cpu_seconds", and "peak_memory" in bytes.

    One round more warms up. Raise CalledProcessError where a command fails.
    """
    question = json.dumps([rounds, list(commands.items())])
    # With -P this file's folder is not among those that modules are imported from.
    command = [sys.executable, "-P", __file__]
    answer = subprocess.run(command, input=question, stdout=subprocess.PIPE, text=True, check=True)
    medians: dict[str, dict[str, float]] = json.loads(answer.stdout)
    return medians


def _medians(rounds: int, commands: Sequence[tuple[str, Sequence[str]]]) -> dict[str, Any]:
    used: dict[str, list[tuple[float, int]]] = {name: [] for name, _ in commands}
    for number in range(rounds + 1):
        for name, arguments in commands:
            usage = _usage([sys.executable, *arguments])
            if number:
                used[name].append(usage)
    return {
        name: {
            "cpu_seconds": round(statistics.median(seconds for seconds, _ in own), 4),
            "peak_memory": statistics.median(memory for _, memory in own),
        }
        for name, own in used.items()
    }


def _usage(command: Sequence[str]) -> tuple[float, int]:
    """Run a command and return the seconds, user's and system's, and the bytes that it took at most."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    json.dump(_medians(*json.load(sys.stdin)), sys.stdout)
