"""Lines to daemons by TCP and TLS: certificates, the confirming byte, refusals."""

from __future__ import annotations

import shutil
from pathlib import Path

import anyio
import pytest
from certificates import Authority, Identity
from tlspeers import accept_and_echo, server_context, serving_tls, tcp_server

from aiovirt.clients.libvirt.transports import open_line
from aiovirt.errors import (
    AiovirtError,
    AuthenticationFailed,
    ConfigError,
    ConnectionLost,
    NotFound,
    ProtocolError,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.model.uri import URI
from aiovirt.streams.line import Line
from aiovirt.streams.tls import TLSFilter
from aiovirt.streams.unix import UnixStream

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def server(ca: Authority) -> Identity:
    return ca.sign("server", hosts=["localhost"])


def folder_of(path: Path, ca: Authority, mine: Identity) -> Path:
    """Lay out a folder for ``pkipath``."""
    path.mkdir(exist_ok=True)
    shutil.copy(ca.certificate, path / "cacert.pem")
    shutil.copy(mine.certificate, path / "clientcert.pem")
    shutil.copy(mine.key, path / "clientkey.pem")
    return path


@pytest.fixture(scope="module")
def pki(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("pki"), ca, ca.sign("client"))


def tls_uri(port: int, pki: Path, host: str = "localhost", **more: str) -> URI:
    return URI("qemu", "/system", "tls", None, host, port, {"pkipath": str(pki), **more})


async def echoed(line: Line, data: bytes) -> bytes:
    assert line.filter is not None
    stream, answer = UnixStream(line.sock), line.early
    await stream.send(line.filter.encode(data))
    while len(answer) < len(data):
        answer += line.filter.decode(await stream.receive())
    return answer


async def test_bytes_pass_by_tls_after_the_confirming_byte(
    ca: Authority, server: Identity, pki: Path
) -> None:
    context = server_context(server, ca.certificate)
    async with (
        tcp_server(serving_tls(context, accept_and_echo)) as port,
        open_line(tls_uri(port, pki)) as line,
    ):
        data = bytes(range(256)) * 2000
        assert await echoed(line, data) == data
        assert (line.passes_descriptors, line.encrypted, line.local) == (False, True, False)
        assert line.peer == f"libvirtd at localhost:{port} by TLS"


async def test_what_comes_with_the_confirming_byte_is_early(server: Identity, pki: Path) -> None:
    async def serve(stream: UnixStream, tls: TLSFilter) -> None:
        await stream.send(tls.encode(b"\x01early"))

    async with (
        tcp_server(serving_tls(server_context(server), serve)) as port,
        open_line(tls_uri(port, pki)) as line,
    ):
        assert line.early == b"early"


async def test_we_say_goodbye(server: Identity, pki: Path) -> None:
    ended = anyio.Event()

    async def serve(stream: UnixStream, tls: TLSFilter) -> None:
        await stream.send(tls.encode(b"\x01"))
        with pytest.raises(ConnectionLost, match="ended the TLS session"):
            tls.decode(await stream.receive())
        ended.set()

    async with tcp_server(serving_tls(server_context(server), serve)) as port:
        async with open_line(tls_uri(port, pki)):
            pass
        await ended.wait()


async def test_without_verification_any_server_will_do(server: Identity, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "another CA")
    mine = folder_of(tmp_path / "pki", other, other.sign("client"))
    async with (
        tcp_server(serving_tls(server_context(server), accept_and_echo)) as port,
        open_line(tls_uri(port, mine, "127.0.0.1", no_verify="1")) as line,
    ):
        assert await echoed(line, b"x") == b"x"


async def failure(uri: URI) -> AiovirtError:
    with pytest.raises(AiovirtError) as caught:
        async with open_line(uri, timeout_s=5):
            pass
    return caught.value


FAULTS = [
    ((-9, -2), "localhost", "has expired"),
    ((2, 9), "localhost", "is not valid yet"),
    ((-1, 1), "127.0.0.1", "does not hold for this address"),
]


@pytest.mark.parametrize(("days", "host", "words"), FAULTS)
async def test_each_fault_of_the_servers_certificate_is_told(
    ca: Authority, pki: Path, days: tuple[int, int], host: str, words: str
) -> None:
    faulty = ca.sign("faulty", hosts=["localhost"], days=days)
    async with tcp_server(serving_tls(server_context(faulty), accept_and_echo)) as port:
        error = await failure(tls_uri(port, pki, host))
    assert isinstance(error, AuthenticationFailed)
    assert words in str(error)
    assert error.hint


async def test_a_server_that_refuses_our_ca_is_told(
    ca: Authority, server: Identity, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", "another CA")
    mine = folder_of(tmp_path / "pki", ca, other.sign("client"))
    context = server_context(server, ca.certificate)
    async with tcp_server(serving_tls(context, accept_and_echo)) as port:
        error = await failure(tls_uri(port, mine))
    assert isinstance(error, AuthenticationFailed)
    assert "refused our client certificate" in str(error)


async def test_a_server_that_finds_ours_expired_is_told(
    ca: Authority, server: Identity, tmp_path: Path
) -> None:
    mine = folder_of(tmp_path / "pki", ca, ca.sign("client", days=(-9, -2)))
    context = server_context(server, ca.certificate)
    async with tcp_server(serving_tls(context, accept_and_echo)) as port:
        error = await failure(tls_uri(port, mine))
    assert isinstance(error, AuthenticationFailed)
    assert "has expired" in str(error)


async def test_a_server_that_hangs_up_instead_of_confirming_is_told(
    server: Identity, pki: Path
) -> None:
    async def serve(stream: UnixStream, tls: TLSFilter) -> None:
        await stream.send(tls.goodbye())

    async with tcp_server(serving_tls(server_context(server), serve)) as port:
        error = await failure(tls_uri(port, pki))
    assert isinstance(error, AuthenticationFailed)
    assert "tls_allowed_dn_list" in (error.hint or "")


async def test_a_server_that_is_no_libvirtd_is_told(server: Identity, pki: Path) -> None:
    async def serve(stream: UnixStream, tls: TLSFilter) -> None:
        await stream.send(tls.encode(b"HTTP/1.1 400 Bad Request"))

    async with tcp_server(serving_tls(server_context(server), serve)) as port:
        error = await failure(tls_uri(port, pki))
    assert isinstance(error, ProtocolError)
    assert "is no libvirt daemon" in str(error)


async def test_a_server_that_never_confirms_is_given_up(server: Identity, pki: Path) -> None:
    async def serve(stream: UnixStream, tls: TLSFilter) -> None:
        del tls
        await stream.receive()
        await anyio.sleep_forever()

    async with tcp_server(serving_tls(server_context(server), serve)) as port:
        with pytest.raises(Unresponsive, match="whether it accepts our certificate"):
            async with open_line(tls_uri(port, pki), timeout_s=0.3):
                pass


@pytest.mark.parametrize("missing", ["cacert.pem", "clientcert.pem", "clientkey.pem"])
async def test_a_file_that_pkipath_lacks_is_named(
    ca: Authority, tmp_path: Path, missing: str
) -> None:
    mine = folder_of(tmp_path / "pki", ca, ca.sign("client"))
    (mine / missing).unlink()
    error = await failure(tls_uri(1, mine))
    assert isinstance(error, NotFound)
    assert str(mine / missing) in str(error)


async def test_the_users_own_folder_is_the_usual_place(
    ca: Authority, server: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pki").mkdir()
    folder_of(tmp_path / ".pki/libvirt", ca, ca.sign("client"))
    context = server_context(server, ca.certificate)
    async with tcp_server(serving_tls(context, accept_and_echo)) as port:
        uri = URI("qemu", "/system", None, None, "localhost", port)
        async with open_line(uri) as line:
            assert await echoed(line, b"x") == b"x"


async def test_without_a_ca_the_places_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    error = await failure(URI.parse("qemu://localhost/system"))
    assert isinstance(error, NotFound)
    assert ".pki/libvirt/cacert.pem" in str(error)


async def test_half_an_identity_is_told(
    ca: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pki").mkdir()
    folder_of(tmp_path / ".pki/libvirt", ca, ca.sign("client"))
    (tmp_path / ".pki/libvirt/clientkey.pem").unlink()
    error = await failure(URI.parse("qemu://localhost/system"))
    assert "clientkey.pem is missing" in str(error)


@pytest.mark.parametrize(
    "priority", ["NORMAL", "@SYSTEM", "NORMAL:-VERS-SSL3.0", "NORMAL:-VERS-ALL:+VERS-TLS1.2"]
)
async def test_a_priority_of_versions_is_applied(
    server: Identity, pki: Path, priority: str
) -> None:
    async with (
        tcp_server(serving_tls(server_context(server), accept_and_echo)) as port,
        open_line(tls_uri(port, pki, tls_priority=priority)) as line,
    ):
        assert isinstance(line.filter, TLSFilter)
        assert line.filter.version == ("TLSv1.2" if "+VERS" in priority else "TLSv1.3")


@pytest.mark.parametrize("priority", ["NORMAL:+ARCFOUR-128", "NONE", "NORMAL:+VERS-TLS1.0"])
async def test_a_priority_that_cannot_be_applied_is_refused(pki: Path, priority: str) -> None:
    error = await failure(tls_uri(1, pki, tls_priority=priority))
    assert isinstance(error, ConfigError)
    assert error.field == "tls_priority"


async def test_bytes_pass_by_tcp() -> None:
    async def serve(stream: UnixStream) -> None:
        await stream.send(await stream.receive())

    async with (
        tcp_server(serve) as port,
        open_line(URI.parse(f"qemu+tcp://127.0.0.1:{port}/system")) as line,
    ):
        stream = UnixStream(line.sock)
        await stream.send(b"plain")
        assert await stream.receive() == b"plain"
        assert (line.filter, line.encrypted, line.local) == (None, False, False)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_refused_connection_names_the_unit_to_start(transport: str, pki: Path) -> None:
    async def nothing(stream: UnixStream) -> None:
        del stream

    async with tcp_server(nothing) as port:
        pass
    more = f"?pkipath={pki}" if transport == "tls" else ""
    error = await failure(URI.parse(f"qemu+{transport}://127.0.0.1:{port}/system{more}"))
    assert isinstance(error, ResourceUnavailable)
    assert f"libvirtd-{transport}.socket" in (error.hint or "")
