"""The preparation of a corpus in shards, in which several processes take part, on one machine or on several.

Each shard is counted, and later encoded, by whoever claims it (`claims.py`). Once all are counted, one process learns
the tokenizers from the sum of the counts; once all are encoded, one process joins the ids, in the order of the shards.
So the prepared corpus is, byte for byte, that of one process, and its ids are those of the files one after the other.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tandem.corpora.pairs import Dropped, Pair, check_any_left, good_pairs
from tandem.corpora.parallel_files import ShardedFiles
from tandem.files.atomic import replace_file
from tandem.files.locks import Held
from tandem.files.removal import remove
from tandem.preparation.cache import ACCOUNT, FAULTY, SHARDS, SHARDS_LAYOUT, seal
from tandem.preparation.chunks import Counted, Counting, Encoding, first_by_chance
from tandem.preparation.claims import claim_of, claimed, holder_of
from tandem.preparation.encoded import SideWriter, read_blocks
from tandem.preparation.findings import Findings, changed_meanwhile
from tandem.preparation.passes import Counts, encode_validation, open_writers
from tandem.preparation.shard_work import HeldOut, Shards, ShardWork, Stamps, unpack_result
from tandem.preparation.sources import Sources, Tokens, held_out
from tandem.preparation.workers import worker_died
from tandem.processes import answers, cores
from tandem.terminal import Notify, OnProgress
from tandem.text import Tokenizer
from tandem.text.features import read_tokenizer

_POLL = 0.5  # seconds between two looks at the shards of others
_LEARNT, _JOINED = "learnt.json", "joined.json"
_TOLD_AFTER = 20  # looks in vain after which the user is told who is waited for


@dataclass(frozen=True)
class _Learnt:
    """What is known once all shards are counted."""

    tokenizers: tuple[Tokenizer, Tokenizer]
    held_out: Sequence[str]
    dropped: Dropped
    rows: Sequence[int]  # the pairs of each shard, the faulty ones included


@dataclass(frozen=True)
class ShardedPreparation:
    """A preparation in a folder that gets its final name later. It continues what others left or do there."""

    _sources: Sources
    _corpus: ShardedFiles
    _tokens: Tokens
    _folder: Path
    _locks: Path
    _key: str
    _stamps: Stamps
    """Those of all files before their content was identified."""
    _on_progress: OnProgress
    _notify: Notify

    def begin(self) -> None:
        """Make the folder that all who take part write into. No other process may join the shards meanwhile."""
        (self._folder / SHARDS).mkdir(parents=True, exist_ok=True)

    def take_part(self) -> None:
        """Count and encode shards until all are encoded, here or elsewhere."""
        self._do_all(self._work(counting=self._counting))
        learnt = self._learnt()
        if learnt is not None:
            self._do_all(self._work(encoding=self._encoding(learnt), learnt=learnt))

    def join(self, to: Path, is_unchanged: Callable[[], bool]) -> None:
        """Join the shards, and seal the folder, which will be renamed to `to`. No other process may do that meanwhile.

        Raise CorpusError where `is_unchanged` returns False at the end: the files were changed while they were read.
        """
        (self._folder / ACCOUNT).unlink(missing_ok=True)
        learnt, findings = self._read_learnt(), Findings(self._sources)
        findings.tell_dropped(self._corpus, learnt.dropped, to)
        given = self._given_validation(findings, to)
        kept, held = self._join_ids(learnt)
        findings.tell_split(learnt.dropped.total - learnt.dropped.count, len(held), kept)
        validation = held if given is None else given
        encode_validation(self._encoding(learnt), validation, self._folder, findings)
        if not is_unchanged():
            raise changed_meanwhile(self._sources.name)
        seal(self._folder, learnt.tokenizers, validation, self._sources.name, kept, findings.messages)

    def tidy(self) -> None:
        """Remove what the preparation needs no more once the folder is sealed."""
        remove(self._folder / SHARDS, SHARDS_LAYOUT)
        for name in (_LEARNT, _JOINED):
            (self._folder / name).unlink(missing_ok=True)

    @property
    def _counting(self) -> Counting:
        sources = self._sources
        most = 0 if sources.validation else 2 * sources.at_most
        return Counting(sources.seed, most, sources.lowercase, sources.features)

    def _encoding(self, learnt: _Learnt) -> Encoding:
        return Encoding(
            *learnt.tokenizers,
            reverse_source=self._tokens.reverse_source,
            max_tokens=self._sources.max_tokens,
            copying=self._tokens.copying,
        )

    def _work(
        self, counting: Counting | None = None, encoding: Encoding | None = None, learnt: _Learnt | None = None
    ) -> ShardWork:
        sources = self._sources
        shards = Shards(
            str(self._folder / SHARDS),
            str(self._locks),
            self._key,
            [[str(path.absolute()) for path in shard.files] for shard in self._corpus.shards],
            [[self._stamps[path] for path in shard.files] for shard in self._corpus.shards],
            sources.on_error,
            sources.max_characters,
        )
        held = HeldOut(learnt.held_out if learnt else (), sources.lowercase, sources.fraction == 0)
        return ShardWork(shards, counting, encoding, held)

    def _do_all(self, work: ShardWork) -> None:
        """Do the shards that no other process does, and wait for the others."""
        total, idle = len(self._corpus.shards), 0
        while True:
            missing = [n for n in range(total) if not work.shards.record(n, work.stage).exists()]
            if not missing or self._is_joined():
                return
            results = []
            for result in _results(work, missing):
                results.append(result)
                self._on_progress(f"{work.stage} shards", total - len(missing) + sum(results), total)
            idle = 0 if any(results) else idle + 1
            if idle:
                self._wait(idle, f"{len(missing)} of its shards", work.shards.claim(missing[0]))

    def _is_joined(self) -> bool:
        return (self._folder / _JOINED).exists() or not (self._folder / SHARDS).is_dir()

    def _wait(self, idle: int, what: str, claim: Path) -> None:
        """Wait a moment for others, the time number `idle` in a row, and tell the user after some of them."""
        if idle == _TOLD_AFTER:
            self._notify(
                f"corpus: waiting for {what}, from {holder_of(claim)}. If that process has ended and nothing goes on, "
                f"remove {claim}"
            )
        time.sleep(_POLL)

    def _learnt(self) -> _Learnt | None:
        """Learn the tokenizers, or wait for the process that does; None where all is joined by then."""
        path, idle = claim_of(self._locks, self._key, "learning"), 0
        while not (self._folder / _LEARNT).exists():
            if self._is_joined():
                return None
            try:
                with claimed(path):
                    if not (self._folder / _LEARNT).exists() and not self._is_joined():
                        self._learn()
            except Held:
                idle += 1
                self._wait(idle, "its tokenizers", path)
        return self._read_learnt()

    def _learn(self) -> None:
        counting, shards = self._counting, self._work().shards
        counts = Counts(Dropped(self._sources.max_characters))
        rows = []
        for number in range(len(self._corpus.shards)):
            state = json.loads(shards.record(number, "counted").read_text(encoding="utf-8", errors="surrogatepass"))
            more = Counts.of(state)
            counts.add(Counted(more.source, more.target, more.sizes), counting)
            counts.dropped.add_part(more.dropped)
            rows.append(more.dropped.total)
        dropped, sources = counts.dropped, self._sources
        check_any_left(self._corpus.name, dropped)
        chosen: set[str] = set()
        if sources.validation is None:
            sizes = first_by_chance(counts.sizes, sources.seed, counting.most)
            good = dropped.total - dropped.count
            chosen = held_out(sizes, good, sources.fraction, sources.seed, at_most=sources.at_most)
        tokenizers = self._tokens.learn(counts.source, counts.target)
        learnt = {
            "tokenizers": [tokenizer.to_json() for tokenizer in tokenizers],
            "held_out": sorted(chosen),
            "dropped": asdict(dropped),
            "rows": rows,
        }
        replace_file(self._folder / _LEARNT, json.dumps(learnt))

    def _read_learnt(self) -> _Learnt:
        learnt = json.loads((self._folder / _LEARNT).read_text(encoding="utf-8"))
        source, target = (read_tokenizer(text, _LEARNT) for text in learnt["tokenizers"])
        return _Learnt((source, target), learnt["held_out"], Dropped(**learnt["dropped"]), learnt["rows"])

    def _given_validation(self, findings: Findings, to: Path) -> list[Pair] | None:
        """Return the pairs of the validation corpus, if there is one, and write the list of all faulty pairs."""
        sources, shards = self._sources, self._work().shards
        lists = (shards.file(n, "faulty.txt") for n in range(len(self._corpus.shards)))
        with (self._folder / FAULTY).open("w", encoding="utf-8", errors="replace", newline="\n") as listed:
            for path in lists:
                listed.write(path.read_text(encoding="utf-8", errors="surrogatepass"))
            if sources.validation is None:
                return None
            dropped = Dropped(sources.max_characters)
            pairs = list(
                good_pairs(
                    sources.validation,
                    dropped,
                    on_error=sources.on_error,
                    on_fault=lambda fault: listed.write(" ".join(fault.message().split()) + "\n"),
                )
            )
        findings.tell_dropped(sources.validation, dropped, to)
        return pairs

    def _join_ids(self, learnt: _Learnt) -> tuple[int, list[Pair]]:
        """Append the ids of each shard to those of the whole, and remove them there. It continues after any shard."""
        shards = self._work().shards
        path = self._folder / _JOINED
        done: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"shards": 0}
        done = {"kept": 0, "held": [], **done}
        with open_writers(self._folder / "train", done["kept"]) as writers:
            for number in range(done["shards"], len(learnt.rows)):
                record = json.loads(
                    shards.record(number, "encoded").read_text(encoding="utf-8", errors="surrogatepass")
                )
                if record["rows"] != learnt.rows[number]:
                    raise changed_meanwhile(self._corpus.shards[number].name)
                for writer, side in zip(writers, ("source", "target"), strict=True):
                    _append(writer, shards.file(number, side))
                    writer.flush()
                held = [*done["held"], *record["held"]]
                done = {"shards": number + 1, "kept": writers[0].sentences, "held": held}
                replace_file(path, json.dumps(done))
                for side in ("source", "target"):
                    for kind in ("ids", "offsets"):
                        shards.file(number, f"{side}.{kind}").unlink(missing_ok=True)
                self._on_progress("joined shards", number + 1, len(learnt.rows))
        return done["kept"], [Pair(*pair) for pair in done["held"]]


def _results(work: ShardWork, numbers: Sequence[int]) -> Iterator[bool]:
    """Yield whether each shard was done here; shards are spread over all cores."""
    processes = min(cores(), len(numbers))
    if processes == 1:
        yield from map(work.run, numbers)
        return
    yield from answers(
        "tandem.preparation.shard_work",
        json.dumps(work.settings()).encode(),
        numbers,
        processes,
        pack=lambda number: str(number).encode(),
        unpack=unpack_result,
        ended=worker_died,
    )


def _append(writer: SideWriter, path: Path) -> None:
    for ids, lengths in read_blocks(path):
        writer.add(ids, lengths)
