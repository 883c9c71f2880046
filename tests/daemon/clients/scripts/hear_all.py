"""All kinds of events that libvirt-python knows, registered on its own event loop, as JSON.

Run by the system's Python: URI of a host, name of a guest that runs.  What each callback got while
the guest was paused and went on, a network and a secret came and went.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import libvirt  # type: ignore[import-not-found, unused-ignore]  # the system's package

NETWORK = "<network><name>heard</name></network>"
SECRET = "<secret ephemeral='yes'><description>heard</description></secret>"
POOL = "<pool type='dir'><name>heard</name><target><path>/tmp/heard</path></target></pool>"
LIMIT_S = 20

heard: list[list[object]] = []


def hear(kind: str) -> Any:  # noqa: ANN401 - a callback of any kind
    """A callback that keeps its figures and words."""

    def callback(_host: object, *details: Any) -> None:  # noqa: ANN401 - of any kind
        name = details[0].name() if hasattr(details[0], "name") else ""
        heard.append([kind, name, *(part for part in details if isinstance(part, (int, str)))])

    return callback


def kinds(prefix: str) -> list[int]:
    """The numbers of all events of a kind of thing: the library has no name for their end."""
    found = {getattr(libvirt, name) for name in dir(libvirt) if name.startswith(prefix)}
    return sorted(number for number in found if isinstance(number, int))


def register(host: Any) -> dict[str, list[int]]:  # noqa: ANN401 - has no types
    """Register everything; the identifiers by kind of thing."""
    ways = {
        "domain": ("VIR_DOMAIN_EVENT_ID_", host.domainEventRegisterAny),
        "network": ("VIR_NETWORK_EVENT_ID_", host.networkEventRegisterAny),
        "pool": ("VIR_STORAGE_POOL_EVENT_ID_", host.storagePoolEventRegisterAny),
        "device": ("VIR_NODE_DEVICE_EVENT_ID_", host.nodeDeviceEventRegisterAny),
        "secret": ("VIR_SECRET_EVENT_ID_", host.secretEventRegisterAny),
    }
    return {
        kind: [register(None, number, hear(f"{kind} {number}"), None) for number in kinds(prefix)]
        for kind, (prefix, register) in ways.items()
    }


def deregister(host: Any, made: dict[str, list[int]]) -> None:  # noqa: ANN401 - has no types
    """Take everything back."""
    for kind, deregister_any in (
        ("domain", host.domainEventDeregisterAny),
        ("network", host.networkEventDeregisterAny),
        ("pool", host.storagePoolEventDeregisterAny),
        ("device", host.nodeDeviceEventDeregisterAny),
        ("secret", host.secretEventDeregisterAny),
    ):
        for number in made[kind]:
            deregister_any(number)


def run_until(last: tuple[str, int]) -> None:
    """Run the loop until an event of that kind tells of that."""
    end = time.monotonic() + LIMIT_S
    while last not in [(line[0], line[2]) for line in heard] and time.monotonic() < end:
        libvirt.virEventRunDefaultImpl()


def act(host: Any, name: str, *, resources: bool) -> tuple[str, int]:  # noqa: ANN401 - has no types
    """Have something happen; which event will be the last."""
    guest = host.lookupByName(name)
    guest.suspend()
    guest.resume()
    if not resources:
        return "domain 0", libvirt.VIR_DOMAIN_EVENT_RESUMED
    for define, document in (
        (host.networkDefineXML, NETWORK),
        (host.secretDefineXML, SECRET),
        (host.storagePoolDefineXML, POOL),
    ):
        define(document).undefine()
    return "pool 0", libvirt.VIR_STORAGE_POOL_EVENT_UNDEFINED


def main() -> None:
    """Hear, and print."""
    libvirt.virEventRegisterDefaultImpl()
    libvirt.virEventAddTimeout(100, lambda *_: None, None)  # the loop's bound can be looked at
    host = libvirt.open(sys.argv[1])
    host.registerCloseCallback(lambda *_: heard.append(["closed"]), None)
    host.setKeepAlive(5, 3)
    old = hear("old")
    host.domainEventRegister(old, None)
    made = register(host)
    run_until(act(host, sys.argv[2], resources="resources" in sys.argv))
    host.domainEventDeregister(old)
    deregister(host, made)
    host.unregisterCloseCallback()
    host.close()
    registered = {kind: len(numbers) for kind, numbers in made.items()}
    json.dump({"registered": registered, "heard": heard}, sys.stdout)


main()
