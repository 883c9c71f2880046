"""``qemu-monitor-command``."""

from __future__ import annotations

import pytest
from clirun import Run

from aiovirt.cli.failures import UsageError
from aiovirt.cli.monitor import parse_command

COMMANDS = {
    "query-status": ("query-status", {}),
    '{"execute": "stop"}': ("stop", {}),
    ' {"execute": "eject", "arguments": {"id": "cd"}}': ("eject", {"id": "cd"}),
}


@pytest.mark.parametrize(("text", "expected"), COMMANDS.items())
def test_a_command_is_a_name_or_a_message(text: str, expected: tuple[str, object]) -> None:
    assert parse_command(text, hmp=False) == expected


@pytest.mark.parametrize(
    "text", ['{"execute"', "{}", '{"execute": 1}', '{"execute": "x", "arguments": []}']
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_command(text, hmp=False)


@pytest.mark.usefixtures("web1")
def test_an_answer_stands_in_its_frame(run: Run) -> None:
    done = run("qemu-monitor-command", "web1", "query-status")
    assert done.out == '{"return": {"status": "running"}}\n'


@pytest.mark.usefixtures("web1")
def test_an_answer_may_be_indented_and_without_its_frame(run: Run) -> None:
    done = run("qemu-monitor-command", "web1", "query-status", "--pretty", "--return-value")
    assert done.out == '{\n  "status": "running"\n}\n'


@pytest.mark.usefixtures("web1")
def test_the_human_monitor_gets_the_whole_line(run: Run) -> None:
    done = run("qemu-monitor-command", "--hmp", "web1", "info", "status")
    assert done.out == "you said info status\n"


@pytest.mark.usefixtures("web1")
def test_a_refusal_is_in_the_hypervisors_words(run: Run) -> None:
    done = run("qemu-monitor-command", "web1", "nosuch")
    assert (done.status, done.err) == (
        1,
        "error: nosuch: The command nosuch has not been found\n",
    )


@pytest.mark.usefixtures("web1")
def test_no_command_is_a_usage_error(run: Run) -> None:
    assert run("qemu-monitor-command", "web1").status == 2
