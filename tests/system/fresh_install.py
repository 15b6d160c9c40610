"""Install Tandem as docker/Dockerfile does, in a folder, and use it: python -m tests.system.fresh_install.

It fetches the runtime's packages, so it is not among the tests. Any Python from 3.11 on runs it, without a package.
It does what the stage `build` does, tries every command that takes exports, and says how large the installation is.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.dockerfile import ROOT, build_steps, copy_sources

EXPORTS = ROOT / "tests" / "formats" / "exports" / "1"
ONE, OTHER = EXPORTS / "attention-float32", EXPORTS / "attention-page"
PAIRS = [("drei Zoë fünf", "three Zoë five"), ("Ana vier vier", "Ana four four"), ("zwei sechs Kim", "two six Kim")]
MIB = 2**20


def build(scratch: Path) -> Path:
    """Do the steps of the stage `build` in a folder; return the environment that it makes."""
    work, made = scratch / "build", scratch / "opt" / "tandem"
    work.mkdir(parents=True)
    copy_sources(work)

    def here(text: str) -> str:
        return text.replace("/build", str(work)).replace("/opt/tandem", str(made))

    (scratch / "bin").mkdir()
    (scratch / "bin" / "python").symlink_to(sys.executable)
    pip = scratch / "bin" / "pip"
    pip.write_text(f'#!/bin/sh\nexec {sys.executable} -m pip "$@"\n', encoding="utf-8")
    pip.chmod(0o755)
    environment = {**os.environ, "PATH": f"{scratch / 'bin'}:{os.environ['PATH']}", "PIP_QUIET": "1"}
    environment.pop("PYTHONPATH", None)
    for instruction, rest in build_steps():
        if instruction == "ENV":
            name, _, value = rest.partition("=")
            environment[name] = here(value)
        elif instruction == "RUN":
            print(f"RUN {rest}", flush=True)
            subprocess.run(["sh", "-c", here(rest)], cwd=work, env=environment, check=True)
    return made


def size(path: Path) -> int:
    """Return the bytes that files take on the disk, in whole blocks as `du` counts them."""
    return sum(each.lstat().st_blocks * 512 for each in (path, *path.rglob("*")))


def try_commands(installed: Path, scratch: Path) -> None:
    """Use the installed command, which sees nothing of this checkout."""
    environment = {"PATH": f"{installed / 'bin'}:/usr/bin:/bin", "HOME": str(scratch), "LANG": "C.UTF-8"}

    def run(arguments: Sequence[object], status: int = 0, given: str = "") -> str:
        done = subprocess.run(
            ["tandem", *map(str, arguments)],
            env=environment,
            cwd=scratch,
            input=given,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        print(f"tandem {' '.join(map(str, arguments))}: {done.returncode}", flush=True)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr

    tsv, sources, outputs = scratch / "test.tsv", scratch / "sources.txt", scratch / "outputs.txt"
    tsv.write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS), encoding="utf-8")
    for export in sorted(EXPORTS.iterdir()):
        rows = json.loads((export / "expected.json").read_text(encoding="utf-8"))
        given = "".join(f"{row['source']}\n" for row in rows)
        wanted = "".join(f"{row['beam 5'][0]}\n" for row in rows)
        assert run(["translate", export, "--beam", 5], given=given) == wanted
    sources.write_text("".join(f"{source}\n" for source, _ in PAIRS * 200), encoding="utf-8")
    run(["translate", ONE, OTHER, "--input", sources, "--output", outputs, "--processes", 2, "--batch-size", 8])
    assert outputs.read_text(encoding="utf-8") == "".join(f"{target}\n" for _, target in PAIRS * 200)
    assert len(run(["score", ONE, "--tsv", tsv]).splitlines()) == len(PAIRS)
    scores = json.loads(run(["evaluate", ONE, OTHER, "--tsv", tsv, "--json"]))["scores"]
    assert scores["exact"]["value"] == 100, scores
    lists = [f"{n} ||| {text} ||| f= 0 ||| 0" for n, (_, target) in enumerate(PAIRS) for text in ("zero", target)]
    (scratch / "lists.txt").write_text("\n".join(lists) + "\n", encoding="utf-8")
    (scratch / "asked.txt").write_text("".join(f"{source}\n" for source, _ in PAIRS), encoding="utf-8")
    best = run(["rescore", ONE, "--n-best", "lists.txt", "--source", "asked.txt"])
    assert best.splitlines() == [target for _, target in PAIRS], best
    for wrong in (["translate", scratch, "eins"], ["translate", ONE, "--beam", 0, "eins"]):
        error = run(wrong, status=2 if "--beam" in wrong else 1)
        assert "Traceback" not in error, error
    assert "pip install 'tandem-seq2seq[train]'" in run(["train", "--tsv", tsv], status=1)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        installed = build(scratch)
        try_commands(installed, scratch)
        (packages,) = installed.glob("lib/python*/site-packages")
        sizes = sorted(((size(each), each.name) for each in packages.iterdir()), reverse=True)
        print(f"Python {sys.version.split()[0]}: {size(installed) / MIB:.0f} MiB installed; the largest packages:")
        for bytes_taken, name in sizes[:12]:
            print(f"{bytes_taken / MIB:6.0f} MiB  {name}")


if __name__ == "__main__":
    main()
