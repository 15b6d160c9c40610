"""What was measured on: the processor, the libraries, and how fast matrix products run at best."""

import os
import platform
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.plan import Plan
from benchmarks.rounds import Figures, rounded
from benchmarks.sides import DTYPES, Precision, processor_precisions
from tandem.models.kernels.products import Packed, linear
from tandem.runs.provenance import processor_name
from tandem.version import __version__


def describe_machine() -> Figures:
    """All that figures from two machines may differ by, as far as it can be read."""
    return {
        "processor": processor_name(),
        "instruction set": torch.backends.cpu.get_cpu_capability(),
        "bfloat16 in the processor": "bfloat16" in processor_precisions(),
        "logical cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory (GiB)": _memory(),
        "caches": _caches(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "tandem": __version__,
    }


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _memory() -> float | None:
    total = re.search(r"^MemTotal:\s+(\d+) kB", _read("/proc/meminfo"), flags=re.MULTILINE)
    return round(int(total[1]) / 2**20, 1) if total else None


def _caches() -> dict[str, str]:
    """Of the first core, such as {"L2 Unified": "1024K"}."""
    caches = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (_read(str(index / name)) for name in ("level", "type", "size"))
        if size:
            caches[f"L{level} {kind}"] = size
    return caches


class ProductRate:
    """The matrix-product rate of this run: measured now and again, the best of the medians counts."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.best: dict[Precision, dict[str, float]] = {
            name: {"torch": 0.0, "all": 0.0} for name in processor_precisions()
        }
        """GFLOP/s: `torch` of torch's own products alone, `all` of every way to have them."""

    def measure(self) -> None:
        """Time every product that there is, and keep the best."""
        chance = torch.Generator().manual_seed(1)
        for precision, best in self.best.items():
            for rows, inner, columns in self._plan.product_shapes:
                inputs = torch.randn(rows, inner, generator=chance).to(DTYPES[precision])
                weight = torch.randn(columns, inner, generator=chance).to(DTYPES[precision])
                for name, product in _products(inputs, weight).items():
                    gflops = 2e-9 * rows * inner * columns / self._median(product)
                    best["all"] = max(best["all"], gflops)
                    if name in _TORCH:
                        best["torch"] = max(best["torch"], gflops)

    @torch.no_grad()
    def _median(self, product: Callable[[], Tensor]) -> float:
        """The median seconds of one product."""
        product()
        seconds = []
        for _ in range(self._plan.product_repeats):
            began = time.perf_counter()
            product(), product()
            seconds.append((time.perf_counter() - began) / 2)
        return statistics.median(seconds)

    def figures(self) -> Figures:
        """The best so far, in GFLOP/s."""
        return {name: {way: rounded(rate) for way, rate in best.items()} for name, best in self.best.items()}


_TORCH = ("F.linear", "mm")


def _products(inputs: Tensor, weight: Tensor) -> dict[str, Callable[[], Tensor]]:
    """(M, K) x (N, K) -> (M, N), in every way that there is."""
    packed, transposed = Packed(weight), weight.t().contiguous()
    return {
        "F.linear": lambda: F.linear(inputs, weight),
        "mm": lambda: torch.mm(inputs, transposed),
        "linear": lambda: linear(inputs, weight),
        "Packed": lambda: packed(inputs),
    }
