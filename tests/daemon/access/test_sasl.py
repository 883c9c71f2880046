"""A client's SASL dialogue: who gets in, and what everybody else learns."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from aiovirt.daemon.access.attempts import Attempts
from aiovirt.daemon.access.identity import Identity
from aiovirt.daemon.access.passwords import Passwords
from aiovirt.daemon.access.sasl import MAX_TRIES, SaslDialogue, offered_mechanisms
from aiovirt.daemon.settings import AccessSettings
from aiovirt.errors import AuthenticationFailed
from aiovirt.model.credentials import Secret
from aiovirt.protocols.sasl import Identity as Login
from aiovirt.protocols.sasl import Verifier
from aiovirt.protocols.sasl.scram import ScramClientMechanism

pytestmark = pytest.mark.anyio

TLS = Identity("tls", "192.0.2.1:4000", x509_name="CN=client")
TCP = Identity("tcp", "192.0.2.1:4000")
UNIX = Identity("unix", "unix", uid=1000, user="alice")
SHA256 = "SCRAM-SHA-256"
PASSWORDS = Passwords({("bob", SHA256): Verifier.make(Secret("open sesame"), SHA256)})
ALL = AccessSettings(
    sasl_mechanisms=("GSSAPI", SHA256, "PLAIN", "EXTERNAL"), kerberos_keytab=Path("keytab")
)


def dialogue(identity: Identity = TLS, attempts: Attempts | None = None) -> SaslDialogue:
    offered = (SHA256, "PLAIN", "EXTERNAL")
    return SaslDialogue(
        identity, offered, PASSWORDS.find, attempts or Attempts(), clock=lambda: 0.0
    )


def client(login: tuple[str, str] = ("bob", "open sesame")) -> ScramClientMechanism:
    name, password = login
    return ScramClientMechanism(SHA256, Login("libvirt", "host", name, Secret(password)))


async def scram(theirs: SaslDialogue, ours: ScramClientMechanism) -> tuple[bytes, bytes]:
    """Go through the exchange; the client's two messages."""
    first = ours.start()
    _, challenge = await theirs.start(SHA256, first)
    proof = ours.step(challenge)
    assert proof
    complete, last = await theirs.step(proof)
    assert complete
    ours.step(last)
    return first, proof


async def test_who_knows_the_password_is_known() -> None:
    theirs, ours = dialogue(), client()
    await scram(theirs, ours)
    assert ours.complete
    assert (theirs.complete, theirs.user, theirs.layer) == (True, "bob", None)


@pytest.mark.parametrize("login", [("bob", "wrong"), ("eve", "open sesame")])
async def test_a_wrong_password_and_an_unknown_user_look_alike(login: tuple[str, str]) -> None:
    theirs = dialogue()
    with pytest.raises(AuthenticationFailed) as caught:
        await scram(theirs, client(login))
    assert str(caught.value) == "authentication failed"
    assert caught.value.libvirt
    assert (caught.value.libvirt.code, caught.value.libvirt.domain) == (45, 7)
    assert theirs.user is None


async def test_a_replayed_exchange_is_refused() -> None:
    first, proof = await scram(dialogue(), client())
    again = dialogue()
    await again.start(SHA256, first)
    with pytest.raises(AuthenticationFailed):
        await again.step(proof)
    assert not again.complete


async def test_nothing_follows_the_end() -> None:
    theirs = dialogue()
    _, proof = await scram(theirs, client())
    with pytest.raises(AuthenticationFailed):
        await theirs.step(proof)
    with pytest.raises(AuthenticationFailed):
        await theirs.start("PLAIN", b"\0eve\0x")
    assert theirs.user == "bob"


async def test_plain_takes_the_password_itself() -> None:
    theirs = dialogue()
    assert await theirs.start("PLAIN", b"\0bob\0open sesame") == (True, None)
    assert theirs.user == "bob"


@pytest.mark.parametrize("message", [b"\0bob\0wrong", b"\0eve\0x", b"root\0bob\0open sesame", b""])
async def test_plain_refuses(message: bytes) -> None:
    with pytest.raises(AuthenticationFailed, match=r"^authentication failed$"):
        await dialogue().start("plain", message)


async def test_external_takes_the_certificates_name() -> None:
    theirs = dialogue()
    assert (await theirs.start("EXTERNAL", b""))[0]
    assert theirs.user == "CN=client"


async def test_external_marks_who_is_local() -> None:
    theirs = dialogue(UNIX)
    await theirs.start("EXTERNAL", b"")
    assert theirs.user == "unix:alice"


async def test_external_is_nobody_elses() -> None:
    with pytest.raises(AuthenticationFailed):
        await dialogue().start("EXTERNAL", b"CN=root")


async def test_external_without_a_certificate_is_refused() -> None:
    with pytest.raises(AuthenticationFailed):
        await dialogue(replace(TLS, x509_name=None)).start("EXTERNAL", b"")


@pytest.mark.parametrize("name", ["SCRAM-SHA-1", "ANONYMOUS", "GSSAPI", "", "X" * 100_000])
async def test_what_is_not_offered_is_refused(name: str) -> None:
    with pytest.raises(AuthenticationFailed, match=r"^authentication failed$"):
        await dialogue().start(name, b"")


async def test_tries_are_bounded_and_the_right_password_is_too_late() -> None:
    theirs = dialogue()
    for _ in range(MAX_TRIES):
        with pytest.raises(AuthenticationFailed):
            await theirs.start("PLAIN", b"\0bob\0wrong")
    with pytest.raises(AuthenticationFailed):
        await theirs.start("PLAIN", b"\0bob\0open sesame")
    assert not theirs.complete


async def test_a_message_too_long_is_refused() -> None:
    with pytest.raises(AuthenticationFailed):
        await dialogue().start(SHA256, b"n" * 65537)


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        patch.setattr("aiovirt.daemon.access.sasl.anyio.sleep", self.sleep)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, delay_s: float) -> None:
        self.now += delay_s


async def test_who_guesses_waits_before_each_try(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, attempts, begun = Clock(monkeypatch), Attempts(), []
    for message in (*[b"\0bob\0wrong"] * 5, b"\0bob\0open sesame"):
        theirs = SaslDialogue(TLS, ("PLAIN",), PASSWORDS.find, attempts, clock=clock)
        with suppress(AuthenticationFailed):
            await theirs.start("PLAIN", message)
        begun.append(clock.now)
    assert begun == [0.0, 0.0, 0.0, 0.25, 0.75, 1.75]
    assert attempts.wait_s("192.0.2.1", clock.now) == 0.0


async def test_the_log_says_why_and_no_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "aiovirt.daemon.access")
    with pytest.raises(AuthenticationFailed):
        await dialogue().start("PLAIN", b"\0bob\0hunter2")
    assert "192.0.2.1:4000" in caplog.text
    assert "password wrong" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("identity", "settings", "offered"),
    [
        (TLS, ALL, ("GSSAPI", SHA256, "PLAIN", "EXTERNAL")),
        (UNIX, ALL, ("GSSAPI", SHA256, "PLAIN", "EXTERNAL")),
        (TCP, ALL, ("GSSAPI",)),
        (TCP, AccessSettings(), ()),
        (TCP, replace(ALL, sasl_unencrypted=True), ("GSSAPI", SHA256)),
        (replace(TLS, x509_name=None), ALL, ("GSSAPI", SHA256, "PLAIN")),
        (TLS, AccessSettings(), (SHA256, "EXTERNAL")),
    ],
)
def test_what_is_offered(
    identity: Identity, settings: AccessSettings, offered: tuple[str, ...]
) -> None:
    assert offered_mechanisms(settings, identity, PASSWORDS) == offered


def test_without_users_no_password_is_asked_for() -> None:
    assert offered_mechanisms(ALL, TLS, Passwords()) == ("GSSAPI", "EXTERNAL")
