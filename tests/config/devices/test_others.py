"""Interfaces, character devices, displays and the rest: what their builders make."""

from __future__ import annotations

import pytest

from aiovirt.config import (
    Channel,
    Console,
    DomainConfig,
    Graphics,
    Input,
    Interface,
    Rng,
    Serial,
    Video,
)
from aiovirt.errors import XMLError
from aiovirt.model.mac import MacAddress


def test_an_interface_knows_its_place_and_card() -> None:
    interface = Interface.bridge("br0", model="e1000e", mac="52:54:00:00:00:0A")
    assert (interface.type, interface.source.bridge, interface.model) == ("bridge", "br0", "e1000e")
    assert interface.mac == MacAddress.parse("52:54:00:00:00:0a")


def test_a_tap_device_of_others_is_not_managed() -> None:
    interface = Interface.ethernet("tap0")
    assert (interface.target_dev, interface.target_managed) == ("tap0", False)


def test_a_wrong_mac_is_refused() -> None:
    with pytest.raises(XMLError, match="is no MAC address") as caught:
        Interface.user(mac="nonsense")
    assert caught.value.element == "interface/mac"


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


def test_the_host_chooses_the_port_when_none_is_given() -> None:
    assert [Graphics.vnc().autoport, Graphics.vnc(5901).autoport] == [True, False]


def test_the_listen_address_is_found_wherever_it_is() -> None:
    old = Graphics.parse("<graphics type='vnc' listen='0.0.0.0'/>")
    new = Graphics.vnc(listen="::1")
    assert [old.listen_address, new.listen_address] == ["0.0.0.0", "::1"]  # noqa: S104 - only read


def test_the_listen_socket_is_found_wherever_it_is() -> None:
    old = Graphics.parse("<graphics type='vnc' socket='/s'/>")
    assert [old.listen_socket, Graphics.vnc(socket="/t").listen_socket] == ["/s", "/t"]


def test_a_wrong_password_is_not_repeated() -> None:
    with pytest.raises(XMLError) as caught:
        Graphics.vnc(password="top\0secret")
    assert "secret" not in str(caught.value)


def test_a_video_card_is_its_model() -> None:
    assert Video("virtio").model.type == "virtio"


def test_an_unknown_video_card_is_refused() -> None:
    with pytest.raises(XMLError) as caught:
        Video("virtoi")
    assert caught.value.hint == "Did you mean 'virtio'?"


def test_a_tablet_is_on_usb() -> None:
    assert (Input.tablet().type, Input.tablet().bus) == ("tablet", "usb")


def test_random_numbers_come_from_urandom() -> None:
    assert Rng.urandom().backend.path == "/dev/urandom"
