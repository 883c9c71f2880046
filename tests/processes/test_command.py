"""Commands as values: what is wrong is told with its field; rendering hides secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiovirt.errors import ConfigError
from aiovirt.processes import SECRET_LIMIT, Command, Limits, Namespace, Secret


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("args", ("a\0b",)),
        ("env", {"": "x"}),
        ("env", {"A=B": "x"}),
        ("env", {"A": "x\0y"}),
        ("umask", 0o1000),
        ("keep_capabilities", frozenset({"net_admin"})),
        ("nice", 20),
        ("oom_score_adj", 1001),
        ("affinity", frozenset()),
        ("pass_fds", (5, 2)),
        ("pass_fds", (5, 5)),
        ("affinity", frozenset({1 << 40})),
        ("user", -1),  # the kernel would read it as "as it is": root, often
        ("user", 2**32),
        ("group", 2**32 - 1),
        ("groups", (0, -1)),
        ("cwd", "/tmp\0x"),
        ("pidfile", Path("/run/a\0b")),
        ("cgroup", (Path("/sys/fs/cgroup\0"),)),
        ("selinux_label", "a\0b"),
        ("env_pass", ("A\0B",)),
    ],
)
def test_a_wrong_field_is_named(field: str, value: Any) -> None:  # noqa: ANN401  any field's type
    with pytest.raises(ConfigError, match=field) as caught:
        Command("true", **{field: value})
    assert caught.value.field == field


def test_an_unknown_capability_is_named() -> None:
    with pytest.raises(ConfigError, match="fly"):
        Command("true", drop_capabilities=True, keep_capabilities=frozenset({"fly", "kill"}))


def test_a_pidfile_has_no_place_in_a_pid_namespace() -> None:
    with pytest.raises(ConfigError, match="pidfile"):
        Command("true", pidfile=Path("x"), namespaces=Namespace.PID | Namespace.NET)


@pytest.mark.parametrize("program", ["", "tr\0ue"])
def test_a_program_must_be_a_name(program: str) -> None:
    with pytest.raises(ConfigError, match="program"):
        Command(program)


@pytest.mark.parametrize("value", [-2, 2**63])
def test_limits_are_what_the_kernel_can_count(value: int) -> None:
    with pytest.raises(ConfigError, match=r"limits\.core"):
        Limits(core=value)


def test_a_command_line_is_quoted_for_a_shell() -> None:
    command = Command("true", ("F", "G  H"), env={"A": "B", "C": "D  E"})
    assert command.render() == "A=B C='D  E' true F 'G  H'"


def test_a_secret_stands_nowhere() -> None:
    command = Command.of("qemu", Secret(b"hunter2", "secret,id=s0,file=/dev/fd/{fd}"))
    assert str(command) == "qemu 'secret,id=s0,file=/dev/fd/***'"
    assert "hunter2" not in repr(command)


def test_a_secret_needs_a_place_for_its_descriptor() -> None:
    with pytest.raises(ConfigError, match="fd"):
        Secret(b"x", "file=x")


def test_a_secret_has_a_limit() -> None:
    with pytest.raises(ConfigError, match=str(SECRET_LIMIT)):
        Secret(bytes(SECRET_LIMIT + 1))
