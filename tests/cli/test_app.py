"""The program as a whole: its verbs, its help, what it refuses, what it loads."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest
from clirun import Run, environment, program

from aiovirt.cli.verbs import VERBS, verb_name

ALL = [verb for verbs in VERBS.values() for verb in verbs]
NAMES = [verb_name(verb) for verb in ALL]


@pytest.mark.parametrize("verb", ALL, ids=verb_name)
def test_every_verb_has_an_example(verb: str) -> None:
    module, _, function = verb.partition(".")
    made = getattr(import_module(f"aiovirt.cli.{module}"), function)
    lines = (inspect.getdoc(made) or "").splitlines()
    assert any(line.startswith("    ") and f"aiovirt {verb_name(verb)}" in line for line in lines)


def test_no_verb_stands_twice() -> None:
    assert len(NAMES) == len(set(NAMES))


def test_help_names_every_group_and_verb(run: Run) -> None:
    shown = run("--help").out
    assert [title for title in VERBS if title not in shown] == []
    assert [name for name in NAMES if f" {name} " not in shown] == []


@pytest.mark.parametrize("verb", NAMES)
def test_help_of_a_verb_has_its_examples_and_all_options(run: Run, verb: str) -> None:
    done = run("help", verb)
    assert done.status == 0
    assert f"aiovirt {verb}" in done.out
    assert "--connect" in done.out
    assert done.out == run(verb, "--help").out


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("strat web1", "error: there is no verb 'strat'\nhint: did you mean start?\n"),
        ("lst start", "error: there is no verb 'lst'\nhint: did you mean list?\n"),
        ("help strat", "error: there is no verb 'strat'\nhint: aiovirt help lists them\n"),
        ("start", "error: DOMAIN is missing\nhint: see aiovirt start --help\n"),
        (
            "start a b",
            "error: unexpected on the command line: 'b'\nhint: see aiovirt start --help\n",
        ),
        ("list --bogus", "error: Unknown option: --bogus.\nhint: see aiovirt list --help\n"),
    ],
)
def test_a_wrong_line_is_told_in_a_sentence(run: Run, line: str, text: str) -> None:
    done = run(*line.split())
    assert (done.status, done.out, done.err) == (2, "", text)


@pytest.mark.parametrize(
    "option", ["-o xml", "--timeout 0", "--timeout -1", "--timeout soon", "-c"]
)
def test_a_wrong_option_is_a_usage_error(run: Run, option: str) -> None:
    done = run("list", *option.split())
    assert (done.status, done.out, done.err[:7]) == (2, "", "error: ")


@pytest.mark.usefixtures("web1")
def test_options_of_every_verb_stand_before_or_after_it(run: Run) -> None:
    assert run("-o", "name", "list").out == run("list", "-o", "name").out == "web1\n"


def test_an_option_goes_before_the_environment(run: Run) -> None:
    assert run("uri", "--connect", "test:///default").out == "test:///default\n"


def test_names_of_domains_are_completed() -> None:
    done = subprocess.run(
        program("__complete", "start", ""), capture_output=True, env=environment(), check=True
    )
    assert done.stdout.splitlines()[-1] == b"web1"


@pytest.mark.parametrize("uri", ["nosuch:///", "fake:///elsewhere"])
def test_completion_of_a_host_that_fails_is_silent(uri: str) -> None:
    command = program("__complete", "-c", uri, "start", "")
    done = subprocess.run(command, capture_output=True, env=environment(), check=True)
    assert (done.stdout.split(), done.stderr) == ([b"\x1fbegin"], b"")


@pytest.mark.parametrize(
    ("shell", "said"),
    [
        ("bash", "complete -F _aiovirt aiovirt"),
        ("zsh", "#compdef aiovirt\n\n_cyclopts_aiovirt() {"),  # which the file must be named after
        ("fish", "complete -c aiovirt"),
        ("powershell", "Register-ArgumentCompleter"),
    ],
)
def test_a_shell_gets_its_script(run: Run, shell: str, said: str) -> None:
    done = run("completion", shell)
    assert done.status == 0
    assert said in done.out
    assert "__complete" in done.out


HEAVY = ("lxml", "asyncssh", "aiohttp", "trio", "yaml", "aiovirt.drivers")


@pytest.mark.parametrize("argument", ["--version", "--help", "uri"])
def test_what_opens_no_host_loads_nothing_heavy(argument: str) -> None:
    code = f"import sys; from aiovirt.cli import main; main([{argument!r}]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    loaded = done.stdout.decode().splitlines()[-1].split()
    assert [name for name in HEAVY if name in loaded] == []
