"""Devices with few settings."""

from __future__ import annotations

from aiovirt.config import Input, Rng


def test_a_tablet_is_on_usb() -> None:
    assert (Input.tablet().type, Input.tablet().bus) == ("tablet", "usb")


def test_random_numbers_come_from_urandom() -> None:
    assert Rng.urandom().backend.path == "/dev/urandom"
