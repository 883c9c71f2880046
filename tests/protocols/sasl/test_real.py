"""Our client's ends against Cyrus SASL's server, which is the one inside libvirtd."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import cyrus
import pytest
from kerberos import Realm

from aiovirt.errors import AuthenticationFailed, ProtocolError
from aiovirt.model.credentials import Secret
from aiovirt.protocols.sasl import ClientMechanism, Identity, choose

pytestmark = pytest.mark.real

HOST = platform.node()
PASSWORD = "pässwörd ✓=,"


@pytest.fixture
def users(tmp_path: Path) -> Path:
    cyrus.write_config(tmp_path, "scram-sha-512 scram-sha-256 scram-sha-1 plain anonymous")
    cyrus.add_user(tmp_path, "tüm", PASSWORD, realm=HOST)
    return tmp_path


def mechanism(name: str, *, password: str = PASSWORD, protect: bool = False) -> ClientMechanism:
    offer = choose([name], encrypted=not protect, local=False)
    return offer.client(Identity("libvirt", HOST, "tüm", Secret(password), protect))


def converse(ours: ClientMechanism, theirs: cyrus.SampleServer, *, replies: bool = True) -> None:
    """Exchange messages; `replies`: the server's last one is a challenge like any other."""
    theirs.say(ours.name.encode() + b"\0" + (ours.start() or b""))
    while (challenge := theirs.hear()) is not None:
        response = ours.step(challenge)
        if response is not None or replies:
            theirs.say(response or b"")
    if not ours.complete:
        assert ours.step(theirs.hear()) is None


@pytest.mark.parametrize("flags", [(), ("-l",)], ids=["proof as a challenge", "proof with the end"])
@pytest.mark.parametrize("name", ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"])
def test_cyrus_knows_who_we_are(users: Path, name: str, flags: tuple[str, ...]) -> None:
    ours = mechanism(name)
    with cyrus.SampleServer.running(users, name, *flags) as theirs:
        converse(ours, theirs, replies=not flags)
        assert ours.complete
        assert theirs.until(b"Username").decode() == "Username: tüm\n"


@pytest.mark.parametrize("name", ["SCRAM-SHA-256", "PLAIN"])
def test_cyrus_refuses_a_wrong_password(users: Path, name: str) -> None:
    with cyrus.SampleServer.running(users, name) as theirs, pytest.raises(cyrus.Refused):
        converse(mechanism(name, password="wrong"), theirs)


def test_cyrus_lets_nobody_be_anonymous(users: Path) -> None:
    with cyrus.SampleServer.running(users, "ANONYMOUS") as theirs:
        converse(mechanism("ANONYMOUS"), theirs)
        assert theirs.until(b"Username") == b"Username: anonymous\n"


@pytest.fixture
def realm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Realm]:
    cyrus.write_config(tmp_path, "gssapi")
    with Realm.entered(tmp_path, monkeypatch) as realm:
        realm.add_service("libvirt", HOST)
        yield realm


def test_kerberos_proves_both_ends(realm: Realm) -> None:
    ours = mechanism("GSSAPI")
    with cyrus.SampleServer.running(realm.folder, "GSSAPI", "-b", "min=0,max=0") as theirs:
        converse(ours, theirs)
        assert ours.complete
        assert ours.layer is None
        assert theirs.until(b"Username") == b"Username: tim\n"


def test_kerberos_encrypts_an_open_line(realm: Realm) -> None:
    ours = mechanism("GSSAPI", protect=True)
    with cyrus.SampleServer.running(realm.folder, "GSSAPI", "-b", "min=56,max=256") as theirs:
        converse(ours, theirs)
        layer = ours.layer
        assert layer
        assert layer.ssf == 56
        heard = theirs.hear()
        assert heard
        assert layer.decode(heard) == b"srv message 1\0"
        theirs.say(layer.encode(b"ours"))
        assert theirs.until(b"decoded message 'ours'")
        with pytest.raises(ProtocolError, match="false piece"):
            layer.decode(heard[:-1] + bytes((heard[-1] ^ 1,)))


def test_kerberos_has_to_encrypt_an_open_line(realm: Realm) -> None:
    ours = mechanism("GSSAPI", protect=True)
    with (
        cyrus.SampleServer.running(realm.folder, "GSSAPI", "-b", "min=0,max=0") as theirs,
        pytest.raises(AuthenticationFailed, match="the server does not encrypt"),
    ):
        converse(ours, theirs)


def test_kerberos_wants_a_ticket_for_the_service(realm: Realm) -> None:
    ours = choose(["GSSAPI"], encrypted=True, local=False).client(Identity("other", HOST))
    with pytest.raises(AuthenticationFailed, match=f"no ticket for the service other@{HOST}"):
        ours.start()
    assert realm.folder.exists()


@pytest.mark.usefixtures("realm")
@pytest.mark.parametrize("message", [None, b"", b"garbage"])
def test_garbage_is_an_error_of_ours(message: bytes | None) -> None:
    ours = mechanism("GSSAPI")
    with pytest.raises(ProtocolError):
        ours.step(message)
    ours.start()
    with pytest.raises(AuthenticationFailed):
        ours.step(message)
