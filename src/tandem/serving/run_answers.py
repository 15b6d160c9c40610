"""The contents of the answers about runs and the page."""

from typing import Literal

from pydantic import Field

from tandem.serving.answers import Answer

State = Literal["training", "finished", "stopped"]


class PageAnswer(Answer):
    """What the page should show."""

    runs: bool = Field(description="Whether there are trainings to watch.")
    models: bool = Field(description="Whether a model is loaded; a run may have one later.")
    version: str
    needs_token: bool = Field(description="Whether requests that are not public need a token.")


class RunObject(Answer):
    """A training."""

    name: str
    state: State | Literal["damaged"] = Field(description="It is `damaged` if its metrics.jsonl cannot be read.")
    epochs: float | None = Field(description="Epochs of the whole training; null before it has begun.")
    epoch: int | None = Field(description="The current epoch, or the last one.")
    step: int = Field(description="Completed optimiser steps.")
    steps: int | None = Field(description="Optimiser steps of the whole training.")
    updated: str = Field(description="The date and time when it last wrote a row, in ISO 8601.")
    scores: dict[str, float | None] = Field(description="The scores of the last validation.")
    can_control: bool = Field(description="Whether a client with a token may stop or resume it now.")
    error: str | None = Field(description="Why a damaged run cannot be read.")


class RunsAnswer(Answer):
    """All trainings."""

    runs: list[RunObject]


class MetricsAnswer(Answer):
    """Rows of a training's metrics.jsonl."""

    rows: list[dict[str, object]] = Field(description="At most 5,000; ask again until there are none.")
    next: int = Field(description="The value of `after` for the next request.")
    restarted: bool = Field(description="Whether the file was replaced: discard all rows, and ask again from 0.")


class SampleObject(Answer):
    """A sentence of the validation corpus, and its translation after each epoch."""

    source: str
    reference: str | None
    outputs: list[str | None] = Field(description="The translation after each of the epochs.")


class SamplesAnswer(Answer):
    """The sentences that are translated at each validation."""

    epochs: list[int] = Field(description="The validated epochs, at most the last 1,000.")
    samples: list[SampleObject]


class StateAnswer(Answer):
    """The state of a training."""

    state: State
