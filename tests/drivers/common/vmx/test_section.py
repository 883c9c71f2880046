"""Keys as values: what each kind takes, and that an error names key and line."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from aiovirt.drivers.common.vmx import Vmx
from aiovirt.drivers.common.vmx.section import UNLIMITED, Section, present, uuid_text
from aiovirt.errors import ConfigError
from aiovirt.model.mac import MacAddress


def section(value: str) -> Section:
    """A section whose `x` is a value, in the third line."""
    return Section(Vmx.parse(f'# one\n# two\ndev0.x = "{value}"\n'), "dev0")


@pytest.mark.parametrize(
    ("value", "on"), [("TRUE", True), ("false", False), ("Yes", True), ("0", False)]
)
def test_switches(value: str, *, on: bool) -> None:
    assert section(value).switch("x") is on
    assert section(value).switch("y", default=True)


def test_numbers() -> None:
    assert section(" -12").number("x", 0) == -12
    assert section("Unlimited").number("x", 0) == UNLIMITED
    assert section("1").number("y", 7) == 7


def test_uuids_and_addresses() -> None:
    uuid = UUID("564d9bef-acd9-b4e0-c8f0-aea8b9103515")
    assert section("56 4d 9b ef ac d9 b4 e0-c8 f0 ae a8 b9 10 35 15").uuid("x") == uuid
    assert uuid_text(uuid) == "56 4d 9b ef ac d9 b4 e0-c8 f0 ae a8 b9 10 35 15"
    assert section("0:c:29:1:2:3").mac("x") == MacAddress.parse("00:0c:29:01:02:03")
    assert (section("").uuid("y"), section("").mac("y")) == (None, None)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("maybe", lambda each: each.switch("x")),
        ("12 MB", lambda each: each.number("x", 0)),
        ("9" * 30, lambda each: each.number("x", 0)),
        ("٣", lambda each: each.number("x", 0)),
        ("0", lambda each: each.number("x", 0, low=1)),
        ("unlimited", lambda each: each.number("x", 0, low=1)),
        ("5", lambda each: each.number("x", 0, high=4)),
        ("c", lambda each: each.choice("x", {"a": 1, "b": 2})),
        ("56 4d", lambda each: each.uuid("x")),
        ("no address", lambda each: each.mac("x")),
        ("01:00:5e:00:00:01", lambda each: each.mac("x")),
        ("|0", lambda each: each.text("x")),
    ],
)
def test_a_wrong_value_names_key_and_line(value: str, read: Callable[[Section], object]) -> None:
    with pytest.raises(ConfigError, match=r"line 3, dev0\.x: ") as caught:
        read(section(value))
    assert caught.value.field == "dev0.x"


def test_a_missing_entry_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^dev0\.y: the entry is missing") as caught:
        section("").needed("y")
    assert caught.value.hint


def test_values_are_written_by_their_names() -> None:
    vmx = Vmx()
    Section(vmx, "serial0").say(present=True, network_endPoint="server", port=3, fileName=None)
    expected = 'serial0.present = "true"\nserial0.network.endPoint = "server"\nserial0.port = "3"\n'
    assert vmx.to_text() == expected


def test_devices_that_are_there_come_by_their_numbers() -> None:
    vmx = Vmx.parse(
        'Dev10.present = "TRUE"\ndev2.PRESENT = "1"\ndev1.present = "FALSE"\n'
        'dev2.x = "1"\ndev.present = "TRUE"\ndevice3.present = "TRUE"\ndev99999.present = "TRUE"\n'
    )
    found = [(number, each.switch("present")) for number, each in present(vmx, "dev")]
    assert found == [(2, True), (10, True)]
