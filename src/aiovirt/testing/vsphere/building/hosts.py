"""Hosts: what they are made of, and their managers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.enums import (
    HostSystemConnectionState,
    HostSystemPowerState,
    ManagedEntityStatus,
)
from aiovirt.protocols.vsphere.tables.hosts import (
    AutoStartDefaults,
    HostAutoStartManagerConfig,
    HostBIOSInfo,
    HostCapability,
    HostConfigInfo,
    HostConfigManager,
    HostConfigSummary,
    HostCpuInfo,
    HostCpuPackage,
    HostDateTimeInfo,
    HostDateTimeSystemTimeZone,
    HostHardwareInfo,
    HostHardwareSummary,
    HostHyperThreadScheduleInfo,
    HostLicensableResourceInfo,
    HostListSummary,
    HostListSummaryQuickStats,
    HostNtpConfig,
    HostNumaInfo,
    HostNumaNode,
    HostRuntimeInfo,
    HostSystemInfo,
)
from aiovirt.protocols.vsphere.tables.inventory import ComputeResourceSummary
from aiovirt.protocols.vsphere.tables.session import AboutInfo
from aiovirt.protocols.vsphere.tables.storage import HostDatastoreSystemCapabilities
from aiovirt.testing.vsphere.building.networks import network_info
from aiovirt.testing.vsphere.building.places import entity
from aiovirt.testing.vsphere.making import filled
from aiovirt.testing.vsphere.world import World

__all__ = ["Hardware", "make_host", "summarize_host"]

GIB: Final = 1024**3

_MANAGERS: Final = (
    ("auto_start_manager", "HostAutoStartManager", "autostartmgr"),
    ("network_system", "HostNetworkSystem", "networkSystem"),
    ("datastore_system", "HostDatastoreSystem", "datastoreSystem"),
    ("storage_system", "HostStorageSystem", "storageSystem"),
    ("date_time_system", "HostDateTimeSystem", "dateTimeSystem"),
    ("advanced_option", "OptionManager", "advancedOption"),
)


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a host is made of.

    Attributes:
        packages: Its processors.
        cores: Cores of each; a core has two threads.
        mhz: Their clock.
        memory_bytes: Its memory.
    """

    packages: int = 2
    cores: int = 8
    mhz: int = 2400
    memory_bytes: int = 64 * GIB

    @property
    def all_cores(self) -> int:
        """Cores of all processors."""
        return self.packages * self.cores


def make_host(
    world: World,
    ref: Ref,
    name: str,
    parent: Ref,
    product: AboutInfo,
    *,
    hardware: Hardware | None = None,
) -> Ref:
    """Make a host, its managers, and its standard network."""
    made_of = Hardware() if hardware is None else hardware
    managers = {field: Ref(kind, f"{end}-{ref.value}") for field, kind, end in _MANAGERS}
    browser = Ref("HostDatastoreBrowser", f"datastoreBrowser-{ref.value}")
    network, start = network_info(name), _autostart()
    world.make(browser, datastore=())
    world.make(
        ref,
        **entity(
            name,
            parent,
            vm=(),
            datastore=(),
            network=(),
            datastoreBrowser=browser,
            configManager=HostConfigManager(**managers),
            capability=_capability(made_of),
            hardware=_hardware(world, made_of),
            licensableResource=HostLicensableResourceInfo(),
            runtime=_runtime(world),
            config=HostConfigInfo(
                host=ref,
                product=product,
                hyper_thread=HostHyperThreadScheduleInfo(available=True, active=True, config=True),
                network=network,
                auto_start=start,
                date_time_info=_date_time(),
            ),
        ),
    )
    _make_managers(world, ref, managers)
    world.add_to(parent, "host", ref)
    summarize_host(world, ref)
    _summarize_compute(world, parent)
    return ref


def _make_managers(world: World, ref: Ref, managers: dict[str, Ref]) -> None:
    config = world.get(ref, "config", HostConfigInfo)
    capabilities = HostDatastoreSystemCapabilities(
        nfs_mount_creation_required=True,
        nfs_mount_creation_supported=True,
        local_datastore_supported=False,
        vmfs_extent_expansion_supported=True,
    )
    world.make(managers["auto_start_manager"], config=config.auto_start)
    world.make(managers["network_system"], networkInfo=config.network)
    world.make(managers["datastore_system"], datastore=(), capabilities=capabilities)
    world.make(managers["storage_system"])
    world.make(managers["date_time_system"], dateTimeInfo=config.date_time_info)
    world.make(managers["advanced_option"], setting=(), supportedOption=())


def summarize_host(world: World, ref: Ref) -> None:
    """Let a host's summary say what the host is now."""
    hardware = world.get(ref, "hardware", HostHardwareInfo)
    config = world.get(ref, "config", HostConfigInfo)
    network = config.network
    cpu = hardware.cpu_info
    system = hardware.system_info
    world.put(
        ref,
        summary=HostListSummary(
            host=ref,
            hardware=HostHardwareSummary(
                vendor=system.vendor,
                model=system.model,
                uuid=system.uuid,
                memory_size=hardware.memory_size,
                cpu_model=hardware.cpu_pkg[0].description,
                cpu_mhz=cpu.hz // 1_000_000,
                num_cpu_pkgs=cpu.num_cpu_packages,
                num_cpu_cores=cpu.num_cpu_cores,
                num_cpu_threads=cpu.num_cpu_threads,
                num_nics=len(network.pnic) if network else 0,
                num_hbas=1,
            ),
            runtime=world.get(ref, "runtime", HostRuntimeInfo),
            config=HostConfigSummary(
                name=world.get(ref, "name", str),
                port=443,
                product=config.product,
                vmotion_enabled=True,
                fault_tolerance_enabled=False,
            ),
            quick_stats=HostListSummaryQuickStats(
                overall_cpu_usage=1200, overall_memory_usage=8192, uptime=86_400
            ),
            overall_status=ManagedEntityStatus.GREEN,
            reboot_required=False,
        ),
    )


def _summarize_compute(world: World, parent: Ref) -> None:
    hosts = world.refs(parent, "host")
    hardware = [world.get(ref, "hardware", HostHardwareInfo) for ref in hosts]
    mhz = sum(each.cpu_info.num_cpu_cores * each.cpu_info.hz // 1_000_000 for each in hardware)
    memory = sum(each.memory_size for each in hardware)
    known = world.get(parent, "summary", ComputeResourceSummary)
    world.put(
        parent,
        summary=filled(
            type(known),
            total_cpu=mhz,
            effective_cpu=mhz,
            total_memory=memory,
            effective_memory=memory // (1024 * 1024),
            num_cpu_cores=sum(each.cpu_info.num_cpu_cores for each in hardware),
            num_cpu_threads=sum(each.cpu_info.num_cpu_threads for each in hardware),
            num_hosts=len(hosts),
            num_effective_hosts=len(hosts),
            overall_status=ManagedEntityStatus.GREEN,
        ),
    )


def _capability(hardware: Hardware) -> HostCapability:
    return filled(
        HostCapability,
        max_supported_vcpus=min(128, 2 * hardware.all_cores),
        max_host_supported_vcpus=min(128, 2 * hardware.all_cores),
        max_running_vms=1024,
        max_supported_vms=2048,
        vmotion_supported=True,
        storage_v_motion_supported=True,
        maintenance_mode_supported=True,
        screenshot_supported=True,
        nfs_supported=True,
        san_supported=True,
        vlan_tagging_supported=True,
        reboot_supported=True,
        shutdown_supported=True,
        background_snapshots_supported=True,
    )


def _hardware(world: World, hardware: Hardware) -> HostHardwareInfo:
    hz, threads = hardware.mhz * 1_000_000, 2 * hardware.all_cores
    nodes = hardware.packages
    description = f"Intel(R) Xeon(R) CPU E5-2630 v3 @ {hardware.mhz / 1000:.2f}GHz"
    return HostHardwareInfo(
        system_info=HostSystemInfo(vendor="Dell Inc.", model="PowerEdge R640", uuid=world.uuid()),
        cpu_info=HostCpuInfo(
            num_cpu_packages=hardware.packages,
            num_cpu_cores=hardware.all_cores,
            num_cpu_threads=threads,
            hz=hz,
        ),
        cpu_pkg=tuple(
            HostCpuPackage(
                index=index,
                vendor="intel",
                hz=hz,
                bus_hz=100_000_000,
                description=description,
                thread_id=tuple(
                    range(index * 2 * hardware.cores, (index + 1) * 2 * hardware.cores)
                ),
            )
            for index in range(hardware.packages)
        ),
        memory_size=hardware.memory_bytes,
        numa_info=HostNumaInfo(
            type="NUMA",
            num_nodes=nodes,
            numa_node=tuple(
                HostNumaNode(
                    type_id=index,
                    cpu_id=tuple(
                        range(index * 2 * hardware.cores, (index + 1) * 2 * hardware.cores)
                    ),
                    memory_range_begin=index * hardware.memory_bytes // nodes,
                    memory_range_length=hardware.memory_bytes // nodes,
                )
                for index in range(nodes)
            ),
        ),
        smc_present=False,
        bios_info=HostBIOSInfo(bios_version="2.10.2", vendor="Dell Inc."),
    )


def _runtime(world: World) -> HostRuntimeInfo:
    return HostRuntimeInfo(
        connection_state=HostSystemConnectionState.CONNECTED,
        power_state=HostSystemPowerState.POWERED_ON,
        standby_mode="none",
        in_maintenance_mode=False,
        boot_time=world.clock.now(),
    )


def _autostart() -> HostAutoStartManagerConfig:
    return HostAutoStartManagerConfig(
        defaults=AutoStartDefaults(
            enabled=False,
            start_delay=120,
            stop_delay=120,
            wait_for_heartbeat=False,
            stop_action="PowerOff",
        )
    )


def _date_time() -> HostDateTimeInfo:
    return HostDateTimeInfo(
        time_zone=HostDateTimeSystemTimeZone(
            key="UTC", name="UTC", description="UTC", gmt_offset=0
        ),
        ntp_config=HostNtpConfig(server=("pool.ntp.org",)),
    )
