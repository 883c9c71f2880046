"""HTTP through a proxy, named or the environment's, with and without credentials."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from certificates import Authority
from httppeers import Peer, Site, answer, answering, header, serving
from tlspeers import server_context
from yarl import URL

from aiovirt._tasks import open_task_group
from aiovirt.errors import AuthenticationFailed, ConnectionLost, ResourceUnavailable, Unresponsive
from aiovirt.streams._http_proxy import proxy_for
from aiovirt.streams.http import Bounds, HTTPClient, HTTPTarget, Trust, open_http
from aiovirt.streams.tcp import connect_tcp
from aiovirt.streams.unix import UnixStream

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@asynccontextmanager
async def tunnelling(said: bytes = b"HTTP/1.1 200 Connected\r\n\r\n") -> AsyncGenerator[Site, None]:
    """Run a proxy that answers CONNECT by `said`, and lets through what comes after a 200."""

    async def serve(peer: Peer) -> None:
        head = await peer.read_head()
        site.heads.append(head)
        await peer.send(said)
        if b" 200 " not in said:
            return
        host, port = head.split()[1].split(":")
        async with (
            UnixStream(await connect_tcp(host, int(port))) as server,
            open_task_group() as group,
        ):
            group.start_soon(pump, peer.stream, server)
            group.start_soon(pump, server, peer.stream)

    async def pump(source: UnixStream, sink: UnixStream) -> None:
        while True:
            await sink.send(await source.receive())

    async with serving(serve) as site:
        yield site


@asynccontextmanager
async def through(
    proxy: Site, site: Site, authority: Authority, login: str = ""
) -> AsyncGenerator[HTTPClient, None]:
    bounds = Bounds(connect_s=5)
    url = f"http://{login}127.0.0.1:{proxy.port}"
    trust = Trust(ca_file=authority.certificate)
    async with open_http(HTTPTarget(site.https, trust, proxy=url, bounds=bounds)) as http:
        yield http


@asynccontextmanager
async def secure_site(authority: Authority) -> AsyncGenerator[Site, None]:
    context = server_context(authority.sign("site", hosts=["127.0.0.1"]))
    async with answering(answer(b"secure"), context=context) as site:
        yield site


async def test_https_goes_by_connect_with_credentials(authority: Authority) -> None:
    async with (
        tunnelling() as proxy,
        secure_site(authority) as site,
        through(proxy, site, authority, "me:s%40ecret@") as http,
    ):
        assert (await http.exchange("POST", "/sdk", body=b"x")).body == b"secure"
    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{site.port} HTTP/1.1\r\n")
    known = base64.b64encode(b"me:s@ecret").decode()
    assert header(proxy.heads[0], "proxy-authorization") == f"Basic {known}"
    assert header(site.heads[0], "proxy-authorization") is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("407 Proxy Authentication Required", AuthenticationFailed),
        ("403 Forbidden", ResourceUnavailable),
        ("502 Bad Gateway", ResourceUnavailable),
    ],
)
async def test_a_proxy_that_refuses(
    authority: Authority, status: str, kind: type[Exception]
) -> None:
    async with (
        tunnelling(answer(b"", status)) as proxy,
        secure_site(authority) as site,
        through(proxy, site, authority, "me:secret@") as http,
    ):
        with pytest.raises(kind, match=f"the proxy http://127.0.0.1:{proxy.port}") as caught:
            await http.exchange("GET", "/")
        assert "secret" not in str(caught.value)
        assert site.connections == 0


async def test_a_proxy_that_is_not_there(authority: Authority) -> None:
    async with tunnelling() as proxy:
        pass
    async with secure_site(authority) as site, through(proxy, site, authority) as http:
        with pytest.raises(ResourceUnavailable, match=r"the proxy .* refuses the connection"):
            await http.exchange("GET", "/")


async def test_a_proxy_that_ends_the_connection(authority: Authority) -> None:
    async with (
        tunnelling(b"HTTP/1.1 20") as proxy,
        secure_site(authority) as site,
        through(proxy, site, authority) as http,
    ):
        with pytest.raises(ConnectionLost) as caught:
            await http.exchange("POST", "/", body=b"x")
        assert not caught.value.maybe_done


async def test_a_proxy_that_does_not_answer() -> None:
    async def serve(peer: Peer) -> None:
        await peer.read_head()
        await anyio.sleep_forever()

    async with serving(serve) as proxy:
        target = HTTPTarget("https://10.0.0.1", proxy=proxy.url, bounds=Bounds(connect_s=0.2))
        async with open_http(target) as http:
            with pytest.raises(Unresponsive, match=r"by the proxy .* within 0\.2 s"):
                await http.exchange("GET", "/")


async def test_plain_http_names_the_server_to_the_proxy() -> None:
    async with answering(answer(b"proxied")) as proxy:
        url = f"http://me:secret@127.0.0.1:{proxy.port}"
        async with open_http(HTTPTarget("http://esx.example", proxy=url)) as http:
            assert (await http.exchange("GET", "/a")).body == b"proxied"
    assert proxy.heads[0].startswith("GET http://esx.example/a HTTP/1.1\r\n")
    assert header(proxy.heads[0], "proxy-authorization") is not None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"https_proxy": "http://a:1"}, "http://a:1"),
        ({"HTTPS_PROXY": "a:1"}, "http://a:1"),
        ({"http_proxy": "http://a:1"}, None),
        ({"all_proxy": "http://a:1"}, "http://a:1"),
        ({"https_proxy": "http://a:1", "no_proxy": "other,.example"}, None),
        ({"https_proxy": "http://a:1", "no_proxy": "*"}, None),
        ({"https_proxy": "http://a:1", "no_proxy": "other"}, "http://a:1"),
    ],
)
def test_the_environments_proxy(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(URL("https://vcenter.example"), None, environment=True)
    assert (found.url if found else None) == expected
    assert proxy_for(URL("https://vcenter.example"), None, environment=False) is None


def test_a_named_proxy_goes_before_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://a:1")
    found = proxy_for(URL("https://vcenter.example"), "http://me:secret@b:2", environment=True)
    assert found is not None
    assert (found.url, found.user, found.password) == ("http://b:2", "me", "secret")
    assert "secret" not in repr(found)
