"""The two passes over a corpus: counting words, then encoding pairs. Each continues after an interruption.

All cores work on chunks of pairs. Memory grows only with the number of different words, not with the corpus.
"""

import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Self, TextIO

from tandem.corpora.pairs import Dropped, Fault, Pair, good_pairs
from tandem.files.atomic import replace_file
from tandem.preparation.cache import ACCOUNT, FAULTY, seal
from tandem.preparation.chunks import Chunk, Counted, Counting, EncodedChunk, Encoding, first_by_chance
from tandem.preparation.encoded import SideWriter
from tandem.preparation.findings import Findings, changed_meanwhile
from tandem.preparation.sources import Sources, Tokens, held_out
from tandem.preparation.workers import work
from tandem.terminal import OnProgress
from tandem.text.counts import WordCounts
from tandem.text.normalisation import normalise

_PAIRS, _CHARACTERS = 20_000, 4_000_000  # the size of a chunk, which its last few pairs may exceed
_SAVED_EVERY = 15.0  # seconds between two times that the progress is saved
_COUNTED, _ENCODED = "counted.json", "encoded.json"  # the files with the progress of each pass


@dataclass
class Counts:
    """The result of the first pass so far."""

    dropped: Dropped
    source: WordCounts = field(default_factory=lambda: WordCounts(Counter(), 0))
    target: WordCounts = field(default_factory=lambda: WordCounts(Counter(), 0))
    sizes: dict[str, int] = field(default_factory=dict)
    """The number of pairs of each normalised source that is among the first by chance."""
    done: bool = False

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Self:
        """Return the counts from the JSON of their `state`."""
        source, target = (WordCounts(Counter(words), texts) for words, texts in (state["source"], state["target"]))
        return cls(Dropped(**state["dropped"]), source, target, state["sizes"], state["done"])

    def state(self) -> dict[str, Any]:
        """Return the counts, for JSON."""
        return {**vars(self), "dropped": asdict(self.dropped)}

    def add(self, more: Counted, task: Counting) -> None:
        """Add those of the chunk or the shard that follows."""
        self.source, self.target = self.source.add(more.source), self.target.add(more.target)
        for source, count in more.sizes.items():
            self.sizes[source] = self.sizes.get(source, 0) + count
        if len(self.sizes) > 2 * task.most:
            self.sizes = first_by_chance(self.sizes, task.seed, task.most)


@dataclass
class Preparation:
    """A preparation, in a folder that gets its final name later. It continues what an earlier one left there."""

    _sources: Sources
    _tokens: Tokens
    _folder: Path
    _pairs: int | None  # the number of pairs to read, if that is known
    _on_progress: OnProgress
    _saved: float = field(default_factory=time.monotonic)

    @cached_property
    def _findings(self) -> Findings:
        return Findings(self._sources)

    def run(self, to: Path, is_unchanged: Callable[[], bool]) -> None:
        """Prepare, and seal the folder, which will be renamed to `to`.

        Raise CorpusError where `is_unchanged` returns False at the end: the files were changed while they were read.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / ACCOUNT).unlink(missing_ok=True)  # it describes files that are written again
        counts = self._count()
        self._findings.tell_dropped(self._sources.train, counts.dropped, to)
        tokenizers = self._tokens.learn(counts.source, counts.target)
        encoding = Encoding(
            *tokenizers,
            reverse_source=self._tokens.reverse_source,
            max_tokens=self._sources.max_tokens,
            copying=self._tokens.copying,
        )
        given = self._given_validation(counts.dropped.count, to)
        pairs, held = self._encode(encoding, counts)
        validation = held if given is None else given
        encode_validation(encoding, validation, self._folder, self._findings)
        if not is_unchanged():
            raise changed_meanwhile(self._sources.name)
        seal(self._folder, tokenizers, validation, self._sources.name, pairs, self._findings.messages)
        for name in (_COUNTED, _ENCODED):  # nothing remains to be continued
            (self._folder / name).unlink(missing_ok=True)

    def _count(self) -> Counts:
        """Run the first pass, over words, sources and faulty pairs."""
        state = self._load(_COUNTED)
        counts = Counts.of(state) if state else Counts(Dropped(self._sources.max_characters))
        if counts.done:
            return counts
        sources = self._sources
        most = 0 if sources.validation else 2 * sources.at_most
        task = Counting(sources.seed, most, sources.lowercase, sources.features)
        ahead = replace(counts.dropped)  # covers all that was read, which is more than was counted
        marks: deque[Dropped] = deque()
        with self._listed(keep=ahead.count) as listed:
            pairs = good_pairs(
                self._sources.train,
                ahead,
                on_error=self._sources.on_error,
                skip=ahead.total,
                on_fault=writing_faults(listed),
            )
            for more in work(task, cut_chunks(pairs, lambda: marks.append(replace(ahead)))):
                counts.add(more, task)
                counts.dropped = marks.popleft()
                self._on_progress("counting words", counts.dropped.total, self._pairs)
                if self._due():
                    listed.flush()
                    os.fsync(listed.fileno())
                    self._save(_COUNTED, counts.state())
        counts.dropped, counts.done = ahead, True
        self._save(_COUNTED, counts.state())
        return counts

    def _given_validation(self, listed_before: int, to: Path) -> list[Pair] | None:
        """Return the pairs of the validation corpus; None where there is none, so that pairs are held out."""
        dropped = Dropped(self._sources.max_characters)
        with self._listed(keep=listed_before) as listed:
            if self._sources.validation is None:
                return None
            pairs = list(
                good_pairs(
                    self._sources.validation, dropped, on_error=self._sources.on_error, on_fault=writing_faults(listed)
                )
            )
        self._findings.tell_dropped(self._sources.validation, dropped, to)
        return pairs

    def _encode(self, encoding: Encoding, counts: Counts) -> tuple[int, list[Pair]]:
        """Run the second pass: encode the training pairs. Return their number, and the pairs that are held out."""
        sources = self._sources
        good = counts.dropped.total - counts.dropped.count
        validation_sources: set[str] = set()
        if sources.validation is None:
            validation_sources = held_out(counts.sizes, good, sources.fraction, sources.seed, at_most=sources.at_most)
        state = self._load(_ENCODED) or {"rows": 0, "kept": 0, "held": []}
        held = [Pair(*pair) for pair in state["held"]]
        ahead = Dropped(sources.max_characters, state["rows"])

        def training_pairs() -> Iterator[Pair]:
            for pair in good_pairs(sources.train, ahead, on_error="drop", skip=state["rows"]):
                is_held = validation_sources and (
                    normalise(pair.source, lowercase=sources.lowercase) in validation_sources
                )
                if is_held:
                    held.append(pair)
                if not is_held or sources.fraction == 0:
                    yield pair

        marks: deque[tuple[int, int]] = deque()
        chunks = cut_chunks(training_pairs(), lambda: marks.append((ahead.total, len(held))))
        with open_writers(self._folder / "train", state["kept"]) as writers:
            for chunk in work(encoding, chunks):
                add_chunk(writers, chunk)
                rows, held_by_then = marks.popleft()
                self._on_progress("encoding", rows, counts.dropped.total)
                if self._due():
                    for writer in writers:
                        writer.flush()
                    kept = writers[0].sentences
                    self._save(_ENCODED, {"rows": rows, "kept": kept, "held": held[:held_by_then]})
        if ahead.total != counts.dropped.total:
            raise changed_meanwhile(sources.train.name)
        self._findings.tell_split(good, len(held), writers[0].sentences)
        return writers[0].sentences, held

    def _listed(self, keep: int) -> TextIO:
        """Open the list of faulty pairs, to append after its first `keep` lines."""
        path = self._folder / FAULTY
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        path.write_text("".join(lines[:keep]), encoding="utf-8", newline="\n")
        return path.open("a", encoding="utf-8", newline="\n")

    def _due(self) -> bool:
        return time.monotonic() - self._saved > _SAVED_EVERY

    def _save(self, name: str, state: Mapping[str, Any]) -> None:
        replace_file(self._folder / name, json.dumps(state, ensure_ascii=False))
        self._saved = time.monotonic()

    def _load(self, name: str) -> Any:
        """Return what was saved under that name; None where there is nothing, or it cannot be read."""
        try:
            return json.loads((self._folder / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None


def encode_validation(encoding: Encoding, validation: Sequence[Pair], folder: Path, findings: Findings) -> None:
    """Encode the validation pairs into their files. Raise CorpusError where all of them are too long."""
    with open_writers(folder / "validation", 0) as writers:
        for chunk in cut_chunks(iter(validation)):
            add_chunk(writers, encoding.run(chunk))
    findings.refuse_none(writers[0].sentences, len(validation), "validation")


@contextmanager
def open_writers(path: Path, sentences: int) -> Iterator[list[SideWriter]]:
    """Open the writers of source and target, to continue after so many sentences."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(SideWriter(path.with_name(f"{path.name}.{side}"), sentences)))
            for side in ("source", "target")
        ]


def add_chunk(writers: list[SideWriter], chunk: EncodedChunk) -> None:
    """Append a chunk to the files of both sides."""
    writers[0].add(chunk.source, chunk.source_lengths)
    writers[1].add(chunk.target, chunk.target_lengths)


def writing_faults(listed: TextIO) -> Callable[[Fault], object]:
    """Return what writes a fault into a list, as a line."""
    return lambda fault: listed.write(" ".join(fault.message().split()) + "\n")


def cut_chunks(pairs: Iterator[Pair], mark: Callable[[], object] = lambda: None) -> Iterator[Chunk]:
    """Yield pairs in chunks; `mark` is called when a chunk is complete, before it is yielded."""
    sources, targets = list[str](), list[str]()
    characters = 0
    # Pairs are not kept but taken apart at once: Python's garbage collection would look at each again and again.
    while more := list(islice(pairs, _PAIRS // 20)):
        for side, texts in zip((sources, targets), zip(*more, strict=True), strict=True):
            side += texts
            characters += sum(map(len, texts))
        if len(sources) >= _PAIRS or characters >= _CHARACTERS:
            mark()
            yield Chunk(sources, targets)
            sources, targets, characters = [], [], 0
    if sources:
        mark()
        yield Chunk(sources, targets)
