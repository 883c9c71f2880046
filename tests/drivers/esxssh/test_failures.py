"""What the refusals of an ESX host become."""

from __future__ import annotations

import pytest

from aiovirt.drivers.esxssh.failures import fault_in, refusal
from aiovirt.drivers.esxssh.link import Output
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    Busy,
    ConfigError,
    InvalidState,
    NotFound,
    PermissionDenied,
    RemoteError,
    ResourceUnavailable,
)


def fault(name: str) -> str:
    """Return a fault as vim-cmd prints it."""
    return f'Heading:\n({name}) {{\n   faultCause = null,\n   msg = "He said "no""\n}}\n'


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("vim.fault.NotFound", NotFound),
        ("vmodl.fault.ManagedObjectNotFound", NotFound),
        ("vim.fault.InvalidPowerState", InvalidState),
        ("vim.fault.ToolsUnavailable", InvalidState),
        ("vim.fault.AlreadyExists", AlreadyExists),
        ("vim.fault.NoPermission", PermissionDenied),
        ("vim.fault.RestrictedVersion", PermissionDenied),
        ("vim.fault.NoDiskSpace", ResourceUnavailable),
        ("vim.fault.TaskInProgress", Busy),
        ("vmodl.fault.InvalidArgument", ConfigError),
        ("vim.fault.SomethingNew", RemoteError),
    ],
)
def test_faults(kind: str, error: type[AiovirtError]) -> None:
    made = refusal(Output(1, fault(kind).encode(), ""), "esx1 did not start it")
    assert type(made) is error
    assert str(made) == 'esx1 did not start it: He said "no"'


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("Failed to create virtual disk: The file already exists (39).", AlreadyExists),
        ("Failed to open 'x.vmdk': The system cannot find the file specified (25).", NotFound),
        ("Failed to lock the file (16392).", Busy),
        ("There is not enough space on the file system (13).", ResourceUnavailable),
        ("A portgroup with the name Lab already exists", AlreadyExists),
        ("Unable to find vswitch lab", NotFound),
        ("cat: can't open 'x': No such file or directory", NotFound),
        ("rm: can't remove 'x': Operation not permitted", PermissionDenied),
        ("Power on failed", RemoteError),
    ],
)
def test_sentences(words: str, error: type[AiovirtError]) -> None:
    made = refusal(Output(1, b"", words), "esx1 did not do it")
    assert type(made) is error
    assert words in str(made)


def test_a_command_that_says_nothing_tells_its_status() -> None:
    assert str(refusal(Output(3, b"", ""), "esx1 did not do it")).endswith("status 3")


def test_what_is_no_fault() -> None:
    for text in ("", "(vim.fault.NotFound)", "   x = (vim.fault.NotFound) null,\n", "(a.B) {\n"):
        assert fault_in(text) is None
