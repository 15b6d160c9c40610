"""The arguments that all searches share, checked once."""

from collections.abc import Sequence

from torch import Tensor

from tandem.errors import TandemError


def length_range(source: Tensor, max_lengths: Tensor) -> tuple[int, int]:
    """Return the smallest and the largest of `max_lengths`, `[B]` as `source` is `[S, B]`.

    Raises ValueError when the numbers of sentences differ, or when a maximum length is negative.
    """
    if max_lengths.shape != source.shape[1:]:
        raise ValueError(
            f"max_lengths must hold one number for each of the {source.shape[1]} sentences of source,"
            f" but its shape is {list(max_lengths.shape)}."
        )
    lengths: list[int] = max_lengths.tolist()
    if lengths and min(lengths) < 0:
        raise ValueError(f"max_lengths must not be negative, but its smallest is {min(lengths)}.")
    return min(lengths, default=0), max(lengths, default=0)


def check_banned(eos: int, banned: Sequence[int]) -> None:
    """Raise ValueError when `<eos>` is banned, for then nothing could ever end."""
    if eos in banned:
        raise ValueError(f"banned must not hold <eos>, but {eos} is in {list(banned)}.")


def nothing_possible(sentence: int) -> TandemError:
    """Return the error for a sentence that has no output of a probability above zero."""
    return TandemError(
        f"Search found no output for sentence {sentence} (counted from 0): at some step every token that may"
        " follow has a log-probability of minus infinity or NaN. This happens when a model's weights or"
        " inputs are not finite; look at the training's loss, or load an earlier checkpoint."
    )
