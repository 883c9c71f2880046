"""TLS as a filter: records, ends, and what each mistake with a certificate is called."""

from __future__ import annotations

import ssl
from pathlib import Path

import anyio
import pytest
from certificates import Authority, Identity
from cryptography.hazmat.primitives import serialization
from tlspeers import server_context

from aiovirt.errors import (
    AuthenticationFailed,
    ConfigError,
    ConnectionLost,
    NotFound,
    ProtocolError,
    RemoteError,
    Unresponsive,
)
from aiovirt.streams.tls import (
    TLSFilter,
    accept_tls,
    load_authority,
    load_identity,
    raise_for_tls,
    start_tls,
)
from aiovirt.streams.unix import UnixStream, unix_pair


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def server(ca: Authority) -> Identity:
    return ca.sign("server", hosts=["localhost", "127.0.0.1"])


def client_context(ca: Authority, identity: Identity | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    load_authority(context, ca.certificate)
    if identity is not None:
        load_identity(context, identity.certificate, identity.key)
    return context


def shaken(
    client: ssl.SSLContext, server: ssl.SSLContext, name: str = "localhost"
) -> tuple[TLSFilter, TLSFilter]:
    """Return both ends of a session, shaken hands without a socket."""
    ours = TLSFilter(client, peer="the server", server_hostname=name)
    theirs = TLSFilter(server, peer="the client", server_side=True)
    data, done, both = b"", False, False
    while not both:
        data, ours_done = ours.shake_hands(data)
        if not data and ours_done and done:
            break
        data, done = theirs.shake_hands(data)
        both = ours_done and done and not data
    if data:
        ours.decode(data)
    return ours, theirs


def test_what_is_encoded_is_decoded_in_any_pieces(ca: Authority, server: Identity) -> None:
    ours, theirs = shaken(client_context(ca), server_context(server))
    plain = bytes(range(256)) * 1000
    secret = ours.encode(plain)
    assert plain[:64] not in secret
    assert b"".join(theirs.decode(secret[n : n + 777]) for n in range(0, len(secret), 777)) == plain
    assert ours.decode(theirs.encode(b"answer")) == b"answer"


def test_a_single_byte_is_no_record_yet(ca: Authority, server: Identity) -> None:
    ours, theirs = shaken(client_context(ca), server_context(server))
    secret = ours.encode(b"x")
    parts = [theirs.decode(secret[n : n + 1]) for n in range(len(secret))]
    assert parts == [b""] * (len(secret) - 1) + [b"x"]


def test_the_peers_end_comes_after_its_last_bytes(ca: Authority, server: Identity) -> None:
    ours, theirs = shaken(client_context(ca), server_context(server))
    last = theirs.encode(b"last") + theirs.goodbye()
    assert ours.decode(last) == b"last"
    assert ours.ended
    with pytest.raises(ConnectionLost, match="ended the TLS session"):
        ours.decode(b"")


def test_a_cut_session_has_not_ended(ca: Authority, server: Identity) -> None:
    ours, theirs = shaken(client_context(ca), server_context(server))
    assert ours.decode(theirs.encode(b"cut here")[:-1]) == b""
    assert not ours.ended


def test_garbled_records_are_a_protocol_error(ca: Authority, server: Identity) -> None:
    ours, theirs = shaken(client_context(ca), server_context(server))
    secret = bytearray(theirs.encode(b"something"))
    secret[-1] ^= 1
    with pytest.raises(ProtocolError, match="no TLS record"):
        ours.decode(bytes(secret))


def test_what_is_no_record_at_all_is_a_protocol_error(ca: Authority, server: Identity) -> None:
    ours, _ = shaken(client_context(ca), server_context(server))
    with pytest.raises(ProtocolError, match="no TLS record"):
        ours.decode(b"\x00\x00\x00\x1c plain libvirt")


def test_after_our_goodbye_nothing_can_be_encoded(ca: Authority, server: Identity) -> None:
    ours, _ = shaken(client_context(ca), server_context(server))
    ours.goodbye()
    with pytest.raises(ConnectionLost):
        ours.encode(b"x")


def test_the_server_sees_the_clients_name(ca: Authority, server: Identity) -> None:
    mine = client_context(ca, ca.sign("me"))
    ours, theirs = shaken(mine, server_context(server, ca.certificate))
    assert theirs.peer_subject == ((("commonName", "me"),),)
    assert ours.version == "TLSv1.3"


def refusal_of(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> Exception:
    ours = TLSFilter(client, peer="libvirtd at host", server_hostname=name)
    theirs = TLSFilter(server, peer="the client", server_side=True)
    answer, _ = theirs.shake_hands(ours.shake_hands()[0])
    with pytest.raises(ssl.SSLError) as caught:
        ours.shake_hands(answer)
    with pytest.raises(AuthenticationFailed) as meaning:
        raise_for_tls(caught.value, "libvirtd at host")
    return meaning.value


@pytest.mark.parametrize(
    ("days", "name", "words"),
    [
        ((-9, -2), "localhost", "has expired"),
        ((2, 9), "localhost", "is not valid yet"),
        ((-1, 1), "elsewhere.example", "is for another host name"),
        ((-1, 1), "127.0.0.9", "does not hold for this address"),
    ],
)
def test_each_fault_of_a_certificate_has_its_words(
    ca: Authority, days: tuple[int, int], name: str, words: str
) -> None:
    faulty = ca.sign("faulty", hosts=["localhost"], days=days)
    error = refusal_of(client_context(ca), server_context(faulty), name)
    assert words in str(error)


def test_an_unknown_ca_has_its_words(ca: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "another CA").sign("server", hosts=["localhost"])
    error = refusal_of(client_context(ca), server_context(other), "localhost")
    assert "CA that we do not know" in str(error)


def test_a_missing_file_is_named(ca: Authority, server: Identity) -> None:
    with pytest.raises(NotFound, match=r"nothing.pem is missing"):
        load_identity(client_context(ca), Path("nothing.pem"), server.key)
    with pytest.raises(NotFound, match=r"nothing.pem is missing"):
        load_authority(client_context(ca), Path("nothing.pem"))


def test_a_key_of_another_certificate_is_told(ca: Authority, server: Identity) -> None:
    with pytest.raises(ConfigError, match="does not belong to the certificate"):
        load_identity(client_context(ca), server.certificate, ca.sign("other").key)


def test_a_file_that_is_no_certificate_is_told(
    ca: Authority, server: Identity, tmp_path: Path
) -> None:
    (tmp_path / "text.pem").write_text("hello")
    with pytest.raises(ConfigError, match=r"text.pem is no certificate"):
        load_authority(client_context(ca), tmp_path / "text.pem")
    with pytest.raises(ConfigError, match=r"text.pem with .* is no certificate"):
        load_identity(client_context(ca), tmp_path / "text.pem", server.key)


def test_nobody_is_asked_for_a_passphrase_at_the_terminal(
    ca: Authority, server: Identity, tmp_path: Path
) -> None:
    locked = lock(server.key, tmp_path / "locked.pem")
    with pytest.raises(ConfigError, match="locked by a passphrase"):
        load_identity(client_context(ca), server.certificate, locked)


def lock(key: Path, to: Path) -> Path:
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    to.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    return to


@pytest.mark.anyio
async def test_both_ends_shake_hands_over_sockets(ca: Authority, server: Identity) -> None:
    ours, theirs = unix_pair()
    ends: dict[str, TLSFilter] = {}

    async def serve() -> None:
        ends["theirs"] = await accept_tls(theirs._sock, server_context(server), peer="c")

    async with ours, theirs, anyio.create_task_group() as group:
        group.start_soon(serve)
        ends["ours"] = await start_tls(
            ours._sock, client_context(ca), peer="s", server_hostname="localhost"
        )
    assert ends["theirs"].decode(ends["ours"].encode(b"through")) == b"through"


async def shake_with(ours: UnixStream, ca: Authority, timeout_s: float = 30) -> None:
    await start_tls(
        ours._sock,
        client_context(ca),
        peer="libvirtd",
        server_hostname="localhost",
        timeout_s=timeout_s,
    )


@pytest.mark.anyio
async def test_a_peer_that_speaks_no_tls_is_told(ca: Authority) -> None:
    ours, theirs = unix_pair()
    async with ours, theirs:
        await theirs.send(b"SSH-2.0-OpenSSH\r\n")
        with pytest.raises(ProtocolError, match="libvirtd does not speak TLS"):
            await shake_with(ours, ca)


@pytest.mark.anyio
async def test_a_peer_that_hangs_up_is_told(ca: Authority) -> None:
    ours, theirs = unix_pair()
    async with ours, theirs:
        await theirs.send_eof()
        with pytest.raises(ConnectionLost, match="during the TLS handshake"):
            await shake_with(ours, ca)


@pytest.mark.anyio
async def test_a_peer_that_resets_is_told(ca: Authority) -> None:
    ours, theirs = unix_pair()
    async with ours:
        await ours.send(b"never read: so closing resets")
        await theirs.aclose()
        with pytest.raises(ConnectionLost, match="during the TLS handshake") as caught:
            await shake_with(ours, ca)
    assert "does TLS listen" in (caught.value.hint or "")


@pytest.mark.anyio
async def test_a_silent_peer_is_given_up(ca: Authority) -> None:
    ours, theirs = unix_pair()
    async with ours, theirs:
        with pytest.raises(Unresponsive, match=r"within 0.05 s"):
            await shake_with(ours, ca, timeout_s=0.05)


def test_no_common_version_is_the_peers_refusal() -> None:
    error = ssl.SSLError(1, "no")
    error.reason = "TLSV1_ALERT_PROTOCOL_VERSION"
    with pytest.raises(RemoteError, match="tlsv1 alert protocol version"):
        raise_for_tls(error, "libvirtd")


def test_a_refused_client_certificate_is_a_denied_permission() -> None:
    error = ssl.SSLError(1, "no")
    error.reason = "TLSV1_ALERT_UNKNOWN_CA"
    with pytest.raises(AuthenticationFailed, match="does not know"):
        raise_for_tls(error, "libvirtd")
