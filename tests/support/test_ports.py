"""A reserved port is the server's alone, before it listens and after that."""

from __future__ import annotations

import socket

import pytest
from ports import HOST, reserved_port


def test_a_server_listens_there_again_and_again() -> None:
    with reserved_port() as port:
        for _ in range(2):
            with socket.create_server((HOST, port)), socket.create_connection((HOST, port)):
                pass


def test_nobody_listens_there_before() -> None:
    with reserved_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port))


def test_nobody_else_can_take_it() -> None:
    with (
        reserved_port() as port,
        socket.socket() as other,
        pytest.raises(OSError, match="in use"),
    ):
        other.bind((HOST, port))
