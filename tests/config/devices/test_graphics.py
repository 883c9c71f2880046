"""Displays and video cards."""

from __future__ import annotations

import pytest

from aiovirt.config import Graphics, Video
from aiovirt.errors import XMLError


def test_the_host_chooses_the_port_when_none_is_given() -> None:
    assert [Graphics.vnc().autoport, Graphics.vnc(5901).autoport] == [True, False]


def test_the_listen_address_is_found_wherever_it_is() -> None:
    old = Graphics.parse("<graphics type='vnc' listen='192.0.2.1'/>")
    new = Graphics.vnc(listen="::1")
    assert [old.listen_address, new.listen_address] == ["192.0.2.1", "::1"]


def test_the_usual_address_is_written_where_none_is_and_taken_out_again() -> None:
    open_one = Graphics.parse("<graphics type='vnc'><listen type='address'/></graphics>")
    open_one.listens_at("127.0.0.1")
    assert [open_one.listen, open_one.listens[0].address] == ["127.0.0.1", "127.0.0.1"]
    open_one.listens_as_usual("127.0.0.1")
    assert [open_one.listen, open_one.listens[0].address] == [None, None]


def test_an_address_or_a_socket_that_is_written_stays() -> None:
    given = Graphics.vnc(listen="::1")
    given.listens_at("127.0.0.1")
    given.listens_as_usual("127.0.0.1")
    socket = Graphics.vnc(socket="/t")
    socket.listens_at("127.0.0.1")
    network = Graphics.parse("<graphics type='vnc'><listen type='network' network='n'/></graphics>")
    network.listens_at("127.0.0.1")
    assert [given.listen_address, socket.listen_address, network.listen_address] == [
        "::1",
        None,
        None,
    ]


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
