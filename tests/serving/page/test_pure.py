"""What the page computes without a document, in node."""

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["pure", "watched"])
def test_what_needs_no_document(name: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    tests = str(Path(__file__).parent / f"{name}.test.mjs")
    ran = subprocess.run([node, "--test", tests], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout[-4000:]
