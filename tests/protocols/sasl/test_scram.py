"""SCRAM's two ends against each other, and against forgers and noise."""

from __future__ import annotations

import traceback
from base64 import b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiovirt.errors import AuthenticationFailed, LimitExceeded, ProtocolError
from aiovirt.model.credentials import Secret
from aiovirt.protocols.sasl.library import HASHES
from aiovirt.protocols.sasl.mechanism import Identity
from aiovirt.protocols.sasl.scram import ScramClientMechanism, ScramServerMechanism
from aiovirt.protocols.sasl.verifier import Verifier

PASSWORD = "pencil, =ä"
KNOWN = {name: Verifier.make(Secret(PASSWORD), name) for name in HASHES}
SALTS = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i="


def look_up(mechanism: str, user: str) -> Verifier | None:
    return KNOWN[mechanism] if user == "user, =ü" else None


def client(
    name: str = "SCRAM-SHA-256", *, user: str = "user, =ü", password: str = PASSWORD
) -> ScramClientMechanism:
    return ScramClientMechanism(name, Identity("libvirt", "h", user, Secret(password)))


def server(name: str = "SCRAM-SHA-256") -> ScramServerMechanism:
    return ScramServerMechanism(name, look_up)


@pytest.mark.parametrize("name", HASHES)
def test_both_ends_prove_themselves(name: str) -> None:
    ours, theirs = client(name), server(name)
    final = theirs.step(ours.step(theirs.step(ours.start())))
    assert theirs.complete
    assert theirs.user == "user, =ü"
    assert not ours.complete
    assert ours.step(final) is None
    assert ours.complete


def test_a_server_waits_for_an_absent_initial_response() -> None:
    ours, theirs = client(), server()
    assert theirs.step(None) == b""
    assert ours.step(theirs.step(ours.step(theirs.step(ours.start())))) is None


@pytest.mark.parametrize(("user", "password"), [("user, =ü", "wrong"), ("nobody", PASSWORD)])
def test_an_unknown_user_fails_where_a_wrong_password_does(user: str, password: str) -> None:
    ours, theirs = client(user=user, password=password), server()
    proof = ours.step(theirs.step(ours.start()))
    with pytest.raises(AuthenticationFailed, match="the client's proof is wrong"):
        theirs.step(proof)
    assert not theirs.complete
    assert not theirs.user


def test_the_salt_of_an_unknown_user_stays_the_same() -> None:
    salts = {server().step(client(user="nobody").start()).split(b",")[1] for _ in range(3)}
    assert len(salts) == 1


def test_a_server_that_does_not_know_the_password_is_found_out() -> None:
    ours, theirs = client(), server()
    ours.step(theirs.step(ours.start()))
    with pytest.raises(AuthenticationFailed, match="the server could not prove") as caught:
        ours.step(b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    assert caught.value.hint
    assert not ours.complete


def test_a_server_may_say_why_it_refuses() -> None:
    ours, theirs = client(), server()
    ours.step(theirs.step(ours.start()))
    with pytest.raises(AuthenticationFailed, match="other-error"):
        ours.step(b"e=other-error")


def test_the_work_that_a_server_may_ask_for_is_bounded() -> None:
    ours = client()
    nonce = ours.start().rpartition(b",r=")[2]
    with pytest.raises(LimitExceeded, match="9999999 iterations"):
        ours.step(b"r=" + nonce + b"xyz,s=QSXCR+Q6sek8bf92,i=9999999")


def test_a_nonce_must_go_on_from_ours() -> None:
    ours = client()
    ours.start()
    with pytest.raises(ProtocolError, match="first message is wrong"):
        ours.step(SALTS + b"4096")


@pytest.mark.parametrize("message", [None, b"", b"\xff"])
def test_a_missing_message_is_an_error(message: bytes | None) -> None:
    ours = client()
    ours.start()
    with pytest.raises(ProtocolError):
        ours.step(message)


def test_a_message_that_is_not_due_is_an_error() -> None:
    ours, theirs = client(), server()
    with pytest.raises(ProtocolError, match="not due"):
        ours.step(b"v=x")
    assert ours.step(theirs.step(ours.step(theirs.step(ours.start())))) is None
    with pytest.raises(ProtocolError, match="not due"):
        ours.step(b"v=x")
    with pytest.raises(ProtocolError, match="not due"):
        theirs.step(b"c=biws")


def test_a_password_that_none_may_have_is_not_shown() -> None:
    ours = client(password="geheim" + chr(7))
    with pytest.raises(AuthenticationFailed) as caught:
        ours.start()
    shown = "".join(traceback.format_exception(caught.value))
    assert "geheim" not in shown
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@given(st.lists(st.none() | st.binary(max_size=80) | st.text().map(str.encode), max_size=4))
@settings(max_examples=300)
def test_garbage_for_a_client_is_an_error_of_ours(messages: list[bytes | None]) -> None:
    ours = client()
    ours.start()
    for message in messages:
        with pytest.raises((ProtocolError, AuthenticationFailed)):
            ours.step(message)


@given(junk=st.binary(max_size=60), place=st.integers(0, 200), which=st.sampled_from([0, 1]))
@settings(max_examples=300)
def test_garbled_messages_never_authenticate(junk: bytes, place: int, which: int) -> None:
    ours, theirs = client(), server()
    try:
        first = ours.start()
        proof = ours.step(theirs.step(garbled(first, junk, place) if which == 0 else first))
        assert proof
        last = garbled(proof, junk, place) if which == 1 else proof
        theirs.step(last)
    except (ProtocolError, AuthenticationFailed):
        assert not theirs.complete
    else:
        # Two bits of the last figure in base 64 mean nothing.
        assert b64decode(last.partition(b"p=")[2]) == b64decode(proof.partition(b"p=")[2])


def garbled(message: bytes, junk: bytes, place: int) -> bytes:
    at = place % len(message)
    changed = message[:at] + junk + message[at + 1 :]
    return changed if changed != message else message + b"!"
