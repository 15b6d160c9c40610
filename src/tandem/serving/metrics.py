"""The server's counts and times, in Prometheus' format."""

import os
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from tandem.serving.models import Served
from tandem.serving.workers import GATHERED

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """All metrics, in a registry of their registry."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self.requests = Counter(
            "tandem_requests", "Requests by path and status.", ("path", "status"), registry=registry
        )
        self.texts = Counter("tandem_texts", "Texts that were accepted.", ("model",), registry=registry)
        self.failed = Counter("tandem_texts_failed", "Texts that failed.", ("model",), registry=registry)
        self.refused = Counter("tandem_refused", "Requests that were refused.", ("reason",), registry=registry)
        self.cancelled = Counter("tandem_cancelled", "Requests whose client disconnected first.", registry=registry)
        self.stages = Histogram(
            "tandem_stage_seconds",
            "Seconds to read and write a request, to wait for a search, and to take a step of a search.",
            ("stage",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.batches = Histogram(
            "tandem_batch_texts", "Texts that are searched together.", ("model",), buckets=_SIZES, registry=registry
        )
        self._waiting = Gauge(
            "tandem_texts_waiting",
            "Texts whose search has not begun.",
            ("model",),
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._running = Gauge(
            "tandem_texts_running",
            "Texts that are being searched.",
            ("model",),
            registry=registry,
            multiprocess_mode="livesum",
        )

    def observer(self, model: str) -> "ModelMetrics":
        """Return the object that records a model's steps."""
        return ModelMetrics(self, model)

    def record_queues(self, models: Mapping[str, Served]) -> None:
        """Record how many texts are waiting and how many are being searched."""
        for name, served in models.items():
            self._waiting.labels(name).set(served.translating.waiting)
            self._running.labels(name).set(served.translating.running)

    def text(self) -> bytes:
        """Return all metrics as text; with several workers, the sum over all of them."""
        if GATHERED not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


class ModelMetrics:
    """Records the steps of one model: a `StepObserver`."""

    def __init__(self, metrics: Metrics, model: str) -> None:
        self._waited = metrics.stages.labels("wait")
        self._searched = metrics.stages.labels("search")
        self._batches = metrics.batches.labels(model)

    def waited(self, seconds: float) -> None:
        """Record how many seconds a text waited for its search."""
        self._waited.observe(seconds)

    def searched(self, texts: int, seconds: float) -> None:
        """Record a step: how many texts were searched together, and how many seconds it took."""
        self._searched.observe(seconds)
        self._batches.observe(texts)
