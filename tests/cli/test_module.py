"""`python -m tandem` is the command `tandem`."""

import subprocess
import sys

from tandem.version import __version__


def test_the_module_runs_as_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "tandem", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"tandem {__version__}\n"
