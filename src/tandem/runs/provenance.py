"""What a training ran on, kept as `provenance.json` in the directory of the run and in each of its checkpoints."""

import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from tandem.errors import CheckpointError
from tandem.files.paths import portable_path, read_text
from tandem.files.seals import check_directory, holds, unreadable
from tandem.terminal import shell_command
from tandem.version import __version__

if TYPE_CHECKING:
    import torch

PROVENANCE = "provenance.json"
_MOST_BYTES = 2**24  # the largest size of the file; a session takes about a thousand bytes
_QUOTED = re.compile(r'(?<=")[^"]*(?=")')


@dataclass(frozen=True)
class Session:
    """One process's part of a training."""

    started: str  # the date and time in UTC
    first_step: int  # the number of optimiser steps that earlier sessions completed
    command: tuple[str, ...]  # the words that were typed; only `tandem.train` where a Python program called it
    device: str
    processor: str
    threads: int  # the number of threads that torch uses on the processor
    precision: str  # The type that matrix products ran in: float32 or bfloat16.
    torch: str
    tandem: str
    python: str
    platform: str
    corpora: Mapping[str, Sequence[Mapping[str, str]]]
    """The files of the training and the validation corpus, each with its `name` and `sha256`.

    A corpus without files has the SHA-256 of its pairs. Without a validation corpus, training pairs were held back.
    Files of vectors that embeddings started from are here, too.
    """

    def portable(self) -> "Session":
        """Return the session without the paths of this machine, since checkpoints are passed on."""
        return replace(self, command=tuple(map(_portable_word, self.command)))

    def described(self) -> dict[str, str]:
        """Return the session for people: a label and a text for each part."""
        where = self.processor if self.device == "cpu" else f"{self.device}, {self.processor}"
        files = (f"{name}: {file['name']} {file['sha256']}" for name, part in self.corpora.items() for file in part)
        return {
            "command": shell_command(*self.command),
            "started": self.started if not self.first_step else f"{self.started}, after step {self.first_step:,}",
            "machine": f"{where}, {self.threads} thread{'s' * (self.threads != 1)}, {self.precision}",
            "software": f"Tandem {self.tandem}, torch {self.torch}, Python {self.python}, {self.platform}",
            "corpora (SHA-256)": "\n".join(files),
        }


_SESSIONS = TypeAdapter(list[Session])


def this_session(
    command: Sequence[str],
    first_step: int,
    device: "torch.device",
    dtype: "torch.dtype",
    corpora: Mapping[str, Sequence[tuple[str, str]]],
) -> Session:
    """Return the session that begins now. `corpora` holds name and SHA-256 of each file, by the part of the corpus."""
    import torch

    kind = f"{device.type} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type
    return Session(
        started=datetime.now(UTC).isoformat(" ", "seconds"),
        first_step=first_step,
        command=tuple(command),
        device=kind,
        processor=processor_name(),
        threads=torch.get_num_threads(),
        precision=str(dtype).removeprefix("torch."),
        torch=str(torch.__version__),
        tandem=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        corpora={part: [{"name": name, "sha256": sha256} for name, sha256 in files] for part, files in corpora.items()},
    )


def provenance_text(sessions: Sequence[Session]) -> str:
    """Return the content of a `provenance.json`."""
    return json.dumps({"sessions": [asdict(session) for session in sessions]}, indent=2) + "\n"


def read_provenance(directory: Path) -> list[Session]:
    """Read the sessions of a run or a checkpoint, the oldest first; none where its directory has no provenance.

    CheckpointError where the file is damaged.
    """
    if holds(directory, PROVENANCE):
        check_directory(directory, (PROVENANCE,))
    try:
        content: Any = json.loads(read_text(directory / PROVENANCE, _MOST_BYTES))
        return _SESSIONS.validate_python(content["sessions"])
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unreadable(directory / PROVENANCE, error) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{directory / PROVENANCE}: damaged: it does not list sessions as Tandem writes them. Copy it again"
        ) from error


def processor_name() -> str:
    """Return the name of the processor; on Linux with family and model, since different ones may share a name."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    keys = ("model name", "cpu family", "model")
    matches = [re.search(rf"^{key}\s*: (.+)$", text, flags=re.MULTILINE) for key in keys]
    name, family, model = (match[1].strip() if match else "" for match in matches)
    numbers = f" (family {family}, model {model})" if family and model else ""
    return f"{name}{numbers}" if name else platform.processor() or platform.machine()


def _portable_word(word: str) -> str:
    """Replace paths by file names in a word of a command, also after "=" and inside quotes."""
    name, equals, value = word.partition("=")
    if equals:
        value = _QUOTED.sub(lambda match: portable_path(match[0]), value)
        return f"{name}={portable_path(value)}"
    return portable_path(word)
