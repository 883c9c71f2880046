"""What is asked of a migration is read, refused where it cannot be had, and said as QEMU does."""

from __future__ import annotations

import pytest

from aiovirt.drivers.qemu.migration.parameters import End, Wishes, capabilities, settings
from aiovirt.errors import CallerError, Unsupported
from aiovirt.model.constants import DomainMigrateFlags as Flags
from aiovirt.model.params import ParamType, Typed

KNOWN = (
    *("events", "pause-before-switchover", "late-block-activate", "xbzrle", "compress"),
    *("auto-converge", "postcopy-ram", "multifd", "zero-copy-send", "x-other"),
)


def on(flags: int, end: End, **params: object) -> set[str]:
    """Return the capabilities that are switched on."""
    rows = capabilities(Wishes.read(params, flags), end, KNOWN)  # type: ignore[arg-type]
    return {str(row["capability"]) for row in rows if row["state"]}


def test_what_is_always_on() -> None:
    assert on(Flags.LIVE, End.SOURCE) == {"events", "pause-before-switchover"}
    assert on(Flags.LIVE, End.DESTINATION) == {"events", "late-block-activate"}


def test_what_an_earlier_move_has_set_is_switched_off() -> None:
    rows = capabilities(Wishes(), End.SOURCE, KNOWN)
    assert {"capability": "postcopy-ram", "state": False} in rows
    assert not any(row["capability"] == "x-other" for row in rows)


@pytest.mark.parametrize(
    ("flags", "name", "there"),
    [
        (Flags.AUTO_CONVERGE, "auto-converge", False),
        (Flags.POSTCOPY, "postcopy-ram", True),
        (Flags.PARALLEL, "multifd", True),
        (Flags.COMPRESSED, "xbzrle", True),
    ],
)
def test_flags_are_capabilities(flags: int, name: str, there: bool) -> None:  # noqa: FBT001
    assert name in on(flags, End.SOURCE)
    assert (name in on(flags, End.DESTINATION)) is there


def test_ways_to_compress() -> None:
    assert "compress" in on(Flags.COMPRESSED, End.SOURCE, compression=["mt"])
    wishes = Wishes.read({"compression": "zstd"}, Flags.PARALLEL | Flags.COMPRESSED)
    assert settings(wishes, End.DESTINATION) == {"multifd-compression": "zstd"}


def test_a_binary_that_lacks_what_is_needed() -> None:
    with pytest.raises(Unsupported, match="multifd"):
        capabilities(Wishes.read({}, Flags.PARALLEL), End.SOURCE, ["events"])


def test_bandwidths_are_mebibytes() -> None:
    wishes = Wishes.read({"bandwidth": Typed(ParamType.ULLONG, 3), "bandwidth.postcopy": 2}, 0)
    assert settings(wishes, End.SOURCE) == {
        "max-bandwidth": 3 << 20,
        "max-postcopy-bandwidth": 2 << 20,
    }


def test_the_speed_that_was_set_before_is_kept() -> None:
    assert settings(Wishes(), End.SOURCE, speed=5)["max-bandwidth"] == 5
    assert settings(Wishes(), End.SOURCE)["max-bandwidth"] == 2**63 - 1


def test_numbers_go_to_their_end() -> None:
    wishes = Wishes.read({"auto_converge.initial": 30, "parallel.connections": 4}, 0)
    assert settings(wishes, End.DESTINATION) == {"multifd-channels": 4}
    assert settings(wishes, End.SOURCE)["cpu-throttle-initial"] == 30


@pytest.mark.parametrize(
    "flags",
    [
        Flags.NON_SHARED_DISK | Flags.NON_SHARED_INC,
        Flags.TUNNELLED,
        Flags.TUNNELLED | Flags.PEER2PEER | Flags.PARALLEL,
        Flags.OFFLINE,
        Flags.OFFLINE | Flags.PERSIST_DEST | Flags.NON_SHARED_DISK,
        Flags.ZEROCOPY,
        Flags.POSTCOPY_RESUME,
        Flags.POSTCOPY | Flags.PARALLEL,
        Flags.NON_SHARED_SYNCHRONOUS_WRITES,
    ],
)
def test_what_does_not_go_together(flags: int) -> None:
    with pytest.raises(CallerError):
        Wishes.read({}, flags)


@pytest.mark.parametrize(
    ("params", "flags"),
    [
        ({"new": 1}, 0),
        ({}, 1 << 30),
        ({}, Flags.RDMA_PIN_ALL),
        ({"migrate_uri": "rdma://host"}, 0),
        ({"compression": ["snappy"]}, Flags.COMPRESSED),
    ],
)
def test_what_cannot_be_had(params: dict[str, object], flags: int) -> None:
    with pytest.raises(Unsupported):
        Wishes.read(params, flags)  # type: ignore[arg-type]


def test_a_number_must_be_one() -> None:
    with pytest.raises(CallerError, match="disks_port"):
        Wishes.read({"disks_port": "many"}, 0)
