"""What the server counts and times, in the form that Prometheus reads."""

import os
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from tandem.serving.models import Served
from tandem.serving.workers import GATHERED

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """All figures, in a registry of their own."""

    def __init__(self) -> None:
        own = CollectorRegistry()
        self._registry = own
        self.requests = Counter(
            "tandem_requests", "Requests by what was asked for and the status.", ("path", "status"), registry=own
        )
        self.texts = Counter("tandem_texts", "Texts that were let in.", ("model",), registry=own)
        self.failed = Counter("tandem_texts_failed", "Texts that have an error of their own.", ("model",), registry=own)
        self.refused = Counter("tandem_refused", "Requests that were refused.", ("reason",), registry=own)
        self.cancelled = Counter("tandem_cancelled", "Requests whose client left first.", registry=own)
        self.stages = Histogram(
            "tandem_stage_seconds",
            "Seconds of a request's reading and writing, a text's waiting, a step of a search.",
            ("stage",),
            buckets=_SECONDS,
            registry=own,
        )
        self.batches = Histogram(
            "tandem_batch_texts", "Texts that are searched together.", ("model",), buckets=_SIZES, registry=own
        )
        self._waiting = Gauge(
            "tandem_texts_waiting",
            "Texts whose search has not begun.",
            ("model",),
            registry=own,
            multiprocess_mode="livesum",
        )
        self._running = Gauge(
            "tandem_texts_running",
            "Texts that are being searched.",
            ("model",),
            registry=own,
            multiprocess_mode="livesum",
        )

    def watch(self, model: str) -> "ModelMetrics":
        """Return what hears of a model's steps."""
        return ModelMetrics(self, model)

    def look_at(self, models: Mapping[str, Served]) -> None:
        """Note how many texts wait and are searched now."""
        for name, served in models.items():
            self._waiting.labels(name).set(served.translating.waiting)
            self._running.labels(name).set(served.translating.running)

    def text(self) -> bytes:
        """Return all figures: of all processes, where there are several."""
        if GATHERED not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


class ModelMetrics:
    """Hears of the steps of one model: a `Watching`."""

    def __init__(self, metrics: Metrics, model: str) -> None:
        self._waited = metrics.stages.labels("wait")
        self._searched = metrics.stages.labels("search")
        self._batches = metrics.batches.labels(model)

    def waited(self, seconds: float) -> None:
        """Hear how long a text waited for its search."""
        self._waited.observe(seconds)

    def searched(self, texts: int, seconds: float) -> None:
        """Hear how many texts were searched together, and how long that took."""
        self._searched.observe(seconds)
        self._batches.observe(texts)
