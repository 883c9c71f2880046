"""Results in every format, on terminals and in pipes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from clirun import Define, Run, document, environment, on_terminal, program


@pytest.mark.usefixtures("web1")
@pytest.mark.parametrize("verb", ["list", "dominfo", "domstate", "dumpxml", "domstats", "suspend"])
def test_yaml_and_json_say_the_same(run: Run, verb: str) -> None:
    arguments = (verb,) if verb == "list" else (verb, "web1")
    as_json = run(*arguments, "-o", "json").json
    assert yaml.safe_load(run(*arguments, "-o", "yaml").out) == as_json


@pytest.mark.usefixtures("web1")
@pytest.mark.parametrize("verb", ["dominfo", "dumpxml", "domstats", "suspend", "start"])
def test_name_gives_the_name_of_what_was_touched(run: Run, verb: str) -> None:
    if verb == "start":
        run("destroy", "web1")
    assert run(verb, "web1", "-o", "name").out == "web1\n"


def test_a_name_that_looks_like_markup_is_shown_as_it_is(run: Run, define: Define) -> None:
    define("[bold]x")
    assert "[bold]x" in run("list", "--all").out


@pytest.mark.usefixtures("web1")
def test_a_pipe_gets_no_colours_and_no_folds(run: Run, define: Define) -> None:
    define("n" * 200)
    out = run("list", "--all").out
    assert "\x1b" not in out
    assert "n" * 200 in out


def test_a_terminal_gets_colours() -> None:
    with on_terminal(*program("list")) as listing:
        assert listing.finish() == 0
    assert b"\x1b[32mrunning" in listing.seen


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_refused(more: dict[str, str]) -> None:
    with on_terminal(*program("list"), **more) as listing:
        assert listing.finish() == 0
    assert b"running" in listing.seen
    assert b"\x1b" not in listing.seen


def test_errors_are_coloured_on_a_terminal_only(run: Run) -> None:
    with on_terminal(*program("start", "nosuch")) as start:
        assert start.finish() == 1
    assert start.seen.startswith(b"\x1b[31merror:\x1b[0m no domain 'nosuch'")
    assert run("start", "nosuch").err.startswith("error: ")


WRITERS = ["list", "--version", "--help", "help start", "start --help", "completion bash"]


@pytest.mark.parametrize("line", [*WRITERS, "event --all --loop"])
def test_nobody_who_reads_is_no_error_to_speak_of(line: str) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        program(*line.split()),
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("line", WRITERS)
def test_what_cannot_be_written_is_told(line: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            program(*line.split()),
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    expected = b"error: standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, expected)


def test_what_the_terminals_encoding_lacks_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(document("ü"), encoding="utf-8")
    done = subprocess.run(
        program("define", str(path)),
        capture_output=True,
        env=environment(PYTHONIOENCODING="ascii"),
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith(b"Domain '\\xfc' defined")
