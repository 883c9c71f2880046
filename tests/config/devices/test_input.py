"""Input devices."""

from __future__ import annotations

from aiovirt.config import Input


def test_a_tablet_is_on_usb() -> None:
    assert (Input.tablet().type, Input.tablet().bus) == ("tablet", "usb")
