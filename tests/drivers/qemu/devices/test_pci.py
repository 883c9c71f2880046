"""The allocator of PCI addresses: no address twice, none where nothing can sit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.drivers.qemu.devices.pci import Connector, Topology
from aiovirt.errors import ConfigError
from aiovirt.model.addresses import PciAddress

needs = st.lists(
    st.sampled_from([Connector.CONVENTIONAL, Connector.EXPRESS, Connector.ROOT_PORT]), max_size=120
)


@given(st.sampled_from(["pci-root", "pcie-root"]), needs)
def test_no_place_is_given_twice(root: str, wanted: list[Connector]) -> None:
    topology = Topology(root)
    usual = [need for need in wanted if root == "pcie-root" or need is not Connector.ROOT_PORT]
    places = [topology.allocate(need, f"device {i}") for i, need in enumerate(usual)]
    assert len(set(places)) == len(places)
    assert not list(topology.orphans())


def test_pci_root_gives_its_slots_in_order() -> None:
    topology = Topology("pci-root")
    assert [topology.allocate(Connector.EXPRESS, "x").slot for _ in range(3)] == [1, 2, 3]


def test_a_full_pci_root_gets_a_bridge() -> None:
    topology = Topology("pci-root")
    places = [topology.allocate(Connector.CONVENTIONAL, f"net{i}") for i in range(40)]
    assert topology.models == {0: "pci-root", 1: "pci-bridge"}
    assert places[31] == PciAddress(0, 1, 1)


def test_express_devices_get_a_root_port_each() -> None:
    topology = Topology("pcie-root")
    assert topology.allocate(Connector.EXPRESS, "net0") == PciAddress(0, 1, 0)
    assert topology.allocate(Connector.EXPRESS, "net1") == PciAddress(0, 2, 0)
    assert topology.models == {0: "pcie-root", 1: "pcie-root-port", 2: "pcie-root-port"}


def test_eight_root_ports_share_a_slot() -> None:
    topology = Topology("pcie-root")
    places = [topology.allocate(Connector.ROOT_PORT, f"port {i}") for i in range(9)]
    assert [(p.slot, p.function) for p in places[6:]] == [(1, 6), (1, 7), (2, 0)]


def test_a_conventional_device_gets_a_bridge_behind_a_root_port_of_its_own() -> None:
    topology = Topology("pcie-root")
    assert topology.allocate(Connector.CONVENTIONAL, "watchdog0") == PciAddress(0, 2, 1)
    assert topology.allocate(Connector.EXPRESS, "net0") == PciAddress(0, 3, 0)
    assert topology.models[2] == "pcie-to-pci-bridge"


def test_a_port_is_kept_for_hot_plug() -> None:
    topology = Topology("pcie-root")
    topology.allocate(Connector.EXPRESS, "net0")
    topology.keep_slot()
    assert len(topology.models) == 3


def test_what_does_not_grow_is_full_at_the_end() -> None:
    with pytest.raises(ConfigError, match="no PCI slot is left for net0"):
        Topology("pcie-root", grows=False).allocate(Connector.EXPRESS, "net0")


def test_a_taken_place_is_refused_with_both_names() -> None:
    topology = Topology("pci-root")
    topology.reserve(PciAddress(0, 0, 3), "net0")
    with pytest.raises(ConfigError, match=r"0000:00:03\.0 of net1 is taken by net0"):
        topology.reserve(PciAddress(0, 0, 3), "net1")


def test_functions_of_a_slot_are_places_of_their_own() -> None:
    topology = Topology("pci-root")
    topology.reserve(PciAddress(0, 0, 3, 0), "a")
    topology.reserve(PciAddress(0, 0, 3, 1), "b")
    assert topology.allocate(Connector.CONVENTIONAL, "c") == PciAddress(0, 0, 1)


@pytest.mark.parametrize(
    "address",
    [
        PciAddress(0, 7, 1),
        PciAddress(0, 0, 0),
        PciAddress(1, 0, 1),
    ],
)
def test_places_that_do_not_exist_are_refused(address: PciAddress) -> None:
    with pytest.raises(ConfigError, match="net0"):
        Topology("pci-root", grows=False).reserve(address, "net0")


def test_a_function_without_function_zero_is_an_orphan() -> None:
    topology = Topology("pci-root")
    topology.reserve(PciAddress(0, 0, 3, 1), "b")
    assert list(topology.orphans()) == [(PciAddress(0, 0, 3, 1), "b")]


def test_two_controllers_with_one_index_are_refused() -> None:
    topology = Topology("pcie-root")
    topology.add_bus(1, "pcie-root-port")
    with pytest.raises(ConfigError, match="index 1"):
        topology.add_bus(1, "pcie-root-port")


def test_an_unknown_controller_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="pxb"):
        Topology("pci-root").add_bus(1, "pxb")


@given(
    st.sampled_from(["pci-root", "pcie-root"]),
    st.sets(st.tuples(st.integers(1, 31), st.integers(0, 7)), max_size=60),
    needs,
)
def test_what_is_given_is_kept_from_what_is_placed(
    root: str, given_places: set[tuple[int, int]], wanted: list[Connector]
) -> None:
    topology = Topology(root)
    kept = {PciAddress(slot=slot, function=function) for slot, function in given_places}
    for address in kept:
        topology.reserve(address, "given")
    try:
        placed = [topology.allocate(need, f"device {i}") for i, need in enumerate(wanted)]
    except ConfigError:
        return
    places = [*kept, *placed]
    assert len({(p.bus, p.slot, p.function) for p in places}) == len(places)
