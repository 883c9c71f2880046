"""The public surface: reviewed, complete, and loaded only when it is used."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import aiovirt

REVIEWED = [
    "AgentLifecycleEvent",
    "AlarmEvent",
    "BackupConfig",
    "BalloonChangeEvent",
    "BlockJobEvent",
    "BlockThresholdEvent",
    "Bytes",
    "CPU",
    "CapabilitiesConfig",
    "Channel",
    "Checkpoint",
    "CheckpointConfig",
    "CheckpointKey",
    "Checkpoints",
    "Clock",
    "Connection",
    "ConnectionEvent",
    "Console",
    "Control",
    "ControlEvent",
    "ControlState",
    "Controller",
    "CpuComparison",
    "CredentialKind",
    "CredentialRequest",
    "Credentials",
    "Device",
    "DeviceAddedEvent",
    "DeviceRemovalFailedEvent",
    "DeviceRemovedEvent",
    "Devices",
    "DhcpLease",
    "Disk",
    "DiskChangeEvent",
    "Domain",
    "DomainCapabilitiesConfig",
    "DomainConfig",
    "DomainEvent",
    "DomainInfo",
    "DomainKey",
    "DomainRecord",
    "DomainState",
    "DomainStats",
    "Domains",
    "Event",
    "EventsLost",
    "Features",
    "FilterBinding",
    "FilterBindingKey",
    "GiB",
    "Graphics",
    "GraphicsEvent",
    "GraphicsPhase",
    "Hole",
    "HostInterface",
    "HostInterfaceConfig",
    "HostInterfaceKey",
    "HostInterfaces",
    "IOErrorAction",
    "IOErrorEvent",
    "Input",
    "Interface",
    "JobCompletedEvent",
    "KiB",
    "LifecycleDetail",
    "LifecycleEvent",
    "LifecycleKind",
    "Login",
    "MacAddress",
    "Memballoon",
    "MemoryDeviceSizeChangeEvent",
    "MemoryFailureEvent",
    "Metadata",
    "MetadataChangeEvent",
    "MiB",
    "MigrationIterationEvent",
    "MigrationOptions",
    "MonitorEvent",
    "Network",
    "NetworkConfig",
    "NetworkEvent",
    "NetworkFilter",
    "NetworkFilterBindingConfig",
    "NetworkFilterConfig",
    "NetworkFilterKey",
    "NetworkFilters",
    "NetworkKey",
    "NetworkLifecycleEvent",
    "NetworkMetadataChangeEvent",
    "NetworkPort",
    "NetworkPortConfig",
    "NetworkPortKey",
    "Networks",
    "NicMacChangeEvent",
    "NodeDevice",
    "NodeDeviceConfig",
    "NodeDeviceEvent",
    "NodeDeviceKey",
    "NodeDeviceLifecycleEvent",
    "NodeDeviceUpdateEvent",
    "NodeDevices",
    "NodeInfo",
    "OperatingSystem",
    "ParamType",
    "PoolState",
    "Pools",
    "PowerEvent",
    "RTCChangeEvent",
    "RebootEvent",
    "Rng",
    "Secret",
    "SecretBytes",
    "SecretConfig",
    "SecretEvent",
    "SecretKey",
    "SecretLifecycleEvent",
    "SecretValueChangedEvent",
    "Secrets",
    "Serial",
    "Snapshot",
    "SnapshotConfig",
    "SnapshotKey",
    "SnapshotTree",
    "Snapshots",
    "StateReason",
    "StatsGroup",
    "StoragePool",
    "StoragePoolConfig",
    "StoragePoolEvent",
    "StoragePoolKey",
    "StoragePoolLifecycleEvent",
    "StoragePoolRefreshEvent",
    "StoragePoolSources",
    "StorageVolume",
    "StorageVolumeConfig",
    "StorageVolumeKey",
    "Tag",
    "TagCategory",
    "TaggableKind",
    "TaggedObject",
    "Tags",
    "TiB",
    "TrayChangeEvent",
    "TunableEvent",
    "Typed",
    "URI",
    "VCPU",
    "Video",
    "VolumeType",
    "WatchdogAction",
    "WatchdogEvent",
    "constants",
    "open",
]

HEAVY = {"asyncssh", "aiohttp", "lxml", "trio", "msgspec", "anyio", "cyclopts"}


def loaded_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after a statement."""
    source = f"{statement}\nimport json, sys; print(json.dumps([m for m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


def names_for_type_checkers() -> set[str]:
    tree = ast.parse(Path(aiovirt.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports for alias in node.names}


def test_the_surface_is_the_reviewed_one() -> None:
    assert sorted(aiovirt.__all__) == sorted(REVIEWED)


@pytest.mark.parametrize("name", [*aiovirt.__all__, "__version__"])
def test_every_name_resolves(name: str) -> None:
    assert getattr(aiovirt, name) is not None


def test_type_checkers_see_the_same_names() -> None:
    assert names_for_type_checkers() == set(aiovirt.__all__) == set(aiovirt._HOMES)


def test_every_name_stands_in_one_module_only() -> None:
    assert len(aiovirt._HOMES) == sum(map(len, aiovirt._NAMES.values()))


def test_libvirts_flags_are_at_hand() -> None:
    assert int(aiovirt.constants.DomainUndefineFlags.MANAGED_SAVE) == 1


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Dmain'"):
        _ = aiovirt.Dmain


def test_the_version_is_that_of_the_project() -> None:
    project = Path(__file__).parents[1] / "pyproject.toml"
    assert re.search(
        rf'^version = "{re.escape(aiovirt.__version__)}"$', project.read_text(), re.MULTILINE
    )


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_after("import aiovirt") & HEAVY


def test_opening_needs_neither_ssh_nor_http() -> None:
    assert not loaded_after("import aiovirt; aiovirt.open") & {"asyncssh", "aiohttp"}
