"""Choosing free ports."""

from __future__ import annotations

import socket

import pytest

from aiovirt.errors import ConfigError, ResourceUnavailable
from aiovirt.host.ports import free_port, numeric_address


def test_taken_port_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        chosen = free_port("127.0.0.1", range(taken, taken + 50))
    assert chosen != taken


def test_promised_port_is_passed_over() -> None:
    first = free_port("127.0.0.1", range(20000, 60000))
    assert free_port("127.0.0.1", range(first, 60000), {first}) > first


def test_none_is_free() -> None:
    with pytest.raises(ResourceUnavailable, match=r"no TCP port is free on 127.0.0.1"):
        free_port("127.0.0.1", [])


def test_address_the_host_does_not_have_is_told_at_once() -> None:
    with pytest.raises(ResourceUnavailable, match=r"cannot listen on 192.0.2.1: Cannot assign"):
        free_port("192.0.2.1", range(5900, 5901))


def test_name_is_not_looked_up() -> None:
    with pytest.raises(ConfigError, match="'localhost' is no IP address"):
        free_port("localhost", range(5900, 65536))


def test_ipv6() -> None:
    assert free_port("::1", range(20000, 60000)) >= 20000


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0"])  # noqa: S104
async def test_address_is_taken_as_it_is(host: str) -> None:
    assert await numeric_address(host) == host


@pytest.mark.anyio
async def test_name_is_looked_up() -> None:
    assert await numeric_address("localhost") in {"127.0.0.1", "::1"}


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["no host", "a" * 80, "..", "\x00"])
async def test_what_is_no_host(host: str) -> None:
    with pytest.raises(ConfigError, match="no address of") as caught:
        await numeric_address(host)
    assert caught.value.field == "listen"
