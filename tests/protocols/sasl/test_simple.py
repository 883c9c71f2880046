"""The mechanisms of one message, both ends."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import AuthenticationFailed, ProtocolError
from aiovirt.model.credentials import Secret
from aiovirt.protocols.sasl.mechanism import Identity
from aiovirt.protocols.sasl.simple import (
    anonymous,
    external,
    plain,
    serve_anonymous,
    serve_external,
    serve_plain,
)
from aiovirt.protocols.sasl.verifier import Verifier

PASSWORD = "pässwort"
KNOWN = Verifier.make(Secret(PASSWORD))


def look_up(mechanism: str, user: str) -> Verifier | None:
    return KNOWN if (mechanism, user) == ("SCRAM-SHA-256", "tim") else None


def who(name: str = "tim", password: str = PASSWORD) -> Identity:
    return Identity("libvirt", "h", name, Secret(password))


def test_plain_says_name_and_password() -> None:
    ours, theirs = plain(who()), serve_plain(look_up)
    message = ours.start()
    assert message == b"\0tim\0p\xc3\xa4sswort"
    assert ours.complete
    assert theirs.step(message) is None
    assert (theirs.complete, theirs.user) == (True, "tim")
    assert ours.step(None) is None


@pytest.mark.parametrize(
    "message", [b"\0tim\0wrong", b"\0tom\0p\xc3\xa4sswort", b"root\0tim\0p\xc3\xa4sswort"]
)
def test_plain_refuses(message: bytes) -> None:
    theirs = serve_plain(look_up)
    with pytest.raises(AuthenticationFailed):
        theirs.step(message)
    assert (theirs.complete, theirs.user) == (False, "")


@pytest.mark.parametrize(("name", "password"), [("a\0b", "x"), ("a", "x\0"), ("a", "\ud800x")])
def test_plain_cannot_say_everything(name: str, password: str) -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        plain(who(name, password))
    assert caught.value.__context__ is None


def test_external_acts_as_who_the_transport_says() -> None:
    theirs = serve_external("CN=tim")
    assert theirs.step(None) == b""
    assert theirs.step(external(who()).start()) is None
    assert theirs.user == "CN=tim"


def test_external_lets_nobody_act_as_another() -> None:
    with pytest.raises(AuthenticationFailed):
        serve_external("CN=tim").step(b"root")


def test_anonymous_is_nobody() -> None:
    theirs = serve_anonymous()
    theirs.step(anonymous(who()).start())
    assert (theirs.complete, theirs.user) == (True, "")


def test_a_challenge_where_none_is_due_is_an_error() -> None:
    ours = plain(who())
    ours.start()
    with pytest.raises(ProtocolError):
        ours.step(b"more?")


def test_a_second_message_is_an_error() -> None:
    theirs = serve_anonymous()
    theirs.step(b"")
    with pytest.raises(ProtocolError):
        theirs.step(b"")


@given(st.none() | st.binary(max_size=40))
def test_garbage_never_authenticates(message: bytes | None) -> None:
    theirs = serve_plain(look_up)
    with suppress(ProtocolError, AuthenticationFailed):
        assert theirs.step(message) == b""
    assert not theirs.complete
