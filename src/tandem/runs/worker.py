"""One of the processes of a training that `runs/launching.py` starts: `python -m tandem.runs.worker JOB`."""

import json
import os
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tandem.errors import TandemError
from tandem.names import Device
from tandem.recipe import load_recipe
from tandem.runs.corpora import GivenPairs
from tandem.runs.relaying import Relay
from tandem.runs.reporting import write_reasons
from tandem.runs.session import Run
from tandem.runs.stopping import Stopped, Stopping
from tandem.training.group import PeerLost, Processes

LOST = 75
"""The exit code of a process that has lost another one: the other one's end is what happened."""
_FAILED = 1


@dataclass(frozen=True)
class Job:
    """What is trained, as a folder with files of its own says it."""

    out: str
    device: Device
    resume: bool
    verify: bool
    reasons: list[str]
    command: list[str]

    def run(self, folder: Path, relay: Relay) -> None:
        """Take part in the training. Every process has the same job."""
        recipe = load_recipe(folder / "recipe.toml")
        out, group = Path(self.out), Processes()
        writes = group.rank == 0
        with Stopping(lambda _: None) as stopping:
            run = Run(
                recipe,
                out,
                device=self.device,
                resume=self.resume,
                given=read_given(folder),
                verify=self.verify,
                recorders=[relay] if writes else (),
                on_progress=relay.on_progress if writes else lambda *_: None,
                notify=relay.notify if writes else lambda _: None,
                command=self.command,
                group=group,
                asked=lambda: stopping.asked,
            )
            if writes and (self.reasons or not self.resume):
                run.claim()
                write_reasons(out, self.reasons)
            with stopping.patient():
                run.go(stopping)
        group.leave()


def write_given(given: GivenPairs | None, folder: Path) -> None:
    """Write pairs from a Python program to files of this folder."""
    for part, pairs in (given or GivenPairs())._asdict().items():
        if pairs is not None:
            (folder / f"{part}.json").write_text(
                json.dumps([list(pair) for pair in pairs]), encoding="utf-8", newline="\n"
            )


def read_given(folder: Path) -> GivenPairs:
    """Read the pairs that `write_given` wrote."""
    files = {part: folder / f"{part}.json" for part in GivenPairs._fields}
    return GivenPairs(**{part: _pairs(file) for part, file in files.items() if file.exists()})


def _pairs(file: Path) -> list[Any]:
    return [tuple(pair) for pair in json.loads(file.read_text(encoding="utf-8"))]


def main() -> None:
    """Train as the job says, and tell of it on standard output, which nothing else writes to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the one that started us decides
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    relay, folder = Relay(output), Path(sys.argv[1])
    threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
    try:
        Job(**json.loads((folder / "job.json").read_text(encoding="utf-8"))).run(folder, relay)
    except Stopped:
        pass
    except PeerLost as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(LOST)  # without the farewells of torch.distributed, which would wait for the others
    except TandemError as error:
        relay.end(error)
        os._exit(_FAILED)
    relay.end()


def _end_with_parent(folder: Path) -> None:
    """End this process at once when standard input ends, since the process that started it has then been killed.

    The folder of the job goes, too, as nobody else is left who would remove it.
    """
    while os.read(0, 1):  # not by sys.stdin, which a thread must not be reading from when Python ends
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(LOST)


if __name__ == "__main__":
    main()
