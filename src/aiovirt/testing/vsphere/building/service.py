"""The service itself: what it says of itself, and its managers."""

from __future__ import annotations

from typing import Final

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.session import (
    AboutInfo,
    Capability,
    LicenseManagerLicenseInfo,
    ServiceContent,
)
from aiovirt.testing.vsphere.making import filled
from aiovirt.testing.vsphere.settings import Settings
from aiovirt.testing.vsphere.world import World

__all__ = ["about", "make_service"]

# The field of ServiceContent, the kind, and what it is called by vCenter and by ESX.
_ON_BOTH: Final = (
    ("property_collector", "PropertyCollector", "propertyCollector", "ha-property-collector"),
    ("view_manager", "ViewManager", "ViewManager", "ViewManager"),
    ("setting", "OptionManager", "VpxSettings", "HostAgentSettings"),
    ("session_manager", "SessionManager", "SessionManager", "ha-sessionmgr"),
    ("authorization_manager", "AuthorizationManager", "AuthorizationManager", "ha-authmgr"),
    ("perf_manager", "PerformanceManager", "PerfMgr", "ha-perfmgr"),
    ("event_manager", "EventManager", "EventManager", "ha-eventmgr"),
    ("task_manager", "TaskManager", "TaskManager", "ha-taskmgr"),
    ("license_manager", "LicenseManager", "LicenseManager", "ha-license-manager"),
    ("search_index", "SearchIndex", "SearchIndex", "ha-searchindex"),
    ("file_manager", "FileManager", "FileManager", "ha-nfc-file-manager"),
    ("virtual_disk_manager", "VirtualDiskManager", "virtualDiskManager", "ha-vdiskmanager"),
    (
        "guest_operations_manager",
        "GuestOperationsManager",
        "guestOperationsManager",
        "ha-guest-operations-manager",
    ),
)
_ON_VCENTER: Final = (
    ("custom_fields_manager", "CustomFieldsManager", "CustomFieldsManager"),
    ("alarm_manager", "AlarmManager", "AlarmManager"),
    ("dv_switch_manager", "DistributedVirtualSwitchManager", "DVSManager"),
)
_GUEST_MANAGERS: Final = (
    ("authManager", "GuestAuthManager", "guestOperationsAuthManager"),
    ("fileManager", "GuestFileManager", "guestOperationsFileManager"),
    ("processManager", "GuestProcessManager", "guestOperationsProcessManager"),
)


def about(settings: Settings, *, vcenter: bool) -> AboutInfo:
    """What a vCenter, or a host, says of itself."""
    product = settings.product
    name = "VMware vCenter Server" if vcenter else "VMware ESXi"
    return AboutInfo(
        name=name,
        full_name=f"{name} {product.release} build-{product.build}",
        vendor="VMware, Inc.",
        version=product.release,
        build=product.build,
        locale_version="INTL",
        locale_build="000",
        os_type="linux-x64" if vcenter else "vmnix-x86",
        product_line_id="vpx" if vcenter else "embeddedEsx",
        api_type="VirtualCenter" if vcenter else "HostAgent",
        api_version=product.api,
        instance_uuid="4a5d1d1c-6b53-4a0e-9d5c-aa0000000001" if vcenter else None,
        license_product_name="VMware VirtualCenter Server" if vcenter else "VMware ESX Server",
        license_product_version=product.release.partition(".")[0] + ".0",
    )


def _licence(settings: Settings) -> LicenseManagerLicenseInfo:
    """The licence: of a vCenter, of an ESX, or the free one of an ESX."""
    kinds = {
        (True, False): ("vc.standard.instance", "VMware vCenter Server Standard"),
        (True, True): ("vc.standard.instance", "VMware vCenter Server Standard"),
        (False, False): ("esx.enterprisePlus.cpuPackage", "VMware vSphere Enterprise Plus"),
        (False, True): ("esxBasic", "VMware vSphere Hypervisor"),
    }
    edition, name = kinds[settings.is_vcenter, settings.read_only_licence]
    return LicenseManagerLicenseInfo(
        license_key="00000-00000-00000-00000-00000",
        edition_key=edition,
        name=name,
        total=0,
        cost_unit="cpuPackage",
    )


def make_service(world: World, settings: Settings, root: Ref) -> ServiceContent:
    """Make the service and its managers.

    Args:
        world: Where they are made.
        settings: What kind of server it is.
        root: The folder that everything is in.
    """
    refs = {
        field: world.single(Ref(kind, vcenter if settings.is_vcenter else esx))
        for field, kind, vcenter, esx in _ON_BOTH
    }
    if settings.is_vcenter:
        refs |= {field: world.single(Ref(kind, name)) for field, kind, name in _ON_VCENTER}
    content = ServiceContent(
        root_folder=root, about=about(settings, vcenter=settings.is_vcenter), **refs
    )
    capability = filled(Capability, multi_host_supported=settings.is_vcenter)
    world.single(Ref("ServiceInstance", "ServiceInstance"), content=content, capability=capability)
    _guest_managers(world)
    world.put(
        world.the("SessionManager"),
        message="",
        defaultLocale="en",
        supportedLocaleList=("en",),
        messageLocaleList=("en",),
    )
    world.put(world.the("LicenseManager"), licenses=(_licence(settings),))
    world.put(world.the("TaskManager"), maxCollector=32)
    world.put(world.the("EventManager"), maxCollector=32)
    return content


def _guest_managers(world: World) -> None:
    found = {name: world.single(Ref(kind, value)) for name, kind, value in _GUEST_MANAGERS}
    world.put(world.the("GuestOperationsManager"), **found)
