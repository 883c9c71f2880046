"""What a host tells of itself, beside what virsh shows of the same libvirtd.

Nothing here may change the machine that the tests run on: what would is tried so that it changes
nothing, or is refused.
"""

from __future__ import annotations

import pytest
from libvirtlab import Lab, run_virsh

import aiovirt
from aiovirt.errors import AiovirtError, ConfigError, Unsupported
from aiovirt.model.host import CpuComparison, HostCpuMap, SecurityModel
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]

KIB = 1024
TEST = "test:///default"
CPU = "<cpu><arch>x86_64</arch><model>486</model></cpu>"


def pairs(said: str) -> dict[str, str]:
    """Return what virsh shows as lines of names and values."""
    lines = [line.partition(":") for line in said.splitlines() if ":" in line]
    return {name.strip(): value.strip() for name, _, value in lines}


async def test_the_host_says_who_it_is(host: Connection, test_host: Connection) -> None:
    assert (await host.driver_type(), await test_host.driver_type()) == ("QEMU", "TEST")
    assert await host.library_version() == (9, 0, 0)
    assert await host.canonical_uri() == "qemu:///system"
    assert await host.is_secure()


async def test_a_connection_that_all_can_read_says_so(lab: Lab) -> None:
    async with aiovirt.open(lab.uri("tcp", TEST)) as host:
        assert not await host.is_secure()


@pytest.mark.parametrize("driver", ["qemu:///system", TEST])
async def test_the_node_is_virshs(lab: Lab, driver: str) -> None:
    async with aiovirt.open(lab.uri("unix", driver)) as host:
        info = await host.node_info()
    assert pairs(run_virsh(lab, "nodeinfo", driver=driver)) == {
        "CPU model": info.model,
        "CPU(s)": str(info.cpus),
        "CPU frequency": f"{info.mhz} MHz",
        "CPU socket(s)": str(info.sockets),
        "Core(s) per socket": str(info.cores),
        "Thread(s) per core": str(info.threads),
        "NUMA cell(s)": str(info.nodes),
        "Memory size": f"{info.memory // KIB} KiB",
    }


async def test_processors_are_virshs(test_host: Connection, host: Connection, lab: Lab) -> None:
    assert await test_host.cpu_map() == HostCpuMap(8, frozenset({0, 2, 4}))
    said = pairs(run_virsh(lab, "nodecpumap"))
    found = await host.cpu_map()
    assert said["CPUs present"] == str(found.present)
    assert said["CPUs online"] == str(len(found.online))


async def test_times_of_processors_are_virshs(test_host: Connection, lab: Lab) -> None:
    said = pairs(run_virsh(lab, "nodecpustats", driver=TEST))
    stats = await test_host.cpu_stats()
    assert said == {
        "user": str(stats.user_ns),
        "system": str(stats.kernel_ns),
        "idle": str(stats.idle_ns),
        "iowait": str(stats.iowait_ns),
    }
    assert stats.utilization is None


async def test_figures_of_one_processor_or_node(host: Connection) -> None:
    everything, first = await host.cpu_stats(), await host.cpu_stats(cpu=0)
    assert 0 < (first.user_ns or 0) <= (everything.user_ns or 0)
    memory, cell = await host.memory_stats(), await host.memory_stats(cell=0)
    assert (memory.total or 0) >= (cell.total or 0) > 0
    assert cell.buffers is None
    assert memory.buffers is not None
    with pytest.raises(AiovirtError):
        await host.cpu_stats(cpu=10_000)


async def test_free_memory_is_virshs(test_host: Connection, host: Connection) -> None:
    assert await test_host.free_memory() == 3072 * KIB
    assert await test_host.cells_free_memory() == [2048 * KIB, 4096 * KIB]
    assert await test_host.cells_free_memory(1, 1) == [4096 * KIB]
    (cell,) = await host.free_pages([4 * KIB])
    assert 0 < cell[4 * KIB] * 4 * KIB < (await host.node_info()).memory


async def test_pages_are_made(host: Connection) -> None:
    assert await host.alloc_pages({2048 * KIB: 0}, add=True) == 1
    with pytest.raises(AiovirtError):
        await host.alloc_pages({3 * KIB: 1}, add=True)


async def test_shared_pages_can_be_tuned(host: Connection) -> None:
    found = await host.memory_parameters()
    same = {"shm_pages_to_scan": found["shm_pages_to_scan"]}
    await host.set_memory_parameters(same)
    assert (await host.memory_parameters())["shm_pages_to_scan"] == same["shm_pages_to_scan"]


async def test_a_sleep_that_is_too_short_is_refused(host: Connection) -> None:
    with pytest.raises(AiovirtError, match=r"(?i)suspend"):
        await host.suspend("mem", 1)


async def test_documents_are_virshs(test_host: Connection, lab: Lab) -> None:
    assert await test_host.sysinfo() == run_virsh(lab, "sysinfo", driver=TEST).rstrip("\n") + "\n"
    assert await test_host.max_vcpus() == int(run_virsh(lab, "maxvcpus", driver=TEST))


async def test_the_most_processors_of_a_kind_of_guest(host: Connection) -> None:
    assert await host.max_vcpus(virt_type="qemu") > 0
    with pytest.raises(AiovirtError, match="nonsense"):
        await host.max_vcpus(virt_type="nonsense")


async def test_how_guests_are_kept_apart(test_host: Connection, host: Connection) -> None:
    assert await test_host.security_model() == SecurityModel("testSecurity", "")
    assert (await host.security_model()).model


async def test_a_host_without_encrypted_guests_says_so(test_host: Connection) -> None:
    with pytest.raises(Unsupported):
        await test_host.sev_info()


async def test_somebody_else_may_be_named(lab: Lab) -> None:
    async with aiovirt.open(lab.uri("unix", TEST)) as host:
        await host.set_identity({"user-name": "nobody", "unix-user-id": 65534})
        assert await host.hostname()
        with pytest.raises(AiovirtError):
            await host.set_identity({"no-such": "name"})


async def test_models_of_cpus_are_virshs(host: Connection, lab: Lab) -> None:
    assert await host.cpu_models("x86_64") == run_virsh(lab, "cpu-models", "x86_64").split()
    with pytest.raises(AiovirtError, match="nonsense"):
        await host.cpu_models("nonsense")


async def test_cpus_are_compared(host: Connection) -> None:
    assert await host.compare_cpu(CPU) in {CpuComparison.SUPERSET, CpuComparison.IDENTICAL}
    other = CPU.replace("x86_64", "ppc64").replace("486", "POWER8")
    result = await host.compare_cpu(other)
    assert result is CpuComparison.INCOMPATIBLE
    assert not result.compatible
    with pytest.raises(ConfigError):
        await host.compare_cpu(other, fail_incompatible=True)


async def test_cpus_are_compared_with_what_is_emulated(host: Connection, lab: Lab) -> None:
    cpu = CPU.replace("486", "qemu64")
    result = await host.compare_hypervisor_cpu(cpu, virt_type="qemu")
    path = lab.folder / "cpu.xml"
    path.write_text(cpu)
    said = run_virsh(lab, "hypervisor-cpu-compare", "--virttype", "qemu", str(path))
    assert ("superset" in said, "identical" in said) == (
        result is CpuComparison.SUPERSET,
        result is CpuComparison.IDENTICAL,
    )


async def test_several_hosts_have_a_cpu_in_common(host: Connection) -> None:
    cpus = [
        f"<cpu><arch>x86_64</arch><model>{model}</model></cpu>" for model in ("Penryn", "Conroe")
    ]
    common = await host.baseline_cpu(cpus)
    assert "Conroe" in common
    expanded = await host.baseline_cpu(cpus, expand=True)
    assert expanded.count("<feature") > common.count("<feature")


async def test_several_hosts_have_a_cpu_to_emulate_in_common(host: Connection) -> None:
    cpus = ["<cpu><arch>x86_64</arch><model>qemu64</model></cpu>"]
    assert "<model" in await host.baseline_hypervisor_cpu(cpus, virt_type="qemu", arch="x86_64")
