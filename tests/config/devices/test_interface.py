"""Network interfaces."""

from __future__ import annotations

import pytest

from aiovirt.config import Interface
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
