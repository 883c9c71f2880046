"""The quick start can be followed to the letter: its pieces are run in its order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs/quickstart.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
FIRST, *REST = [text for language, text in BLOCKS if language == "python"]
SHELL = [text for language, text in BLOCKS if not language][-1]

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


def whole() -> str:
    """Return the program that a reader has at the end."""
    start, end = FIRST.split("\n\n\nanyio.run")
    pieces = [textwrap.indent(piece, " " * 8) for piece in REST]
    return "\n".join([start, *pieces, f"anyio.run{end}"])


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.usefixtures("qemu", "tiny_guest")
def test_it_works_as_it_is_written(tmp_path: Path) -> None:
    assert "STARTED" in run(tmp_path, sys.executable, "-W", "error", "-c", whole())
    # All but the console, which needs a terminal: tests/cli/test_real.py has one.
    lines = [line for line in SHELL.splitlines() if "aiovirt console" not in line]
    script = "\n".join(['set -e; aiovirt() { "$PYTHON" -m aiovirt "$@"; }', *lines])
    said = run(tmp_path, "/bin/sh", "-c", script)
    assert said.endswith("Domain 'web2' destroyed\n")
