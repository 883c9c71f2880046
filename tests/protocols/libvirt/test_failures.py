"""libvirt's errors become aiovirt's, and aiovirt's become libvirt's."""

from __future__ import annotations

import pytest

from aiovirt.errors import (
    AgentDisabled,
    AgentHung,
    AgentNotReady,
    AiovirtError,
    AlreadyExists,
    Busy,
    CallerError,
    InvalidState,
    NotFound,
    RemoteError,
    Unsupported,
    XMLError,
)
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.protocols.libvirt.failures import error_from, is_unknown_procedure, struct_from
from aiovirt.protocols.libvirt.tables.structs import Error


def made(code: int, text: str = "words", domain: int = ErrorDomain.QEMU) -> AiovirtError:
    error = Error(code, domain, text, 2, None, "one", "two", None, 3, 4, None)
    return error_from(error, driver="QEMU", operation="start", server="libvirt 9.0.0 at node7")


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (ErrorNumber.ERR_NO_DOMAIN, "x", NotFound),
        (ErrorNumber.ERR_NO_STORAGE_VOL, "x", NotFound),
        (ErrorNumber.ERR_OPERATION_INVALID, "not running", InvalidState),
        (ErrorNumber.ERR_OPERATION_FAILED, "domain 'a' already exists with uuid b", AlreadyExists),
        (ErrorNumber.ERR_OPERATION_FAILED, "it broke", RemoteError),
        (ErrorNumber.ERR_OPERATION_TIMEOUT, "cannot acquire state change lock", Busy),
        (ErrorNumber.ERR_XML_ERROR, "bad", XMLError),
        (ErrorNumber.ERR_INVALID_ARG, "bad", CallerError),
        (ErrorNumber.ERR_OPERATION_UNSUPPORTED, "no", Unsupported),
        (ErrorNumber.ERR_INTERNAL_ERROR, "oops", RemoteError),
        (ErrorNumber.ERR_AGENT_UNRESPONSIVE, "the agent is not connected", AgentNotReady),
        (ErrorNumber.ERR_AGENT_UNRESPONSIVE, "Guest agent is not responding: x", AgentHung),
        (4711, "from the future", RemoteError),
    ],
)
def test_class_of_an_error(code: int, text: str, kind: type[AiovirtError]) -> None:
    error = made(code, text)
    assert type(error) is kind
    assert text in str(error)


def test_what_an_agent_refused_is_told_from_libvirts_words() -> None:
    words = "Command guest-exec has been disabled: the command is not allowed"
    text = f"internal error: unable to execute QEMU agent command 'guest-exec': {words}"
    error = made(ErrorNumber.ERR_INTERNAL_ERROR, text)
    assert isinstance(error, AgentDisabled)
    assert (error.command, error.description) == ("guest-exec", words)


def test_libvirts_numbers_and_strings_are_kept() -> None:
    detail = made(ErrorNumber.ERR_NO_DOMAIN).libvirt
    assert detail is not None
    assert (detail.code, detail.domain, detail.message) == (42, 10, "words")
    assert (detail.strings, detail.numbers) == (("one", "two", None), (3, 4))


def test_procedure_that_the_server_lacks() -> None:
    error = made(ErrorNumber.ERR_RPC, "unknown procedure: 453", ErrorDomain.RPC)
    assert isinstance(error, Unsupported)
    assert "libvirt 9.0.0 at node7 is older" in str(error)


@pytest.mark.parametrize("domain", [ErrorDomain.RPC, ErrorDomain.REMOTE])
def test_words_that_libvirts_clients_look_for(domain: ErrorDomain) -> None:
    error = Error(39, domain, "unknown procedure: 5", 2, None, None, None, None, -1, -1, None)
    assert is_unknown_procedure(error)


def test_error_without_words() -> None:
    error = Error(1, 7, None, 2, None, None, None, None, -1, -1, None)
    text = str(error_from(error, driver="QEMU", operation="start", server="x"))
    assert text == "libvirt error 1 without a text"


@pytest.mark.parametrize("number", [n for n in ErrorNumber if n.name.startswith("ERR_NO_D")])
def test_what_came_from_a_libvirt_goes_on_as_it_came(number: ErrorNumber) -> None:
    there = struct_from(made(number), ErrorDomain.NONE)
    assert (there.code, there.domain, there.message) == (number, ErrorDomain.QEMU, "words")
    assert (there.str1, there.str2, there.int1, there.int2) == ("one", "two", 3, 4)


def test_error_of_our_own() -> None:
    there = struct_from(NotFound("no such network"), ErrorDomain.NETWORK)
    assert (there.code, there.domain) == (ErrorNumber.ERR_NO_DOMAIN, ErrorDomain.NETWORK)
    number = ErrorNumber.ERR_NO_NETWORK
    assert struct_from(NotFound("x"), ErrorDomain.NETWORK, number=number).code == number
