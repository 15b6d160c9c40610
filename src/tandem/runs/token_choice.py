"""Which tokens suit a side of a corpus: several are learnt from most of its texts and measured on the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tandem.recipe import Features, Text
from tandem.terminal import counted
from tandem.text import SPECIAL_TOKENS, UNK_ID, Tokenizer, TokenizerKind
from tandem.text.bulk import BulkEncoder
from tandem.text.counts import count_words
from tandem.text.features import FeaturesTokenizer

_SHORT = 40  # the largest mean length, in characters, of texts that can be written letter by letter
_UNSEEN_SHORT, _UNSEEN_LONG = 0.01, 0.05
"""The largest share of held-back words that may be unseen. A short text with an unknown word is wrong."""
_SEEN_EACH = 20  # training tokens that each entry of a vocabulary needs: with fewer, embeddings are not learnt
_SPACED = 0.2  # with a smaller share of texts that hold a space, there are no words to tell apart
_MOST_WORDS = 20_000  # a larger vocabulary makes the output layer slow
_NUMBERS = 0.1
"""With a larger share of tokens that hold digits, words are not a closed set: numbers are spelt, not looked up."""
_PIECES = (16_000, 8_000, 4_000, 2_000, 1_000)
_PIECES_A_WORD = 2
"""A vocabulary of pieces is not even learnt where it would be too large with this many pieces to a word."""
MOST_TEXTS = 50_000  # The number of texts that tokens are learnt from: more would only take longer.


@dataclass(frozen=True)
class MeasuredTokens:
    """One way to cut texts into tokens, measured on texts that it was not learnt from."""

    text: Text
    name: str
    vocabulary: int  # the number of tokens in the vocabulary, the special ones included
    unseen: float  # the share of the held-back tokens that are `<unk>`
    per_text: float  # the mean number of tokens in a text
    seen_each: float  # the mean number of training tokens for each entry of the vocabulary
    numbers: float  # the share of the held-back tokens that hold a digit

    def figures(self) -> str:
        """Return the measurements in a few words."""
        return f"{100 * self.unseen:.1f} % unseen, {self.per_text:.1f} tokens a text, {self.vocabulary:,} in all"


@dataclass(frozen=True)
class ChosenTokens:
    """The tokens that were chosen for a side, and those that were rejected."""

    text: Text
    tokenizer: Tokenizer  # the tokenizer that was measured
    reason: str
    rejected: tuple[str, ...]
    features: Features | None = None  # the tokens of the features beside these sources


def choose_tokens(learnt_from: Sequence[str], held_back: Sequence[str]) -> ChosenTokens:
    """Choose the tokens of one side: whole words where they suffice, characters for short texts, else byte pairs.

    Tokens are learnt from `learnt_from` and measured on `held_back`, which is the same if nothing is held back.
    """
    learnt_from = learnt_from[:MOST_TEXTS]
    mean = sum(map(len, held_back)) / len(held_back)
    rejected: list[str] = []
    for candidate, tokenizer in _candidates(learnt_from, held_back, short=mean <= _SHORT):
        fault = _fault(candidate, short=mean <= _SHORT)
        if fault is None:
            texts = (
                "the training texts themselves"
                if held_back == learnt_from
                else f"{counted(len(held_back), 'text')} held back"
            )
            reason = f"{candidate.name}: {candidate.figures()}, measured on {texts}"
            return ChosenTokens(candidate.text, tokenizer, reason, tuple(rejected))
        rejected.append(f"not {candidate.name}: {fault}")
    raise AssertionError("characters suit every text")


def with_feature_tokens(source: ChosenTokens, features: Sequence[str]) -> ChosenTokens:
    """Return the tokens of the sources with those of the features, which are tags: there are few, and all are seen."""
    text = Features()
    tags = Tokenizer.train(text.tokenizer, count_words(features), min_count=text.min_count, max_size=text.max_size)
    share = sum(map(bool, map(str.strip, features))) / len(features)
    different = counted(len(tags) - len(SPECIAL_TOKENS), "different tag")
    reason = f"{source.reason}; beside {100 * share:.0f} % of them features, of {different}"
    return replace(source, tokenizer=FeaturesTokenizer(source.tokenizer, tags), reason=reason, features=text)


def _candidates(
    learnt_from: Sequence[str], held_back: Sequence[str], *, short: bool
) -> Iterator[tuple[MeasuredTokens, Tokenizer]]:
    """Yield the ways to cut texts, from the fewest tokens a text to the most; each is learnt when it is needed."""
    if sum(" " in text.strip() for text in held_back) >= _SPACED * len(held_back):
        min_count = 2 if len(learnt_from) >= 5_000 else 1
        words = _measured("words", Text(tokenizer="word", min_count=min_count), learnt_from, held_back)
        given = _measured("tokens as given", Text(tokenizer="whitespace"), learnt_from, held_back)
        # Where no punctuation is attached to words, both are the same, and the given tokens need no splitting.
        if given[0].unseen <= words[0].unseen + 0.002 and given[0].vocabulary <= 1.05 * words[0].vocabulary:
            yield given
        yield words
    if not short:
        words_seen = sum(len(text.split()) for text in learnt_from)
        for size in (size for size in _PIECES if _PIECES_A_WORD * words_seen >= _SEEN_EACH * size):
            yield _measured(f"BPE, {size:,} pieces", Text(tokenizer="bpe", max_size=size), learnt_from, held_back)
    yield _measured("characters", Text(tokenizer="character"), learnt_from, held_back)


def _measured(
    name: str, text: Text, learnt_from: Sequence[str], held_back: Sequence[str]
) -> tuple[MeasuredTokens, Tokenizer]:
    tokenizer = Tokenizer.train(
        text.tokenizer, count_words(learnt_from), min_count=text.min_count, max_size=text.max_size
    )
    encoder = BulkEncoder(tokenizer)
    seen = len(encoder.encode(learnt_from)[0])
    ids = encoder.encode(held_back)[0]
    with_digit = [any(map(str.isdigit, token)) for token in tokenizer.tokens(range(len(tokenizer)))]
    tokens = max(len(ids), 1)
    candidate = MeasuredTokens(
        text,
        name,
        vocabulary=len(tokenizer),
        unseen=int((ids == UNK_ID).sum()) / tokens,
        per_text=len(ids) / len(held_back),
        seen_each=seen / max(len(tokenizer) - len(SPECIAL_TOKENS), 1),
        numbers=sum(with_digit[index] for index in ids.tolist()) / tokens,
    )
    return candidate, tokenizer


def most_unseen(texts: Sequence[str]) -> float:
    """Return the largest share of the tokens of such texts that may be unknown."""
    return _limit(short=sum(map(len, texts)) <= _SHORT * len(texts))


def seen_enough(tokenizer: Tokenizer, texts: Sequence[str]) -> bool:
    """Return whether the texts that a tokenizer was learnt from have enough tokens for each entry to be learnt."""
    return len(BulkEncoder(tokenizer).encode(texts)[0]) >= _SEEN_EACH * (len(tokenizer) - len(SPECIAL_TOKENS))


def _limit(*, short: bool) -> float:
    return _UNSEEN_SHORT if short else _UNSEEN_LONG


def _fault(candidate: MeasuredTokens, *, short: bool) -> str | None:
    kind: TokenizerKind = candidate.text.tokenizer
    if kind == "character":
        return None
    if candidate.seen_each < _SEEN_EACH:
        return f"each of {candidate.vocabulary:,} would be seen only {candidate.seen_each:.0f} times"
    if kind == "bpe":
        return None
    limit = _limit(short=short)
    if candidate.unseen > limit:
        return f"{100 * candidate.unseen:.1f} % of the held-back ones were never seen"
    if candidate.vocabulary > _MOST_WORDS:
        return f"{candidate.vocabulary:,} different ones make the output layer slow"
    if candidate.numbers > _NUMBERS:
        return f"{100 * candidate.numbers:.0f} % of them hold digits, and numbers are spelt"
    return None
