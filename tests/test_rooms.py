"""Rooms that work without torch do not load it, so that a runtime without torch is an install and not a fork."""

import subprocess
import sys

ROOMS = (
    "names",
    "errors",
    "files",
    "hub",
    "text",
    "corpora",
    "preparation",
    "recipe",
    "metrics",
    "bulk",
    "search",
    "translation",
    "engines.engine",
    "engines.onnx_engine",
    "graphs",
    "exported",
    "model_files",
    "model_paths",
    "rescoring",
    "analysis.lines",
    "analysis.systems",
    "runs.evaluation",
    "runs.publishing",
    "serving",
    "console",
    "terminal",
    "memory",
    "task_bar",
)

LIST_MODULES = """
import importlib, pkgutil, sys
for room in sys.argv[1:]:
    module = importlib.import_module(f"tandem.{room}")
    names = pkgutil.walk_packages(getattr(module, "__path__", []), f"tandem.{room}.")
    for name in [module.__name__, *(info.name for info in names)]:
        importlib.import_module(name)
        if "torch" in sys.modules:
            sys.exit(f"{name} loads torch")
"""


def test_rooms_that_work_without_torch_do_not_load_it() -> None:
    process = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, *ROOMS], capture_output=True, text=True, check=False, timeout=300
    )
    assert (process.returncode, process.stderr) == (0, "")
