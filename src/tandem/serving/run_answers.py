"""What the answers about runs and the page hold."""

from typing import Literal

from pydantic import Field

from tandem.serving.answers import Answer

State = Literal["training", "finished", "stopped"]


class PageAnswer(Answer):
    """What the page should show."""

    runs: bool = Field(description="Whether there are trainings to look at.")
    models: bool = Field(description="Whether a model is loaded; a run may have one later.")
    version: str
    needs_token: bool = Field(description="Whether all that is not public asks for a token.")


class RunObject(Answer):
    """A training."""

    name: str
    state: State
    epochs: float | None = Field(description="Of the whole training; null before it has begun, as all that follows.")
    epoch: int | None = Field(description="The epoch under way, or the last one.")
    step: int = Field(description="Optimiser steps that are done.")
    steps: int | None = Field(description="Optimiser steps of the whole training.")
    updated: str = Field(description="When it last wrote a row: date and time, ISO 8601.")
    scores: dict[str, float | None] = Field(description="Of the last validation.")
    can_control: bool = Field(description="Whether a client with a token may stop or resume it now.")


class RunsAnswer(Answer):
    """All trainings."""

    runs: list[RunObject]


class MetricsAnswer(Answer):
    """Rows of a training's metrics.jsonl."""

    rows: list[dict[str, object]] = Field(description="At most 5,000: ask again until none comes.")
    next: int = Field(description="What to ask for next, as `after`.")
    restarted: bool = Field(description="Whether the file was begun anew: forget all rows, and ask from 0 on.")


class SampleObject(Answer):
    """A sentence of the validation corpus, and what became of its translation."""

    source: str
    reference: str | None
    outputs: list[str | None] = Field(description="Its translation after each of the epochs.")


class SamplesAnswer(Answer):
    """The sentences that are translated at each validation."""

    epochs: list[int] = Field(description="Those that were validated; the last 1,000.")
    samples: list[SampleObject]


class StateAnswer(Answer):
    """What a training does now."""

    state: State
