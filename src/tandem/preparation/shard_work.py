"""The work on one shard of a corpus: its words are counted, then its pairs encoded, into files of the shard's own.

It needs what is JSON alone, so processes beside the main one do it (`python -m tandem.preparation.shard_work`).
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from tandem.corpora.pairs import Dropped, Fault, Pair, pairs_of_part
from tandem.corpora.parallel_files import ParallelFiles
from tandem.errors import CorpusError, TandemError
from tandem.files.atomic import flush, move_into_place
from tandem.files.locks import Held
from tandem.names import OnError
from tandem.preparation.chunks import Counting, Encoding
from tandem.preparation.claims import claim_of, claimed
from tandem.preparation.encoded import SideWriter
from tandem.preparation.findings import changed_meanwhile
from tandem.preparation.passes import Counts, add_chunk, cut_chunks
from tandem.processes import serve
from tandem.text.normalisation import normalise

Stage: TypeAlias = Literal["counted", "encoded"]
Stamps: TypeAlias = Mapping[Path, tuple[int, int]]
"""The size and the time stamp of files."""

_PARTS = ("source.ids", "source.offsets", "target.ids", "target.offsets")


class Shards(NamedTuple):
    """What every process has to know of a corpus in shards."""

    folder: str  # where the files of the shards are written
    locks: str
    key: str
    shards: Sequence[Sequence[str]]  # the files of each shard
    stamps: Sequence[Sequence[Sequence[int]]]  # size and time stamp of each file of each shard
    on_error: OnError
    max_characters: int

    def record(self, number: int, stage: Stage) -> Path:
        """Return the file that is there once a shard is counted or encoded."""
        return self.file(number, f"{stage}.json")

    def file(self, number: int, name: str) -> Path:
        """Return a file of a shard."""
        return Path(self.folder) / f"{number:05}.{name}"

    def claim(self, number: int) -> Path:
        """Return the lock on a shard."""
        return claim_of(Path(self.locks), self.key, f"{number:05}")


class HeldOut(NamedTuple):
    """Which pairs are held out."""

    sources: Sequence[str]
    lowercase: bool
    also_trained: bool  # whether they are trained on, too


@dataclass(frozen=True)
class ShardWork:
    """Counts or encodes shards, each under a claim."""

    shards: Shards
    counting: Counting | None
    encoding: Encoding | None
    held_out: HeldOut

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "ShardWork":
        """Return the work with these `settings`."""
        counting, encoding = settings["counting"], settings["encoding"]
        return cls(
            Shards(*settings["shards"]),
            None if counting is None else Counting(**counting),
            None if encoding is None else Encoding.of(encoding),
            HeldOut(*settings["held_out"]),
        )

    def settings(self) -> dict[str, Any]:
        """Return, for JSON, all that makes the same work in another process."""
        return {
            "shards": self.shards,
            "counting": None if self.counting is None else self.counting.settings(),
            "encoding": None if self.encoding is None else self.encoding.settings(),
            "held_out": self.held_out,
        }

    @property
    def stage(self) -> Stage:
        """Which record this makes."""
        return "encoded" if self.counting is None else "counted"

    def run(self, number: int) -> bool:
        """Do a shard that is not done yet. Return False where another process holds it.

        Raise CorpusError for a shard that cannot be read, was changed, or has a faulty pair under "stop".
        """
        record = self.shards.record(number, self.stage)
        try:
            with claimed(self.shards.claim(number)):
                # What is finished meanwhile has its record, or is joined already, and its folder is gone.
                if record.exists() or not record.parent.is_dir():
                    return True
                corpus = ParallelFiles(*map(Path, self.shards.shards[number]))
                self._count(number, corpus) if self.counting is not None else self._encode(number, corpus)
        except Held:
            return False
        return True

    def _count(self, number: int, corpus: ParallelFiles) -> None:
        assert self.counting is not None
        counts = Counts(Dropped(self.shards.max_characters))
        faults: list[str] = []
        for chunk in cut_chunks(self._pairs(corpus, counts.dropped, self.shards.on_error, faults)):
            counts.add(self.counting.run(chunk), self.counting)
        counts.done = True
        self._check_unchanged(number, corpus)
        self._write(number, "faulty.txt", "".join(faults))
        self._write(number, "counted.json", json.dumps(counts.state(), ensure_ascii=False))

    def _encode(self, number: int, corpus: ParallelFiles) -> None:
        assert self.encoding is not None
        dropped, held = Dropped(self.shards.max_characters), list[Pair]()
        sources, lowercase, also_trained = frozenset(self.held_out.sources), *self.held_out[1:]

        def training_pairs() -> Iterator[Pair]:
            for pair in self._pairs(corpus, dropped, "drop", []):
                is_held = bool(sources) and normalise(pair.source, lowercase=lowercase) in sources
                if is_held:
                    held.append(pair)
                if not is_held or also_trained:
                    yield pair

        token = _token()
        writers = [SideWriter(self.shards.file(number, f"{token}.{side}")) for side in ("source", "target")]
        try:
            for chunk in cut_chunks(training_pairs()):
                add_chunk(writers, self.encoding.run(chunk))
            for writer in writers:
                writer.flush()
        finally:
            for writer in writers:
                writer.close()
        self._check_unchanged(number, corpus)
        for part in _PARTS:
            move_into_place(self.shards.file(number, f"{token}.{part}"), self.shards.file(number, part))
        done = {"rows": dropped.total, "kept": writers[0].sentences, "held": held}
        self._write(number, "encoded.json", json.dumps(done, ensure_ascii=False))

    def _pairs(self, corpus: ParallelFiles, dropped: Dropped, on_error: OnError, faults: list[str]) -> Iterator[Pair]:
        def add(fault: Fault) -> None:
            faults.append(" ".join(fault.message().split()) + "\n")

        return pairs_of_part(corpus, dropped, on_error=on_error, on_fault=add)

    def _check_unchanged(self, number: int, corpus: ParallelFiles) -> None:
        if [*stamps_of(corpus.files).values()] != [tuple(stamp) for stamp in self.shards.stamps[number]]:
            raise changed_meanwhile(corpus.name)

    def _write(self, number: int, name: str, text: str) -> None:
        """Write a file aside, flushed, under a name that no other process has, and move it into place."""
        aside = self.shards.file(number, f"{_token()}.{name}")
        aside.write_text(text, encoding="utf-8", errors="surrogatepass", newline="\n")
        flush(aside)
        move_into_place(aside, self.shards.file(number, name))


def stamps_of(files: Iterable[Path]) -> Stamps:
    """Return the size and the time stamp of each file that exists."""
    states = {path: path.stat() for path in files if path.exists()}
    return {path: (state.st_size, state.st_mtime_ns) for path, state in states.items()}


def _token() -> str:
    return os.urandom(4).hex()


def pack_result(work: Callable[[int], bool], number: int) -> bytes:
    """Return the result of a shard, or what went wrong, as JSON."""
    try:
        return json.dumps({"done": work(number)}).encode()
    except TandemError as error:
        return json.dumps({"error": str(error)}).encode()
    except OSError as error:
        return json.dumps({"errno": error.errno, "strerror": error.strerror, "filename": error.filename}).encode()


def unpack_result(packed: bytes) -> bool:
    """Return the result of a shard. Raise the CorpusError or the OSError that was packed."""
    result = json.loads(packed)
    if "error" in result:
        raise CorpusError(result["error"])
    if "errno" in result:
        raise OSError(result["errno"], result["strerror"], result["filename"])
    return bool(result["done"])


def _started(content: bytes) -> Callable[[bytes], bytes]:
    work = ShardWork.of(json.loads(content))
    return lambda question: pack_result(work.run, int(question))


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # the main process has ended
        serve(_started)
