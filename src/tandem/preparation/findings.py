"""What a preparation tells the user: how many pairs are left out and why, and what makes it impossible."""

from dataclasses import dataclass, field
from pathlib import Path

from tandem.corpora.pairs import Corpus, Dropped
from tandem.errors import CorpusError
from tandem.preparation.cache import FAULTY
from tandem.preparation.sources import Sources


def changed_meanwhile(name: str) -> CorpusError:
    """Return the error for a corpus that is another one now."""
    return CorpusError(f"{name}: it was changed while it was read. Start again when it is whole.")


@dataclass
class Findings:
    """The messages about a preparation."""

    sources: Sources
    messages: list[str] = field(default_factory=list)

    def tell_split(self, good: int, held: int, kept: int) -> None:
        """Add messages about how many pairs are held out, and how many are too long to be trained on."""
        trained = good if self.sources.fraction == 0 else good - held
        if held and self.sources.fraction == 0:
            self.messages.append(
                f"validation: on {held:,} of the {good:,} training pairs, since nothing is held back "
                "(data.validation_fraction = 0); the scores say how well they are learnt by heart"
            )
        elif held:
            self.messages.append(f"validation: {held:,} of the pairs, carved off by source; {trained:,} to train on")
        self.refuse_none(kept, trained, "train")
        if trained > kept:
            self.messages.append(
                f"dropped {trained - kept:,} of {trained:,} training pairs, with more than "
                f"{self.sources.max_tokens} tokens on a side (data.max_tokens)"
            )

    def refuse_none(self, kept: int, pairs: int, name: str) -> None:
        """Raise CorpusError where none of so many pairs is kept."""
        if not kept:
            raise CorpusError(
                f"each of the {pairs:,} {name} pairs has more than {self.sources.max_tokens} tokens on a side: raise "
                "data.max_tokens, or choose a tokenizer with longer tokens"
            )

    def tell_dropped(self, corpus: Corpus, dropped: Dropped, to: Path) -> None:
        """Add a message about the faulty pairs of a corpus that are left out; `to` is the folder with their list."""
        if dropped.count:
            listed = f" All are listed in {to / FAULTY}" if dropped.count > 1 else ""
            self.messages.append(f"{corpus.name}: {dropped.message()}{listed}")
