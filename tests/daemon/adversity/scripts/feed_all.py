"""Every document below a folder is given to a host, whatever it is; a JSON line of each.

Run by the system's Python: URI, folder.  A line has the file, what came of it, and the seconds that
it took.  The last line stands alone when the daemon is gone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import libvirt  # type: ignore[import-not-found, unused-ignore]  # the system's package

FORGET = (
    libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
)


def domain(host: Any, text: str) -> None:  # noqa: ANN401 - has no types
    """Have it defined, shown, turned into a command line, and forgotten."""
    guest = host.defineXML(text)
    try:
        guest.XMLDesc()
        host.domainXMLToNative("qemu-argv", text)
    finally:
        guest.undefineFlags(FORGET)


def defined(define: str) -> Callable[[Any, str], None]:
    """What defines a thing, shows it, and undefines it."""

    def feed(host: Any, text: str) -> None:  # noqa: ANN401 - has no types
        made = getattr(host, define)(text)
        try:
            made.XMLDesc(0)
        finally:
            made.undefine()

    return feed


def about_guest(call: str, *more: object) -> Callable[[Any, str], None]:
    """What takes a document about a guest that is there."""

    def feed(host: Any, text: str) -> None:  # noqa: ANN401 - has no types
        getattr(host.lookupByName("fed"), call)(text, *more)

    return feed


FEED: dict[str, Callable[[Any, str], None]] = {
    "domain": domain,
    "network": defined("networkDefineXML"),
    "pool": defined("storagePoolDefineXML"),
    "secret": defined("secretDefineXML"),
    "filter": defined("nwfilterDefineXML"),
    "interface": defined("interfaceDefineXML"),
    "device": lambda host, text: host.nodeDeviceDefineXML(text).undefine(),
    "domainsnapshot": about_guest("snapshotCreateXML"),
    "domaincheckpoint": about_guest("checkpointCreateXML"),
    "domainbackup": about_guest("backupBegin", None),
    "cpu": lambda host, text: host.compareCPU(text),
    "filterbinding": lambda host, text: host.nwfilterBindingCreateXML(text).delete(),
    "disk": about_guest("attachDevice"),
    "hostdev": about_guest("attachDevice"),
    "volume": lambda host, text: host.storagePoolLookupByName("default-pool").createXML(text),
}
"""By the name of the outermost element; others are taken for a domain."""

BARE = (
    "<domain type='{}'><name>fed</name><memory unit='MiB'>64</memory>"
    "<os><type arch='x86_64'>hvm</type></os></domain>"
)


def kind_of(text: str) -> str:
    """The outermost element's name; of what is no document, nothing."""
    try:
        return ET.fromstring(text).tag  # noqa: S314  # test data, in a process of its own
    except ET.ParseError:
        return ""


def feed(host: Any, text: str) -> str:  # noqa: ANN401 - has no types
    """Give one document; what came of it."""
    try:
        FEED.get(kind_of(text), domain)(host, text)
    except libvirt.libvirtError as error:
        return f"refused {error.get_error_code()}: {error}"
    return "taken"


def main() -> None:
    """Feed all."""
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    host = libvirt.open(sys.argv[1])
    host.defineXML(BARE.format("test" if host.getType() == "TEST" else "qemu"))
    for path in sorted(Path(sys.argv[2]).rglob("*.xml")):
        begin = time.monotonic()
        came = feed(host, path.read_text(encoding="utf-8", errors="replace"))
        line = {"file": str(path), "came": came, "seconds": time.monotonic() - begin}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        host.getLibVersion()  # raises when the daemon is gone
    host.lookupByName("fed").undefineFlags(FORGET)
    host.close()


main()
