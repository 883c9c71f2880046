"""Key names and codes: checked against the kernel's header and QEMU's own enumeration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pausedqemu import paused
from qemuvalues import X86, completed, small

from aiovirt.drivers.qemu.keycodes import KEYS, MAX_HOLD_MS, qcode, send_key_arguments
from aiovirt.errors import ConfigError

HEADER = Path("/usr/include/linux/input-event-codes.h")


@pytest.mark.parametrize("key", ["KEY_LEFTCTRL", "key_leftctrl", 29, "29"])
def test_a_key_is_known_by_name_and_by_number(key: int | str) -> None:
    assert qcode(key) == "ctrl"


def test_no_key_stands_twice_in_the_table() -> None:
    for column in zip(*KEYS, strict=True):
        assert len(set(column)) == len(KEYS)


@pytest.mark.parametrize("key", ["KEY_NOSUCH", 9999, "", "ctrl"])
def test_an_unknown_key_is_named(key: int | str) -> None:
    with pytest.raises(ConfigError, match="no key"):
        qcode(key)


@pytest.mark.parametrize("count", [0, 17])
def test_none_and_too_many_keys_are_refused(count: int) -> None:
    with pytest.raises(ConfigError, match="1 to 16"):
        send_key_arguments(["KEY_A"] * count)


@pytest.mark.parametrize("hold_ms", [-1, MAX_HOLD_MS + 1])
def test_a_time_that_keys_cannot_be_held_is_refused(hold_ms: int) -> None:
    with pytest.raises(ConfigError, match="keys cannot be held for") as caught:
        send_key_arguments(["KEY_A"], hold_ms)
    assert caught.value.field == "hold_ms"


def test_arguments_are_those_of_send_key() -> None:
    assert send_key_arguments(["KEY_LEFTCTRL", 16], 50) == {
        "keys": [{"type": "qcode", "data": "ctrl"}, {"type": "qcode", "data": "q"}],
        "hold-time": 50,
    }


@pytest.mark.real
def test_numbers_are_the_kernel_headers() -> None:
    defines = dict(re.findall(r"#define\s+(KEY_\w+)\s+(\d+)\b", HEADER.read_text()))
    assert {key.name: key.code for key in KEYS} == {
        key.name: int(defines[key.name]) for key in KEYS
    }


@pytest.mark.real
@pytest.mark.anyio
async def test_the_table_is_qemus_enum(qemu: Path, tmp_path: Path) -> None:
    assert str(qemu).endswith("x86_64")
    async with paused(completed(small()), X86, tmp_path) as client:
        schema: Any = await client.execute("query-qmp-schema")
    enums = [entry["values"] for entry in schema if entry["meta-type"] == "enum"]
    known = next(set(values) for values in enums if "kp_divide" in values)
    # "asterisk" is a second name of kp_multiply, "unmapped" is no key
    assert {key.qcode for key in KEYS} == known - {"asterisk", "unmapped"}


@pytest.mark.real
@pytest.mark.anyio
async def test_qemu_takes_the_arguments(tmp_path: Path) -> None:
    async with paused(completed(small("<graphics type='vnc'/>")), X86, tmp_path) as client:
        await client.execute("send-key", send_key_arguments(["KEY_LEFTALT", "KEY_F1"], 10))
