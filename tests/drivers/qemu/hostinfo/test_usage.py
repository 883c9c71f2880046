"""What the kernel tells, from a made-up /proc and /sys."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.config import NodeDeviceConfig
from aiovirt.drivers.qemu.hostinfo import read_smbios, usage
from aiovirt.drivers.qemu.hostinfo.devices import read_devices
from aiovirt.errors import CallerError, ConfigError

FILES = {
    "proc/stat": "cpu  10 2 3 100 5 1 1 0 0 0\ncpu1 4 0 1 50 2 0 0 0 0 0\n",
    "proc/meminfo": "MemTotal: 1000 kB\nMemFree: 400 kB\nBuffers: 10 kB\nCached: 20 kB\n",
    "proc/cpuinfo": "processor : 0\ncpu MHz\t\t: 2445.404\n",
    "sys/devices/system/cpu/present": "0-3\n",
    "sys/devices/system/cpu/online": "0-2\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "1\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "1\n",
    "sys/kernel/mm/ksm/pages_to_scan": "100\n",
    "sys/class/dmi/id/sys_vendor": "Example & Co\n",
    "sys/class/net/eth0/address": "52:54:00:00:00:01\n",
    "sys/class/net/eth0/type": "1\n",
    "sys/class/block/vda/size": "2048\n",
    "sys/class/block/loop0/size": "0\n",
    "sys/bus/pci/devices/0000:00:1f.2/vendor": "0x8086\n",
    "sys/bus/pci/devices/0000:00:1f.2/device": "0x2922\n",
    "sys/bus/pci/devices/0000:00:1f.2/class": "0x010601\n",
}
TICK = 10_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a made-up host."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_times_of_all_processors_and_of_one(root: Path) -> None:
    stats = usage.cpu_stats(root=root)
    assert (stats.user_ns, stats.kernel_ns, stats.idle_ns) == (12 * TICK, 5 * TICK, 100 * TICK)
    assert usage.cpu_stats(1, root).user_ns == 4 * TICK
    with pytest.raises(CallerError, match="no processor 7"):
        usage.cpu_stats(7, root)


def test_processors_that_are_off_are_present(root: Path) -> None:
    found = usage.cpu_map(root)
    assert (found.present, set(found.online)) == (4, {0, 1, 2})
    assert usage.cpu_mhz(root) == 2445


def test_memory_is_told_in_bytes(root: Path) -> None:
    stats = usage.memory_stats(root=root)
    assert (stats.total, stats.free, stats.cached) == (1024000, 409600, 20480)
    assert usage.cells(root) == [0]


def test_pages_are_made_and_counted(root: Path) -> None:
    size = 2048 * 1024
    assert usage.free_pages([size], 0, 1, root) == [1]
    assert usage.alloc_pages({size: 2}, [0], add=True, root=root) == 1
    assert (root / "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages").read_text() == "3\n"
    with pytest.raises(CallerError, match="1024 KiB"):
        usage.free_pages([1024 * 1024], 0, 1, root)


def test_sharing_of_pages_by_libvirts_names(root: Path) -> None:
    assert usage.ksm_parameters(root) == {"shm_pages_to_scan": 100}
    usage.set_ksm_parameter("shm_pages_to_scan", 7, root)
    assert usage.ksm_parameters(root) == {"shm_pages_to_scan": 7}


def test_firmware_tables_as_a_document(root: Path, tmp_path: Path) -> None:
    assert "<entry name='manufacturer'>Example &amp; Co</entry>" in read_smbios(root)
    with pytest.raises(ConfigError, match="SMBIOS"):
        read_smbios(tmp_path / "nothing")


def test_devices_have_libvirts_names_and_whole_documents(root: Path) -> None:
    found = read_devices(root)
    names = ["computer", "pci_0000_00_1f_2", "net_eth0_52_54_00_00_00_01", "block_vda"]
    assert [device.name for device in found] == names
    assert {device.parent for device in found} == {None, "computer"}
    for device in found:
        NodeDeviceConfig.parse(device.xml).check()
