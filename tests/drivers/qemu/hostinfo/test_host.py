"""Reading a host's facts, from this machine's files and from made-up ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.drivers.qemu.hostinfo import read_host

CPUS = "sys/devices/system/cpu"
NODES = "sys/devices/system/node"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two cells with two threads of one core each."""
    write(
        tmp_path,
        {
            "proc/cpuinfo": "vendor_id\t: GenuineIntel\nmodel name\t: Fast\n\nvendor_id\t: x",
            "sys/class/dmi/id/product_uuid": "d5369705-af9d-4a04-a6ae-aa9e2ce41ee4",
        },
    )
    for cpu in range(4):
        node = cpu // 2
        write(
            tmp_path,
            {
                f"{CPUS}/cpu{cpu}/topology/physical_package_id": str(node),
                f"{CPUS}/cpu{cpu}/topology/core_id": "0",
                f"{CPUS}/cpu{cpu}/topology/thread_siblings_list": f"{node * 2}-{node * 2 + 1}",
                f"{NODES}/node{node}/cpu{cpu}/online": "1",
                f"{NODES}/node{node}/meminfo": f"Node {node} MemTotal:  8192 kB",
                f"{NODES}/node{node}/distance": "10 20",
                f"{NODES}/node{node}/hugepages/hugepages-2048kB/nr_hugepages": "1",
            },
        )
    return tmp_path


def test_cells_hold_their_processors(root: Path) -> None:
    cells = read_host(root).cells
    assert [[cpu.id for cpu in cell.processors] for cell in cells] == [[0, 1], [2, 3]]


def test_memory_is_split_into_pages(root: Path) -> None:
    cell = read_host(root).cells[0]
    assert (cell.memory_kib, cell.pages) == (8192, {4: (8192 - 2048) // 4, 2048: 1})


def test_distances_are_by_cell(root: Path) -> None:
    assert read_host(root).cells[1].distances == {0: 10, 1: 20}


def test_the_vendor_has_libvirts_name(root: Path) -> None:
    assert read_host(root).vendor == "Intel"


def test_a_host_that_tells_nothing_has_one_empty_cell(tmp_path: Path) -> None:
    host = read_host(tmp_path)
    assert (len(host.cells), host.memory_kib, host.uuid) == (1, 0, None)


@pytest.mark.real
def test_this_host_has_memory_and_processors() -> None:
    host = read_host()
    assert host.memory_kib > 0
    assert host.processors
