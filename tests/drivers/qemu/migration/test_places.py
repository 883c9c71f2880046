"""Places of migrations are read and written as libvirt does, and said in QEMU's words."""

from __future__ import annotations

import socket

import pytest

from aiovirt.drivers.qemu.migration.places import Place, choose_port
from aiovirt.errors import ConfigError, ResourceUnavailable


@pytest.mark.parametrize(
    ("text", "qemu"),
    [
        ("tcp:host:49152", "tcp:host:49152"),
        ("tcp://host:49152", "tcp:host:49152"),
        ("tcp://[fe80::1]:7", "tcp:[fe80::1]:7"),
        ("unix:///run/a b", "unix:/run/a b"),
    ],
)
def test_in_qemus_words(text: str, qemu: str) -> None:
    place = Place.parse(text)
    assert place.for_qemu == qemu
    assert str(place) == text


def test_a_port_is_added_as_it_was_asked() -> None:
    assert str(Place.parse("tcp://host").with_port(9)) == "tcp://host:9"
    assert str(Place.parse("tcp:host").with_port(9)) == "tcp:host:9"


@pytest.mark.parametrize("text", ["exec:rm", "fd:3", "tcp://h:70000", "host:1", "tcp://h:1:2", ""])
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ConfigError):
        Place.parse(text)


def test_addresses_of_nbd() -> None:
    assert Place("h", 1).listening == {"type": "inet", "data": {"host": "h", "port": "1"}}
    unix = Place.parse("unix:///p")
    assert unix.address == {"type": "unix", "path": "/p"}


@pytest.mark.anyio
async def test_a_port_that_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ResourceUnavailable, match=str(port)):
            await choose_port("127.0.0.1", range(port, port + 1), ())
    assert await choose_port("127.0.0.1", range(port, port + 1), ()) == port
    with pytest.raises(ResourceUnavailable):
        await choose_port("127.0.0.1", range(port, port + 1), {port})
