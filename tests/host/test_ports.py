"""Choosing free ports."""

from __future__ import annotations

import socket

import pytest

from aiovirt.errors import ConfigError, ResourceUnavailable
from aiovirt.host.ports import free_port


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
