"""Where the program starts: with the extra and without."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest


@pytest.fixture
def without_extra(tmp_path: Path) -> dict[str, str]:
    """An environment in which cyclopts is not installed."""
    (tmp_path / "cyclopts.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'cyclopts'\", name='cyclopts')"
    )
    return {"PYTHONPATH": str(tmp_path)}


def aiovirt(*argv: str, env: dict[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "aiovirt", *argv],
        capture_output=True,
        env=env,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_version_needs_no_extra(without_extra: dict[str, str]) -> None:
    assert aiovirt("--version", env=without_extra) == (0, f"aiovirt {version('aiovirt')}\n", "")


def test_all_else_says_what_to_install(without_extra: dict[str, str]) -> None:
    expected = (
        "error: the command line needs more than is installed\nhint: pip install 'aiovirt[cli]'\n"
    )
    assert aiovirt("list", env=without_extra) == (1, "", expected)


def test_a_module_of_ours_that_is_missing_is_no_missing_extra(tmp_path: Path) -> None:
    (tmp_path / "cyclopts.py").write_text("import nosuchmodule")
    status, _out, err = aiovirt("list", env={"PYTHONPATH": str(tmp_path)})
    assert (status, "nosuchmodule" in err) == (1, True)


@pytest.mark.parametrize("loaded", ["cyclopts", "difflib"])
def test_control_c_while_the_program_is_loaded_is_no_accident(loaded: str, tmp_path: Path) -> None:
    """The first stands for the verbs, the second for what tells of errors."""
    (tmp_path / f"{loaded}.py").write_text("import signal; signal.raise_signal(signal.SIGINT)")
    assert aiovirt("list", env={"PYTHONPATH": str(tmp_path)}) == (130, "", "")


@pytest.mark.parametrize("closed", ["0", "1", "2", "0 1 2"])
def test_closed_standard_streams_do_no_harm(closed: str, tmp_path: Path) -> None:
    """The root's own files must not get their numbers: nothing but state may stand in them."""
    redirections = " ".join(f"{number}>&-" for number in closed.split())
    script = f'exec "{sys.executable}" -m aiovirt -c "fake:///x" list {redirections}'
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert (b"no driver for 'fake'" in done.stderr) is ("2" not in closed)
