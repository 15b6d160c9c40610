"""How long `tandem --help` and `tandem --version` take beside `import torch`: `python -m benchmarks.startup`.

Each runs in a process of its own, one after the other, so that whatever slows the machine slows all of them.
"""

import statistics
import subprocess
import sys
import time

ROUNDS = 7
LARGEST_SHARE = 0.1
"""The share of the time of `import torch` that the command line may take."""
COMMANDS = {
    "import torch": ("-c", "import torch"),
    "tandem --version": ("-m", "tandem", "--version"),
    "tandem --help": ("-m", "tandem", "--help"),
    "tandem train --help": ("-m", "tandem", "train", "--help"),
}
"""The first is what the others are compared with; the last may take longer than the bound."""


def seconds(arguments: tuple[str, ...]) -> float:
    """The time that a fresh interpreter takes for these arguments."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def main() -> None:
    """Print the median of each, and its share of the first; the exit status says whether the bound is kept."""
    for arguments in COMMANDS.values():  # once, so that all have their compiled modules and files at hand
        seconds(arguments)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    medians = {name: statistics.median(values) for name, values in times.items()}
    first = medians["import torch"]
    for name, median in medians.items():
        print(f"{name:<20}  {median:.3f} s  {median / first:.3f} of import torch")
    sys.exit(any(medians[name] > LARGEST_SHARE * first for name in ("tandem --version", "tandem --help")))


if __name__ == "__main__":
    main()
