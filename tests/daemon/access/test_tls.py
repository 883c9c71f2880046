"""Whose certificates are let in by TLS."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import pytest
from certificates import Authority, Identity
from cryptography.x509.oid import ExtendedKeyUsageOID

from aiovirt._tasks import open_task_group
from aiovirt.daemon.access.identity import Identity as Peer
from aiovirt.daemon.access.tls import TlsDoor, server_context
from aiovirt.daemon.settings import TlsSettings
from aiovirt.errors import AiovirtError, AuthenticationFailed, ConfigError, NotFound, Unresponsive
from aiovirt.streams.tls import load_authority, load_identity, start_tls
from aiovirt.streams.unix import UnixStream

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def server(ca: Authority) -> Identity:
    return ca.sign("server", hosts=["localhost"])


@pytest.fixture(scope="module")
def settings(ca: Authority, server: Identity) -> TlsSettings:
    return TlsSettings(
        ca_certificate=ca.certificate, certificate=server.certificate, key=server.key
    )


@dataclass
class Met:
    """What came of one connection."""

    peer: Peer | None = None
    refused: AiovirtError | None = None
    heard: bytes | None = None


@asynccontextmanager
async def connected() -> AsyncGenerator[tuple[socket.socket, socket.socket], None]:
    """Both ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ours = socket.create_connection(listening.getsockname())
        theirs, _ = listening.accept()
    with ours, theirs:
        ours.settimeout(0)
        theirs.settimeout(0)
        yield ours, theirs


async def meet(door: TlsDoor, ca: Authority, shown: Identity | None) -> Met:
    """Let a client with a certificate try to get in."""
    met = Met()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    load_authority(context, ca.certificate)
    if shown is not None:
        load_identity(context, shown.certificate, shown.key)

    async def accept(sock: socket.socket) -> None:
        try:
            _, met.peer = await door.accept(sock)
        except AiovirtError as error:
            met.refused = error
        await UnixStream(sock).aclose()

    async with connected() as (ours, theirs), open_task_group() as group:
        group.start_soon(accept, theirs)
        try:
            tls = await start_tls(ours, context, peer="it", server_hostname="localhost")
            met.heard = tls.decode(await UnixStream(ours).receive())
        except (AiovirtError, anyio.EndOfStream):
            pass
    return met


async def test_a_client_is_let_in_and_told_so(settings: TlsSettings, ca: Authority) -> None:
    shown = ca.sign("tim", organization="Example", purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    met = await meet(TlsDoor(settings), ca, shown)
    assert met.peer
    assert met.heard == b"\x01"
    assert (met.peer.transport, met.peer.x509_name) == ("tls", "CN=tim,O=Example")
    assert met.peer.address.startswith("127.0.0.1:")


async def refusal(door: TlsDoor, ca: Authority, shown: Identity | None) -> AiovirtError:
    """Why a client is not let in; it does not hear that it is."""
    met = await meet(door, ca, shown)
    assert met.peer is None
    assert met.heard is None
    assert met.refused is not None
    return met.refused


async def test_an_expired_certificate(
    settings: TlsSettings, ca: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    error = await refusal(TlsDoor(settings), ca, ca.sign("late", days=(-9, -1)))
    assert isinstance(error, AuthenticationFailed)
    assert "the client's certificate has expired" in str(error)
    assert "is not let in" in caplog.text
    assert "127.0.0.1" in caplog.text


async def test_a_certificate_of_tomorrow(settings: TlsSettings, ca: Authority) -> None:
    error = await refusal(TlsDoor(settings), ca, ca.sign("early", days=(1, 2)))
    assert "is not valid yet" in str(error)


async def test_another_authority(settings: TlsSettings, ca: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "other", "somebody else").sign("tim")
    error = await refusal(TlsDoor(settings), ca, stranger)
    assert isinstance(error, AuthenticationFailed)
    assert "a CA that we do not know" in str(error)


async def test_another_authority_of_the_same_name(
    settings: TlsSettings, ca: Authority, tmp_path: Path
) -> None:
    error = await refusal(TlsDoor(settings), ca, Authority(tmp_path / "other").sign("tim"))
    assert isinstance(error, AuthenticationFailed)


async def test_a_certificate_for_servers(settings: TlsSettings, ca: Authority) -> None:
    shown = ca.sign("wrong purpose", purpose=ExtendedKeyUsageOID.SERVER_AUTH)
    error = await refusal(TlsDoor(settings), ca, shown)
    assert isinstance(error, AuthenticationFailed)
    assert "not for this end" in str(error)


async def test_no_certificate(settings: TlsSettings, ca: Authority) -> None:
    error = await refusal(TlsDoor(settings), ca, None)
    assert isinstance(error, AuthenticationFailed)
    assert "has shown no certificate" in str(error)


async def test_a_certificate_need_not_be_shown_where_that_is_set(
    settings: TlsSettings, ca: Authority
) -> None:
    door = TlsDoor(replace(settings, verify_clients=False))
    met = await meet(door, ca, None)
    assert met.peer
    assert met.peer.x509_name is None


async def test_a_false_certificate_is_refused_even_there(
    settings: TlsSettings, ca: Authority, tmp_path: Path
) -> None:
    door = TlsDoor(replace(settings, verify_clients=False))
    stranger = Authority(tmp_path / "other", "somebody else").sign("tim")
    assert isinstance(await refusal(door, ca, stranger), AuthenticationFailed)


async def test_a_name_that_is_not_allowed(settings: TlsSettings, ca: Authority) -> None:
    door = TlsDoor(settings, ("CN=backup*,O=Example",))
    error = await refusal(door, ca, ca.sign("tim", organization="Example"))
    assert "CN=tim,O=Example is not among" in str(error)
    assert (await meet(door, ca, ca.sign("backup1", organization="Example"))).peer


async def test_a_name_that_looks_like_an_allowed_one(settings: TlsSettings, ca: Authority) -> None:
    door = TlsDoor(settings, ("CN=backup*,O=Example",))
    await refusal(door, ca, ca.sign("backup,O=Example"))


async def test_without_a_certificate_no_name_is_allowed(
    settings: TlsSettings, ca: Authority
) -> None:
    door = TlsDoor(replace(settings, verify_clients=False), ("*",))
    await refusal(door, ca, None)


async def test_a_revoked_certificate(settings: TlsSettings, ca: Authority) -> None:
    gone = ca.sign("gone")
    door = TlsDoor(replace(settings, revocation_list=ca.revoke(gone)))
    assert "was revoked" in str(await refusal(door, ca, gone))
    assert (await meet(door, ca, ca.sign("tim"))).peer


async def test_a_reload_counts_from_the_next_connection(
    settings: TlsSettings, ca: Authority, tmp_path: Path
) -> None:
    door, tim = TlsDoor(settings), ca.sign("tim")
    await door.reload(allowed=("CN=tom",))
    await refusal(door, ca, tim)
    with pytest.raises(NotFound):
        await door.reload(replace(settings, key=tmp_path / "none"), ())
    await refusal(door, ca, tim)
    await door.reload(allowed=())
    assert (await meet(door, ca, tim)).peer


async def test_who_says_nothing_is_not_waited_for(settings: TlsSettings) -> None:
    door = TlsDoor(replace(settings, handshake_timeout_s=0.1))
    async with connected() as (_ours, theirs):
        with pytest.raises(Unresponsive):
            await door.accept(theirs)


async def test_who_speaks_something_else_is_refused(settings: TlsSettings) -> None:
    async with connected() as (ours, theirs):
        ours.send(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(AiovirtError, match="does not speak TLS"):
            await TlsDoor(settings).accept(theirs)


def test_old_versions_are_not_spoken(settings: TlsSettings) -> None:
    context = server_context(settings)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.num_tickets == 0


def test_a_list_of_revoked_ones_that_is_none(settings: TlsSettings, ca: Authority) -> None:
    with pytest.raises(ConfigError, match="no revocation list"):
        TlsDoor(replace(settings, revocation_list=ca.certificate))


def test_our_own_certificates_end_is_told(
    settings: TlsSettings, ca: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    old = ca.sign("old", hosts=["localhost"], days=(-9, -1))
    TlsDoor(replace(settings, certificate=old.certificate, key=old.key))
    assert "has expired" in caplog.text
