"""README promises ten lines of code that work, and is short enough to be read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import counterparts
import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
LONGEST = 150


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= LONGEST


def test_its_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert [link for link in links if not (Path(__file__).parents[1] / link).exists()] == []


@pytest.mark.real
@pytest.mark.usefixtures("tiny_guest")
def test_its_code_works(tmp_path: Path) -> None:
    counterparts.program("qemu-system-x86_64")
    found = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert found
    command = [sys.executable, "-W", "error", "-c", found[1]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "STARTED" in done.stdout
