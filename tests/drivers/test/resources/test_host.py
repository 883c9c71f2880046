"""What the in-memory host says of itself is what libvirt's own test driver says."""

from __future__ import annotations

import pytest

from aiovirt.errors import CallerError, ConfigError, Unsupported
from aiovirt.model.host import CpuComparison
from aiovirt.testing import TestHost

pytestmark = pytest.mark.anyio


async def test_the_computer_is_libvirts(host: TestHost) -> None:
    node = await host.node_info()
    assert (node.model, node.cpus, node.mhz, node.nodes) == ("i686", 16, 1400, 2)
    assert await host.version() == "TEST 0.0.2"
    assert await host.max_vcpus() == 32
    assert "testSecurity" in await host.capabilities()


async def test_domain_capabilities_are_of_guests_that_it_has(host: TestHost) -> None:
    assert "<domain>kvm</domain>" in await host.domain_capabilities(virt_type="kvm")
    with pytest.raises(ConfigError, match="sparc9"):
        await host.domain_capabilities(arch="sparc9")


async def test_huge_pages_are_made(host: TestHost) -> None:
    await host.alloc_pages({2048 * 1024: 3})
    assert "<pages unit='KiB' size='2048'>3</pages>" in await host.capabilities()


async def test_the_kernel_shares_pages_as_it_is_told(host: TestHost) -> None:
    await host.set_memory_parameters({"shm_pages_to_scan": 7})
    assert (await host.memory_parameters())["shm_pages_to_scan"] == 7
    with pytest.raises(Unsupported):
        await host.set_memory_parameters({"shm_full_scans": 7})


async def test_cpus_are_compared(host: TestHost) -> None:
    model = "<cpu><model>{}</model></cpu>".format
    assert await host.compare_cpu(model("Penryn")) is CpuComparison.IDENTICAL
    assert await host.compare_cpu(model("Conroe")) is CpuComparison.SUPERSET
    assert await host.compare_cpu(model("Haswell")) is CpuComparison.INCOMPATIBLE
    with pytest.raises(ConfigError, match="avx2"):
        await host.compare_cpu(model("Haswell"), fail_incompatible=True)


async def test_a_baseline_is_what_all_have(host: TestHost) -> None:
    given = ["<cpu><arch>x86_64</arch><model>Haswell</model></cpu>"]
    given.append("<cpu><arch>x86_64</arch><model>Westmere</model><feature name='avx'/></cpu>")
    found = await host.baseline_cpu(given)
    assert "Westmere" in found
    assert "<feature policy='require' name='avx'/>" in found


async def test_models_are_named_by_architecture(host: TestHost) -> None:
    assert "EPYC" in await host.cpu_models("x86_64")
    assert list(await host.cpu_models("aarch64")) == []
    with pytest.raises(CallerError):
        await host.cpu_models("foo")
