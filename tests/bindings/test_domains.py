"""The rows about domains, their devices, disks and figures, forwards and backwards."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiovirt.bindings import Binding, bindings_of
from aiovirt.bindings.arguments import amount
from aiovirt.errors import ConfigError
from aiovirt.interfaces import (
    Ability,
    Blocks,
    Definition,
    Devices,
    Legacy,
    Lifecycle,
    Screen,
    Statistics,
)
from aiovirt.model.blocks import BlockInfo, BlockJobInfo, BlockJobKind
from aiovirt.model.constants import DomainBlockPullFlags, DomainBlockResizeFlags
from aiovirt.model.domain import Control, ControlInfo, ControlState, DomainKey, StateReason
from aiovirt.model.statistics import DomainStats, StatsGroup
from aiovirt.model.statsgroups import BalloonStats, BlockCounters, InterfaceCounters

VM = DomainKey(UUID(int=7), "web1")
MIB = 1 << 20

CALLS = [
    (Definition, "rename", (VM, "web2"), {}),
    (Definition, "metadata", (VM, "element", "http://a"), {}),
    (Definition, "set_metadata", (VM, "title", "One"), {"key": None, "uri": None}),
    (Definition, "config", (VM,), {"inactive": True, "secure": False}),
    (Lifecycle, "start", (VM,), {"paused": True}),
    (Lifecycle, "set_lifecycle_action", (VM, "crash", "restart"), {}),
    (Screen, "send_key", (VM, [28, 42]), {"hold_ms": 5, "codeset": "usb"}),
    (Statistics, "stats", ([VM],), {"groups": StatsGroup.CPU | StatsGroup.STATE}),
    (Statistics, "stats", (None,), {"groups": StatsGroup.ALL}),
    (Statistics, "block_stats", (VM, "vda"), {}),
    (Devices, "attach_device", (VM, "<disk/>"), {"live": True, "config": False}),
    (Devices, "detach_device_alias", (VM, "ua-1"), {"live": True, "config": True}),
    (Blocks, "block_resize", (VM, "vda", 513), {}),
    (Blocks, "memory_peek", (VM, 1, 2), {"physical": True}),
    (Blocks, "memory_peek", (VM, 1, 2), {"physical": False}),
    (Blocks, "io_tune", (VM, "vda"), {}),
    (Blocks, "set_io_tune", (VM, "vda", {"total_iops_sec": 5}), {}),
    (Blocks, "block_pull", (VM, "vda"), {"bandwidth": 5}),
    (Blocks, "block_rebase", (VM, "vda", "vda[2]"), {"bandwidth": 0}),
    (Blocks, "block_commit", (VM, "vda"), {"base": None, "top": "vda[1]", "bandwidth": 7}),
    (Blocks, "block_copy", (VM, "vda", "<disk/>"), {"settings": {"granularity": 4096}}),
    (Legacy, "active_ids", (9,), {}),
]

RESULTS = [
    (Definition, "state", StateReason.PAUSED_USER),
    (Definition, "is_active", True),
    (Definition, "rename", None),
    (Statistics, "stats", [DomainStats(VM, 3, {"cpu.time": 5}), DomainStats(VM, None, {})]),
    (Statistics, "memory_stats", BalloonStats(current=4096, rss=8192, major_faults=3)),
    (Statistics, "block_stats", {"rd_bytes": 5}),
    (Statistics, "interface_stats", InterfaceCounters(1, 2, 3, 4, 5, 6, 7, 8)),
    (Statistics, "control_info", ControlInfo(Control.OCCUPIED, 0, 30)),
    (Statistics, "control_info", ControlInfo(Control.UNRESPONSIVE, 2)),
    (Blocks, "block_info", BlockInfo(3, 2, 1)),
    (Blocks, "disk_errors", {"vda": "no space"}),
    (Blocks, "block_job_info", BlockJobInfo(BlockJobKind.COPY, 5, 1, 2)),
    (Blocks, "block_job_info", None),
    (Legacy, "block_stats", BlockCounters(1, 2, 3, 4, -1)),
    (Legacy, "inactive_names", ["web1"]),
]


def row_of(ability: type[Ability], name: str) -> Binding:
    """Return the row of an operation."""
    return bindings_of(ability)[name]


@pytest.mark.parametrize(("ability", "name", "given", "named"), CALLS)
def test_arguments_come_back(
    ability: type[Ability], name: str, given: tuple[object, ...], named: dict[str, object]
) -> None:
    row = row_of(ability, name)
    back = row.call(row.args(given, named))
    assert row.named(given, named) == back


@pytest.mark.parametrize(("ability", "name", "result"), RESULTS)
def test_results_come_back(ability: type[Ability], name: str, result: object) -> None:
    row = row_of(ability, name)
    assert row.result.read(row.reply(result)) == result


def test_files_travel_beside_the_arguments() -> None:
    row = row_of(Lifecycle, "start_with_files")
    assert row.files == "files"
    assert row.named((VM, [3, 4]), {})["files"] == [3, 4]
    assert row.call(row.args((VM, [3]), {"paused": True}))["paused"] is True


def test_an_amount_without_its_flag_is_in_the_unit_of_old() -> None:
    flags = DomainBlockPullFlags
    argument = amount("bandwidth", "bandwidth", flags, flags.BANDWIDTH_BYTES, MIB)
    assert argument.read(3, 0) == (3 * MIB, flags(0))
    assert argument.send(0, 0) == (0, 0)
    size = amount("size", "size", DomainBlockResizeFlags, DomainBlockResizeFlags.BYTES, 1024)
    assert size.read(*size.send(513, 0)) == (513, DomainBlockResizeFlags(0))


@pytest.mark.parametrize("keys", [[], [1] * 17, ["KEY_NOSUCH"]])
def test_keys_that_cannot_be_sent(keys: list[str | int]) -> None:
    with pytest.raises(ConfigError):
        row_of(Screen, "send_key").args((VM, keys), {})


def test_a_key_by_its_name() -> None:
    args = row_of(Screen, "send_key").args((VM, ["key_enter", "28"]), {})
    assert row_of(Screen, "send_key").call(args)["keys"] == [28, 28]


def test_statistics_say_whose_hypervisor_does_not_answer() -> None:
    row = bindings_of(Statistics)["stats"]
    silent = ControlState(Control.UNRESPONSIVE, 12.5, "no answer")
    sent = row.reply([DomainStats(VM, 3, {}, silent), DomainStats(VM, 4, {})])
    assert [one.control for one in row.result.read(sent)] == [silent, ControlState()]
