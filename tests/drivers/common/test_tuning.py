"""Parameters of tuning as they stand in documents."""

from __future__ import annotations

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.tuning import MEMORY, SCHEDULER, read, read_numa
from aiovirt.model.params import ParamType, Typed


def config(inside: str = "") -> DomainConfig:
    plain = DomainConfig(name="web1", memory="1MiB", vcpus=2).to_xml()
    return DomainConfig.parse(plain.replace("<os>", f"{inside}<os>"))


def test_parameters_that_are_not_said_have_their_defaults() -> None:
    assert read(config(), SCHEDULER)["cpu_shares"] == Typed(ParamType.ULLONG, 1024)


def test_parameters_are_read_by_libvirts_names() -> None:
    found = read_numa(config("<numatune><memory mode='preferred' nodeset='0'/></numatune>"))
    assert found == {
        "numa_mode": Typed(ParamType.INT, 1),
        "numa_nodeset": Typed(ParamType.STRING, "0"),
    }


def test_limits_of_memory_are_in_kib_whatever_unit_is_written() -> None:
    found = read(config("<memtune><hard_limit unit='MiB'>3</hard_limit></memtune>"), MEMORY)
    assert found["hard_limit"] == Typed(ParamType.ULLONG, 3072)
