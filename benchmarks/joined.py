"""Starts the processes of a training as `tandem train --processes` does."""

import json
import os
import socket
import subprocess
import sys
from typing import Any

from benchmarks.rounds import Figures
from tandem.runs.launching import ALLOCATION


def start_joined(module: str, job: Figures, processes: int, threads: int) -> "list[subprocess.Popen[str]]":
    """Run a module by so many processes, each with the job as its argument. One process is in no group."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    for rank in range(processes):
        places: dict[str, Any] = {"OMP_NUM_THREADS": threads}
        if processes > 1:
            places |= {"RANK": rank, "LOCAL_RANK": rank, "GROUP_RANK": 0, "TORCHELASTIC_RUN_ID": "benchmark"}
            places |= ALLOCATION
            places |= {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes}
            places |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        environment = os.environ | {name: str(value) for name, value in places.items()}
        command = [sys.executable, "-m", module, json.dumps(job)]
        started.append(
            subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        )
    return started


def train_joined(module: str, job: Figures, processes: int, threads: int) -> Figures:
    """Run a module by so many processes to its end, and return the JSON that process 0 prints last.

    RuntimeError where a process ends with an error.
    """
    started = start_joined(module, job, processes, threads)
    outputs = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"one of {processes} processes that train by {job} ended with an error")
    figures: Figures = json.loads(outputs[0].splitlines()[-1])
    return figures
