"""What libvirt-python's example programs ask of a host with a guest that runs, as JSON.

Run by the system's Python: URI of a host, name of a guest.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import libvirt  # type: ignore[import-not-found, unused-ignore]  # the system's package

Questions = dict[str, Callable[[], object]]


def about_host(host: Any) -> Questions:  # noqa: ANN401 - has no types
    """As of info/nodestats, info/sysinfo, topology."""
    return {
        "alive": host.isAlive,
        "type": host.getType,
        "version": lambda: host.getVersion() > 0,
        "library": lambda: host.getLibVersion() > 0,
        "hostname": lambda: bool(host.getHostname()),
        "uri": lambda: bool(host.getURI()),
        "processors": lambda: len(host.getInfo()),
        "free memory": lambda: host.getFreeMemory() > 0,
        "processor map": lambda: len(host.getCPUMap()),
        "processor time": lambda: sorted(host.getCPUStats(-1)),
        "memory": lambda: sorted(host.getMemoryStats(-1)),
        "capabilities": lambda: "<guest>" in host.getCapabilities(),
        "models": lambda: bool(host.getCPUModelNames("x86_64")),
        "encrypted": host.isEncrypted,
        "secure": host.isSecure,
        "max vcpus": lambda: host.getMaxVcpus(None) > 0,
    }


def about_lists(host: Any) -> Questions:  # noqa: ANN401 - has no types
    """The old ways to list, of which each asks for the number first."""
    return {
        "running": lambda: host.numOfDomains() == len(host.listDomainsID()) > 0,
        "defined": lambda: host.numOfDefinedDomains() == len(host.listDefinedDomains()),
        "networks": lambda: host.numOfNetworks() == len(host.listNetworks()),
        "pools": lambda: host.numOfStoragePools() == len(host.listStoragePools()),
        "pools off": lambda: host.numOfDefinedStoragePools() == len(host.listDefinedStoragePools()),
        "devices": lambda: host.numOfDevices(None) == len(host.listDevices(None)),
        "interfaces": lambda: host.numOfInterfaces() == len(host.listInterfaces()),
        "secrets": lambda: host.numOfSecrets() == len(host.listSecrets()),
        "filters": lambda: host.numOfNWFilters() == len(host.listNWFilters()),
    }


def found(host: Any, guest: Any) -> set[str]:  # noqa: ANN401 - has no types
    """Find a guest in each way that there is."""
    return {
        host.lookupByName(guest.name()).UUIDString(),
        host.lookupByUUIDString(guest.UUIDString()).UUIDString(),
        host.lookupByUUID(guest.UUID()).UUIDString(),
        host.lookupByID(guest.ID()).UUIDString(),
        *(each.UUIDString() for each in host.listAllDomains() if each.name() == guest.name()),
    }


def about_guest(host: Any, guest: Any) -> Questions:  # noqa: ANN401 - has no types
    """As of info/dominfo, guest-vcpus."""
    state, maximum, memory, vcpus, time_ns = guest.info()
    return {
        "found": lambda: found(host, guest) == {guest.UUIDString()},
        "state": lambda: state == guest.state()[0],
        "memory": lambda: 0 < memory <= maximum,
        "vcpus": lambda: vcpus == len(guest.vcpus()[0]) == guest.vcpusFlags(),
        "maximum of vcpus": lambda: guest.maxVcpus() >= vcpus,
        "time": lambda: time_ns >= 0,
        "xml": lambda: f"<name>{guest.name()}</name>" in guest.XMLDesc(),
        "active": guest.isActive,
        "persistent": guest.isPersistent,
        "updated": guest.isUpdated,
        "os": guest.OSType,
        "autostart": guest.autostart,
        "saved": guest.hasManagedSaveImage,
        "snapshots": lambda: guest.snapshotNum() == len(guest.listAllSnapshots()),
        "scheduler": lambda: guest.schedulerType()[0] != "",
        "stats": lambda: host.domainListGetStats([guest])[0][1]["state.state"] == state,
        "control": lambda: guest.controlInfo()[0],
        "pinning": lambda: len(guest.vcpuPinInfo()) == vcpus,
        "memory in use": lambda: guest.memoryStats()["actual"] > 0,
    }


def refusals(host: Any) -> Questions:  # noqa: ANN401 - has no types
    """Things that are not there; libvirt's number for each is the answer."""
    return {
        "no domain": lambda: host.lookupByName("no such guest"),
        "no network": lambda: host.networkLookupByName("no such network"),
        "no pool": lambda: host.storagePoolLookupByName("no such pool"),
        "no secret": lambda: host.secretLookupByUUIDString("01234567-89ab-4def-8123-456789abcdef"),
        "no device": lambda: host.nodeDeviceLookupByName("no_such_device"),
        "no interface": lambda: host.interfaceLookupByName("none0"),
        "no filter": lambda: host.nwfilterLookupByName("none"),
        "no document": lambda: host.defineXML("<domain"),
        "no kind": lambda: host.defineXML("<domain type='nothing'><name>a</name></domain>"),
    }


def answered(questions: Questions) -> dict[str, object]:
    """The answers; of a refusal libvirt's number."""
    answers: dict[str, object] = {}
    for name, ask in questions.items():
        try:
            answers[name] = ask()
        except libvirt.libvirtError as error:
            answers[name] = {"refused": error.get_error_code()}
    return answers


def main() -> None:
    """Ask, and print."""
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    host = libvirt.open(sys.argv[1])
    guest = host.lookupByName(sys.argv[2])
    answers = {
        "host": answered(about_host(host)),
        "lists": answered(about_lists(host)),
        "guest": answered(about_guest(host, guest)),
        "refusals": answered(refusals(host)),
    }
    del guest
    assert host.close() == 0
    json.dump(answers, sys.stdout)


main()
