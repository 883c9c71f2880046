"""The names of devices that a binary is asked about."""

from __future__ import annotations

from aiovirt.drivers.qemu.devices.drivers import _PARTS, _drivers


def test_what_is_named_beside_the_models_is_none_of_them() -> None:
    assert not _PARTS & set(_drivers())
