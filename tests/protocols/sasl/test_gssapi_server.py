"""Kerberos, the server's end, with a real key centre: our client, and Cyrus SASL's."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from kerberos import Realm

from aiovirt.errors import AuthenticationFailed, ProtocolError
from aiovirt.protocols.sasl import Identity
from aiovirt.protocols.sasl.gssapi import GSSAPIClient
from aiovirt.protocols.sasl.gssapi_server import GSSAPIServer

pytestmark = pytest.mark.real

HOST = platform.node()


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    with (
        pytest.MonkeyPatch.context() as patch,
        Realm.entered(tmp_path_factory.mktemp("realm"), patch) as realm,
    ):
        realm.add_service("libvirt", HOST)
        patch.delenv("KRB5_KTNAME")
        yield realm


def ends(realm: Realm, *, protect: bool) -> tuple[GSSAPIClient, GSSAPIServer]:
    keytab = Path(realm.environ["KRB5_KTNAME"])
    ours = GSSAPIClient(Identity("libvirt", HOST, protect=protect))
    return ours, GSSAPIServer("libvirt", keytab=keytab, protect=protect)


def talk(client: GSSAPIClient, server: GSSAPIServer) -> list[bytes | None]:
    """Go through the exchange; the client's messages."""
    said = [client.start()]
    while True:
        answer = server.step(said[-1])
        if server.complete:
            return said
        said.append(client.step(answer))


def test_both_ends_are_proved(realm: Realm) -> None:
    client, server = ends(realm, protect=False)
    talk(client, server)
    assert client.complete
    assert (server.user, server.layer) == ("tim@LAB", None)


def test_an_open_line_is_encrypted(realm: Realm) -> None:
    client, server = ends(realm, protect=True)
    talk(client, server)
    assert client.layer
    assert server.layer
    sent = client.layer.encode(b"secret")
    assert b"secret" not in sent
    assert server.layer.decode(sent) == b"secret"
    assert client.layer.decode(server.layer.encode(b"x" * 200_000)) == b"x" * 200_000


def test_a_client_that_does_not_encrypt_is_refused(realm: Realm) -> None:
    client, _ = ends(realm, protect=False)
    _, server = ends(realm, protect=True)
    with pytest.raises(AuthenticationFailed, match="the server insists on encrypting"):
        talk(client, server)
    assert not server.complete


def test_a_replayed_exchange_is_refused(realm: Realm) -> None:
    client, server = ends(realm, protect=False)
    said = talk(client, server)
    _, again = ends(realm, protect=False)
    with suppress(AuthenticationFailed):
        for message in said:
            again.step(message)
    assert not again.complete


@pytest.mark.parametrize("garbage", [b"\x60garbage", b"\0" * 4096])
def test_garbage_proves_nothing(realm: Realm, garbage: bytes) -> None:
    _, server = ends(realm, protect=False)
    with pytest.raises(AuthenticationFailed):
        server.step(garbage)
    with pytest.raises(ProtocolError, match="not due"):
        server.step(garbage)


def test_without_keys_nobody_is_known(realm: Realm, tmp_path: Path) -> None:
    client, _ = ends(realm, protect=False)
    server = GSSAPIServer("libvirt", keytab=tmp_path / "none", protect=False)
    with pytest.raises(AuthenticationFailed):
        server.step(client.start())


@pytest.mark.parametrize("nothing", [None, b""])
def test_a_client_may_begin_with_nothing(realm: Realm, nothing: bytes | None) -> None:
    _, server = ends(realm, protect=False)
    assert server.step(nothing) == b""
    assert not server.complete
