"""HTTP to one server: what is sent, what comes back, and what is said of failures."""

from __future__ import annotations

import ast
import logging
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest
from certificates import Authority
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from httppeers import Peer, answer, answering, header, serving
from tlspeers import server_context

from aiovirt._tasks import open_task_group
from aiovirt.errors import (
    AuthenticationFailed,
    ConfigError,
    ConnectionLost,
    LimitExceeded,
    NotFound,
    ProtocolError,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.streams.http import Bounds, HTTPClient, HTTPTarget, Trust, open_http

pytestmark = pytest.mark.anyio

ONE = {"Content-Length": "1"}
BRIEF = Bounds(connect_s=0.2, first_byte_s=0.2, idle_s=0.2)


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def tls_server(
    authority: Authority, *hosts: str, days: tuple[int, int] = (-1, 1)
) -> ssl.SSLContext:
    name = "-".join(["server", *hosts]).replace(".", "_")
    return server_context(authority.sign(name, hosts=hosts, days=days))


def digest(authority: Authority, name: str, algorithm: hashes.HashAlgorithm) -> str:
    pem = (authority.folder / f"{name}--1-1" / "cert.pem").read_bytes()
    return x509.load_pem_x509_certificate(pem).fingerprint(algorithm).hex(":").upper()


async def test_an_answer_is_read_whole() -> None:
    async with (
        answering(answer(b"hello", "200 OK", "X-Kind: greeting")) as site,
        open_http(HTTPTarget(site.url)) as http,
    ):
        got = await http.exchange("POST", "/sdk?a=b%20c", body=b"hi", headers={"SOAPAction": "x"})
    assert (got.status, got.reason, got.body, got.headers["x-kind"]) == (
        200,
        "OK",
        b"hello",
        "greeting",
    )
    assert site.heads[0].startswith("POST /sdk?a=b%20c HTTP/1.1\r\n")
    assert header(site.heads[0], "soapaction") == "x"
    assert site.bodies == [b"hi"]


async def test_a_status_is_for_the_caller_to_judge() -> None:
    async with (
        answering(answer(b"fault", "500 Internal Server Error")) as site,
        open_http(HTTPTarget(site.url)) as http,
    ):
        assert (await http.exchange("POST", "/sdk")).status == 500


async def test_a_redirection_is_not_followed() -> None:
    async with (
        answering(answer(b"", "302 Found", "Location: http://127.0.0.1:1/")) as site,
        open_http(HTTPTarget(site.url)) as http,
    ):
        assert (await http.exchange("GET", "/")).status == 302


async def test_connections_are_kept() -> None:
    async with answering(answer(b"1")) as site, open_http(HTTPTarget(site.url)) as http:
        for _ in range(5):
            await http.exchange("POST", "/", body=b"x")
        assert site.connections == 1


async def test_a_body_that_was_not_read_costs_its_connection_only() -> None:
    async with answering(answer(b"x" * 3_000_000)) as site, open_http(HTTPTarget(site.url)) as http:
        async with http.request("GET", "/") as response:
            assert await anext(response)
        async with http.request("GET", "/") as response:
            assert len(await response.read()) == 3_000_000
        assert len((await http.exchange("GET", "/")).body) == 3_000_000
        assert site.connections == 2


async def test_no_more_requests_are_under_way_than_the_limit() -> None:
    most = under_way = 0
    let_go = anyio.Event()

    async def serve(peer: Peer) -> None:
        nonlocal most, under_way
        await peer.read_head()
        under_way += 1
        most = max(most, under_way)
        if under_way == 2:
            let_go.set()
        await let_go.wait()
        under_way -= 1
        await peer.send(answer(b"", "200 OK", "Connection: close"))

    async with (
        serving(serve) as site,
        open_http(HTTPTarget(site.url, limit=2)) as http,
        open_task_group() as group,
    ):
        for _ in range(6):
            group.start_soon(http.exchange, "GET", "/")
    assert most == 2


async def test_cookies_go_back_word_for_word() -> None:
    first = answer(
        b"", "200 OK", 'Set-Cookie: session="5a:b/c"; Path=/; HttpOnly', "Set-Cookie: b=2"
    )
    last = answer(b"", "200 OK", "Set-Cookie: b=; Max-Age=0")
    async with answering(first, last) as site, open_http(HTTPTarget(site.url)) as http:
        for _ in range(3):
            await http.exchange("GET", "/")
    assert [header(head, "cookie") for head in site.heads] == [
        None,
        'session="5a:b/c"; b=2',
        'session="5a:b/c"',
    ]


async def test_a_body_streams_in_parts_and_its_reader_holds_up_the_server() -> None:
    sent = 0
    full = anyio.Event()

    async def serve(peer: Peer) -> None:
        nonlocal sent
        await peer.read_head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while sent < 100_000_000:
            with anyio.move_on_after(0.3) as stuck:
                await peer.send(b"x" * 1_000_000)
                sent += 1_000_000
            if stuck.cancelled_caught:
                full.set()
                return

    async with (
        serving(serve) as site,
        open_http(HTTPTarget(site.url)) as http,
        http.request("GET", "/") as response,
    ):
        assert response.length == 100_000_000
        await anext(response)
        await full.wait()
    assert sent < 30_000_000


async def parts(*given: bytes) -> AsyncGenerator[bytes, None]:
    for part in given:
        await anyio.lowlevel.checkpoint()
        yield part


async def test_a_body_is_sent_in_parts() -> None:
    async with (
        answering(answer(b"", "201 Created")) as site,
        open_http(HTTPTarget(site.url)) as http,
    ):
        length = {"Content-Length": "6"}
        async with http.request("PUT", "/f", body=parts(b"abc", b"", b"def"), headers=length) as r:
            assert r.status == 201
    assert site.bodies == [b"abcdef"]


async def test_a_taker_gets_the_body_of_its_status_in_parts() -> None:
    taken: list[bytes] = []
    answers = answer(b"x" * 1_000_000), answer(b"down", "503 Service Unavailable")
    async with answering(*answers) as site, open_http(HTTPTarget(site.url)) as http:
        first = await http.exchange("GET", "/", limit=10, takers={200: taken.append})
        last = await http.exchange("GET", "/", limit=10, takers={200: taken.append})
    assert (first.body, last.body) == (b"", b"down")
    assert b"".join(taken) == b"x" * 1_000_000


async def test_a_taker_is_called_on_the_callers_loop() -> None:
    async def note() -> None:
        await anyio.lowlevel.checkpoint()
        done.set()

    done = anyio.Event()
    async with (
        answering(answer(b"x")) as site,
        open_http(HTTPTarget(site.url)) as http,
        open_task_group() as group,
    ):
        await http.exchange("GET", "/", takers={200: lambda _part: group.start_soon(note)})
        await done.wait()


async def test_what_a_taker_raises_ends_the_connection() -> None:
    def refuse(_part: bytes) -> None:
        raise ZeroDivisionError

    async with answering(answer(b"x" * 1_000_000)) as site, open_http(HTTPTarget(site.url)) as http:
        with pytest.raises(ZeroDivisionError):
            await http.exchange("GET", "/", takers={200: refuse})
        await http.exchange("GET", "/")
        assert site.connections == 2


async def test_an_early_answer_stops_the_body() -> None:
    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            stopped.set()

    async def serve(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(answer(b"full", "507 Insufficient Storage"))
        await stopped.wait()

    stopped = anyio.Event()
    async with (
        serving(serve) as site,
        open_http(HTTPTarget(site.url)) as http,
        http.request("PUT", "/", body=endless()) as response,
    ):
        assert (response.status, await response.read()) == (507, b"full")
        await stopped.wait()


async def test_an_error_of_the_bodys_own_leaves_as_itself() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"x"
        raise ZeroDivisionError

    async with answering(answer()) as site, open_http(HTTPTarget(site.url)) as http:
        with pytest.raises(ZeroDivisionError):
            async with http.request("PUT", "/", body=broken(), headers={"Content-Length": "9"}):
                pass
        assert (await http.exchange("GET", "/")).status == 200


async def test_cancelling_closes_that_connection_and_no_other() -> None:
    async def serve(peer: Peer) -> None:
        while True:
            head = await peer.read_head()
            if head.startswith("GET /stuck"):
                reached.set()
                await peer.receive()
            await peer.send(answer(b"fine"))

    reached = anyio.Event()
    async with serving(serve) as site, open_http(HTTPTarget(site.url)) as http:
        await http.exchange("GET", "/")
        async with open_task_group() as group:
            group.start_soon(http.exchange, "GET", "/stuck")
            await reached.wait()
            await http.exchange("GET", "/")
            group.cancel_scope.cancel()
        await site.ended.wait()
        await http.exchange("GET", "/")
        assert site.connections == 2


async def test_who_is_cancelled_with_the_client_is_told_that_and_nothing_else() -> None:
    async def serve(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello")
        await peer.receive()

    async def read(http: HTTPClient, begun: anyio.Event) -> None:
        async with http.request("GET", "/") as response:
            async for _ in response:
                begun.set()

    async with serving(serve) as site:
        for _ in range(10):  # which of both ends first is chance
            begun = anyio.Event()
            async with anyio.create_task_group() as group, open_http(HTTPTarget(site.url)) as http:
                group.start_soon(read, http, begun)
                await begun.wait()
                group.cancel_scope.cancel()
                await anyio.lowlevel.checkpoint()


async def test_tasks_that_began_before_may_use_it() -> None:
    opened, asked = anyio.Event(), anyio.Event()
    clients: list[HTTPClient] = []
    bodies: list[bytes] = []

    async def early() -> None:
        await opened.wait()
        async with clients[0].request("PUT", "/", body=parts(b"x"), headers=ONE) as response:
            bodies.append(await response.read())
        bodies.append((await clients[0].exchange("GET", "/")).body)
        asked.set()

    async with (
        answering(answer(b"fine", "200 OK", "Connection: close")) as site,
        open_task_group() as group,
    ):
        group.start_soon(early)
        async with open_http(HTTPTarget(site.url)) as http:
            clients.append(http)
            opened.set()
            await asked.wait()
    assert bodies == [b"fine", b"fine"]


# --- failures -------------------------------------------------------------------------------------


async def test_nobody_listens() -> None:
    async with answering(answer()) as site:
        pass
    async with open_http(HTTPTarget(site.url)) as http:
        with pytest.raises(ResourceUnavailable, match=f"127.0.0.1:{site.port} refuses"):
            await http.exchange("GET", "/")


async def test_a_name_that_there_is_not() -> None:
    async with open_http(HTTPTarget("http://nowhere.invalid")) as http:
        with pytest.raises((NotFound, ResourceUnavailable), match=r"nowhere\.invalid"):
            await http.exchange("GET", "/")


async def silent(peer: Peer) -> None:
    while True:
        await peer.receive()


async def test_a_server_that_does_not_answer() -> None:
    async with serving(silent) as site, open_http(HTTPTarget(site.url, bounds=BRIEF)) as http:
        with pytest.raises(Unresponsive, match=r"did not answer within 0.2 s") as caught:
            await http.exchange("POST", "/", body=b"x")
        assert "may still carry it out" in (caught.value.hint or "")


async def test_a_server_that_stops_amid_its_answer() -> None:
    async def serve(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(answer(b"abc")[:-1])
        await peer.receive()

    bounds = Bounds(first_byte_s=60, idle_s=0.2)
    async with serving(serve) as site, open_http(HTTPTarget(site.url, bounds=bounds)) as http:
        with pytest.raises(Unresponsive, match=r"sent nothing for 0.2 s amid its answer"):
            await http.exchange("GET", "/")


async def test_a_server_that_takes_no_long_request() -> None:
    async def serve(peer: Peer) -> None:
        await peer.read_head()
        await anyio.sleep_forever()

    async with serving(serve) as site, open_http(HTTPTarget(site.url, bounds=BRIEF)) as http:
        with pytest.raises(Unresponsive, match="did not take the request"):
            await http.exchange("POST", "/", body=b"x" * 20_000_000)


async def test_a_server_that_takes_nothing() -> None:
    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield b"x" * 1_000_000

    async def serve(peer: Peer) -> None:
        await peer.read_head()
        await anyio.sleep_forever()

    async with serving(serve) as site, open_http(HTTPTarget(site.url, bounds=BRIEF)) as http:
        with pytest.raises(Unresponsive, match="took nothing"):
            async with http.request("PUT", "/", body=endless()):
                pass


async def test_a_tls_handshake_that_does_not_come() -> None:
    async with serving(silent) as site, open_http(HTTPTarget(site.https, bounds=BRIEF)) as http:
        with pytest.raises(Unresponsive, match=r"gave no connection within 0\.2 s"):
            await http.exchange("GET", "/")


WHOLE = answer(b"0123456789", "200 OK", "X-Header: y")


@pytest.mark.parametrize("length", [0, 1, 9, 15, 40, len(WHOLE) - 10, len(WHOLE) - 1])
async def test_an_answer_that_is_cut_anywhere(length: int) -> None:
    async def serve(peer: Peer) -> None:
        await peer.read_body(await peer.read_head())
        await peer.send(WHOLE[:length])

    async with serving(serve) as site, open_http(HTTPTarget(site.url)) as http:
        with pytest.raises(ConnectionLost) as caught:
            await http.exchange("POST", "/", body=b"x")
        assert caught.value.maybe_done


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\xfe\r\n\r\n",
        b"HTTP/9.9 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
)
async def test_garbage(garbage: bytes) -> None:
    async def serve(peer: Peer) -> None:
        await peer.read_body(await peer.read_head())
        await peer.send(garbage)
        await peer.receive()

    async with serving(serve) as site, open_http(HTTPTarget(site.url)) as http:
        with pytest.raises(ProtocolError, match="no proper HTTP"):
            await http.exchange("POST", "/", body=b"x")


async def test_an_answer_that_is_too_long() -> None:
    async with answering(answer(b"x" * 1001)) as site, open_http(HTTPTarget(site.url)) as http:
        with pytest.raises(LimitExceeded, match="more than 1000 bytes"):
            await http.exchange("GET", "/", limit=1000)


async def test_credentials_that_are_refused() -> None:
    async with (
        answering(answer(b"", "401 Unauthorized")) as site,
        open_http(HTTPTarget(site.url)) as http,
    ):
        with pytest.raises(AuthenticationFailed, match="401"):
            await http.exchange("GET", "/")
        async with http.request("GET", "/", judges_401=True) as response:
            assert (response.status, await response.read()) == (401, b"")


# --- trust ----------------------------------------------------------------------------------------


async def test_a_certificate_of_a_ca_in_a_file(authority: Authority) -> None:
    trust = Trust(ca_file=authority.certificate)
    async with (
        answering(answer(b"1"), context=tls_server(authority, "127.0.0.1")) as site,
        open_http(HTTPTarget(site.https, trust)) as http,
    ):
        assert (await http.exchange("POST", "/", body=b"x")).body == b"1"


async def test_a_certificate_of_nobody_we_know_names_what_to_pin(authority: Authority) -> None:
    context = tls_server(authority, "127.0.0.1")
    async with (
        answering(answer(), context=context) as site,
        open_http(HTTPTarget(site.https)) as http,
    ):
        with pytest.raises(AuthenticationFailed, match="a CA that we do not know") as caught:
            await http.exchange("POST", "/", body=b"secret")
    pin = digest(authority, "server-127_0_0_1", hashes.SHA256())
    assert f"thumbprint={pin}" in (caught.value.hint or "")
    assert site.heads == []


@pytest.mark.parametrize(
    ("hosts", "days", "words"),
    [
        (("127.0.0.9",), (-1, 1), "does not hold for this address"),
        (("127.0.0.1",), (-9, -3), "has expired"),
        (("127.0.0.1",), (3, 9), "is not valid yet"),
    ],
)
async def test_what_is_wrong_with_a_certificate_is_named(
    authority: Authority, hosts: tuple[str, ...], days: tuple[int, int], words: str
) -> None:
    context = tls_server(authority, *hosts, days=days)
    trust = Trust(ca_file=authority.certificate)
    async with (
        answering(answer(), context=context) as site,
        open_http(HTTPTarget(site.https, trust)) as http,
    ):
        with pytest.raises(AuthenticationFailed, match=words):
            await http.exchange("GET", "/")


@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA1()], ids=["sha256", "sha1"])  # noqa: S303 - VMware shows it
async def test_a_pinned_certificate_needs_no_name(
    authority: Authority, algorithm: hashes.HashAlgorithm
) -> None:
    context = tls_server(authority, "elsewhere")
    trust = Trust(thumbprint=digest(authority, "server-elsewhere", algorithm))
    async with (
        answering(answer(b"1"), context=context) as site,
        open_http(HTTPTarget(site.https, trust)) as http,
    ):
        assert (await http.exchange("GET", "/")).body == b"1"


async def test_another_certificate_than_the_pinned_one(authority: Authority) -> None:
    context = tls_server(authority, "127.0.0.1")
    trust = Trust(thumbprint="00:" * 31 + "00")
    async with (
        answering(answer(), context=context) as site,
        open_http(HTTPTarget(site.https, trust)) as http,
    ):
        with pytest.raises(AuthenticationFailed, match="is not the pinned one") as caught:
            await http.exchange("POST", "/", body=b"secret")
    assert digest(authority, "server-127_0_0_1", hashes.SHA256()) in str(caught.value)
    assert site.heads == []


async def test_no_check_is_asked_for_and_told(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    context = tls_server(authority, "elsewhere")
    async with answering(answer(b"1"), context=context) as site:
        with caplog.at_level(logging.WARNING, "aiovirt.http"):
            async with open_http(HTTPTarget(site.https, Trust(no_verify=True))) as http:
                assert (await http.exchange("GET", "/")).body == b"1"
    assert "not verified" in caplog.text


async def test_a_server_without_tls() -> None:
    async with answering(answer()) as site, open_http(HTTPTarget(site.https, bounds=BRIEF)) as http:
        with pytest.raises((ProtocolError, ConnectionLost, Unresponsive)):
            await http.exchange("GET", "/")


@pytest.mark.parametrize(
    ("target", "field"),
    [
        (HTTPTarget("ftp://host"), "url"),
        (HTTPTarget("https://host/path"), "url"),
        (HTTPTarget("https://user:secret@host"), "url"),
        (HTTPTarget("https://host", Trust(thumbprint="AB:CD")), "thumbprint"),
        (HTTPTarget("https://host", Trust(thumbprint="xyz")), "thumbprint"),
        (HTTPTarget("https://host", Trust(thumbprint="00" * 32, no_verify=True)), "no_verify"),
        (HTTPTarget("https://host", proxy="socks5://user:secret@host:1080"), "proxy"),
    ],
)
async def test_what_cannot_be_meant(target: HTTPTarget, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        async with open_http(target):
            pass
    assert caught.value.field == field
    assert "secret" not in str(caught.value)


async def test_a_ca_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.pem"):
        async with open_http(HTTPTarget("https://host", Trust(ca_file=tmp_path / "none.pem"))):
            pass


def test_importing_the_package_does_not_load_it() -> None:
    code = "import sys, aiovirt; print([name in sys.modules for name in ('aiohttp', 'yarl')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ast.literal_eval(done.stdout) == [False, False]
