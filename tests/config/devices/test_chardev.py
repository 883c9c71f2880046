"""Serial ports, consoles, channels."""

from __future__ import annotations

import pytest

from aiovirt.config import Channel, Console, DomainConfig, Serial
from aiovirt.errors import XMLError


def test_a_socket_is_made_or_called() -> None:
    modes = [Serial.unix("/s", listen=listen).source.mode for listen in (True, False)]
    assert modes == ["bind", "connect"]


def test_a_tcp_port_is_text_in_libvirts_words() -> None:
    serial = Serial.tcp("::1", 4555, protocol="telnet")
    assert (serial.source.host, serial.source.service, serial.protocol) == ("::1", "4555", "telnet")


def test_a_pty_has_no_path_until_it_runs() -> None:
    assert Console.pty().source.path is None


def test_the_source_is_created_when_written() -> None:
    console = Console.pty()
    console.source.path = "/dev/pts/3"
    assert len(console.sources) == 1


def test_a_file_without_path_is_wrong() -> None:
    with pytest.raises(XMLError, match="a file has no path"):
        DomainConfig(name="a", serials=[Serial(type="file")]).check()


def test_the_agents_channel_has_the_agents_name() -> None:
    target = Channel.agent().target
    assert (target.type, target.name) == ("virtio", "org.qemu.guest_agent.0")
