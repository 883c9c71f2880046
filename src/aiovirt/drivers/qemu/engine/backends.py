"""The host's ends of character devices in the monitor's words: ``chardev-add`` takes a tree.

Source: ChardevBackend of QEMU's qapi/char.json, and the comma lists of ``-chardev``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from aiovirt.errors import Unsupported

__all__ = ["backend_of"]

Options = dict[str, str]
_SWITCHES: Final = {"on": True, "off": False, "yes": True, "no": False}


def backend_of(kind: str, options: Options) -> dict[str, object]:
    """What ``chardev-add`` is given for the end that a comma list describes.

    Args:
        kind: The list's head.
        options: Its options without the id.

    Raises:
        Unsupported: Such an end cannot be made while a guest runs.
    """
    build = _BACKENDS.get(kind)
    if build is None:
        raise Unsupported("QEMU", f"a character device of type {kind!r} for a running domain")
    data = build(options)
    for name in ("logfile", "logappend"):
        if name in options:
            data[name] = _SWITCHES.get(options[name], options[name])
    return {"type": kind, "data": data}


def _switches(options: Mapping[str, str], *names: str) -> dict[str, object]:
    return {name: _SWITCHES[options[name]] for name in names if name in options}


def _socket(options: Options) -> dict[str, object]:
    if "path" in options:
        place: dict[str, object] = {"type": "unix", "data": {"path": options["path"]}}
    else:
        place = _inet(options.get("host", ""), options.get("port", ""))
    # What does not listen must say so: the monitor's default is the other one.
    server = {"server": _SWITCHES[options.get("server", "off")]}
    wait = _switches(options, "wait", "telnet")
    reconnect = {"reconnect": int(options["reconnect"])} if "reconnect" in options else {}
    return {"addr": place, **server, **wait, **reconnect}


def _inet(host: str, port: str) -> dict[str, object]:
    return {"type": "inet", "data": {"host": host, "port": port}}


def _udp(options: Options) -> dict[str, object]:
    remote = _inet(options.get("host", ""), options.get("port", ""))
    if "localport" not in options:
        return {"remote": remote}
    local = _inet(options.get("localaddr", ""), options["localport"])
    return {"remote": remote, "local": local}


def _file(options: Options) -> dict[str, object]:
    return {"out": options["path"], **_switches(options, "append")}


def _renamed(before: str, after: str) -> Callable[[Options], dict[str, object]]:
    return lambda options: {after: options[before]}


def _nothing(_options: Options) -> dict[str, object]:
    return {}


def _vdagent(options: Options) -> dict[str, object]:
    return _switches(options, "mouse", "clipboard")


_BACKENDS: Final[dict[str, Callable[[Options], dict[str, object]]]] = {
    "pty": _nothing,
    "null": _nothing,
    "socket": _socket,
    "udp": _udp,
    "file": _file,
    "pipe": _renamed("path", "device"),
    "serial": _renamed("path", "device"),
    "parallel": _renamed("path", "device"),
    "spicevmc": _renamed("name", "type"),
    "spiceport": _renamed("name", "fqdn"),
    "dbus": _renamed("name", "name"),
    "qemu-vdagent": _vdagent,
}
