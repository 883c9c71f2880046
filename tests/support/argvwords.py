"""What a QEMU command line says, however it says it: two that mean the same are equal here.

Order, JSON or comma lists, ways of writing numbers, names of block nodes and secrets, numbers of
descriptors and folders of the manager's own make no difference; what is referred to by name stands
where it is referred to.
"""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Part", "meaning", "split_options"]

FIRST: Final = {
    "machine": "type",
    "accel": "accel",
    "cpu": "model",
    "m": "size",
    "smp": "cpus",
    "device": "driver",
    "object": "qom-type",
    "netdev": "type",
    "chardev": "backend",
    "blockdev": "driver",
    "tpmdev": "type",
    "fsdev": "fsdriver",
    "numa": "type",
    "vnc": "vnc",
    "audiodev": "driver",
    "display": "type",
    "sandbox": "enable",
    "name": "guest",
    "mon": "chardev",
    "boot": "order",
    "fw_cfg": "name",
    "smbios": "file",
    "action": "reboot",
}
"""What the first word of a list is where it has no name; other options are taken as they are.

Source: the implied keys of QEMU's option tables and of its QAPI schema.
"""

LISTS: Final = {*FIRST, "rtc", "spice", "overcommit", "msg", "compat", "add-fd", "acpitable", "set"}
NAMED: Final = ("blockdev", "chardev", "netdev", "fsdev", "tpmdev", "audiodev", "object")
KEPT: Final = ("iothread",)
"""Objects that are known by their own name to whoever manages the guest."""

FDS: Final = {"fd", "fds", "vhostfd", "vhostfds", "sockfd"}
SAME: Final = {
    "no-acpi": ("machine", {"acpi": "off"}),
    "no-hpet": ("machine", {"hpet": "off"}),
    "no-reboot": ("action", {"reboot": "shutdown"}),
    "enable-kvm": ("accel", {"accel": "kvm"}),
}
"""Old switches, and what they are short for."""

ONCE: Final = {"machine", "m", "smp", "boot", "rtc", "overcommit", "action", "name", "msg"}
"""Options that are one, however often they stand there."""

DEFAULTS: Final[dict[str, dict[str, str]]] = {
    "smp": {"dies": "1", "clusters": "1"},
    "blockdev": {
        "read-only": "off",
        "cache.direct": "off",
        "cache.no-flush": "off",
        "detect-zeroes": "off",
        "discard": "ignore",
    },
    "chardev": {"logappend": "off", "append": "off", "localaddr": "", "localport": "0"},
    "object": {"share": "off", "prealloc": "off"},
    "overcommit": {"mem-lock": "off"},
    "cpu": {"migratable": "on"},
}
"""What QEMU takes where nothing is said."""

Options = dict[str, object]


@dataclass
class Part:
    """One thing of a command line.

    Attributes:
        option: The option, without its dash.
        values: What it says, flat; a thing that is referred to stands in place of its name.
    """

    option: str
    values: Options = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is known by."""
        return str(self.values.get("id") or self.values.get("node-name") or "")

    @property
    def label(self) -> str:
        """The option and what kind of thing it makes."""
        kind = self.values.get(FIRST.get(self.option, ""), "") if self.option in NAMED else ""
        driver = self.values.get("driver", "") if self.option == "device" else kind
        return f"{self.option} {driver}".strip()

    def text(self) -> str:
        """All of it, in one order."""
        return json.dumps(self.values, sort_keys=True, default=str)


def split_options(words: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """The options of a command line, without the program, each with its value."""
    at = 0
    while at < len(words):
        word = words[at].lstrip("-")
        has_value = at + 1 < len(words) and not re.match(r"-[a-zA-Z]", words[at + 1])
        yield word, words[at + 1] if has_value else None
        at += 2 if has_value else 1


def meaning(words: Sequence[str], *, given: str, folders: Sequence[str]) -> list[Part]:
    """What a command line says.

    Args:
        words: It, without the program.
        given: What was asked for: identities that are not in it were made up.
        folders: Patterns of the manager's own folders, whose files have any name.
    """
    parts = [_part(option, value, given.lower(), folders) for option, value in split_options(words)]
    for part in parts:
        _same_memory(part)
        _unnamed(part)
    merged = _merged(part for part in parts if not _is_monitor(part))
    inlined = _inlined(merged)
    for part in inlined:
        _drop_defaults(part)
    return [part for part in inlined if not _says_nothing(part)]


def _part(option: str, value: str | None, given: str, folders: Sequence[str]) -> Part:
    if option in SAME and value is None:
        name, values = SAME[option]
        return Part(name, dict(values))
    if option == "soundhw":  # gone from QEMU 7.1; the one that there is no other word for
        return Part("machine", {f"{value}-audiodev": "audio1"})
    if option == "global":
        return Part(option, {"value": _global(value or "")})
    if option not in LISTS or value is None:
        return Part(option, {"value": value})
    flat = (
        dict(_flat(json.loads(value)))
        if value.startswith("{")
        else _comma(value, FIRST.get(option, ""))
    )
    said: Options = {}
    for key, each in flat.items():
        said[key] = _plain(option, key, each, given, folders)
    return Part(option, _settled(said) if option == "spice" else said)


def _settled(values: Options) -> Options:
    """SPICE as it is started: libvirt chooses address and ports only then, and TLS when it can."""
    if values.get("tls-port") == "chosen":
        del values["tls-port"]
        values.pop("x509-dir", None)
    if values.get("addr") == "127.0.0.1":
        del values["addr"]
    return values


def _global(value: str) -> str:
    found = dict(re.findall(r"(driver|property|value)=([^,]*)", value))
    if len(found) == len(("driver", "property", "value")):
        return "{driver}.{property}={value}".format(**found)
    return value


def _is_monitor(part: Part) -> bool:
    """The way to the manager, the key that its secrets are kept with, and what it sets later."""
    return (
        part.option == "mon"
        or part.values == {"reboot": "shutdown"}
        or part.name in {"charmonitor", "masterKey0"}
        or part.option == "add-fd"
    )


def _flat(value: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _flat(each, f"{prefix}.{number}")
    else:
        yield prefix, value


def _comma(text: str, first: str) -> Options:
    found: Options = {}
    items = [item.replace("\0", ",") for item in text.replace(",,", "\0").split(",")]
    for number, item in enumerate(items):
        key, equals, value = item.partition("=")
        if not equals:
            key, value = (first or key, key) if number == 0 else (key, "on")
            if key == value and first != key:
                value = "on"
        if key in found:
            found[key] = sorted([*_as_list(found[key]), value])
        else:
            found[key] = value
    return found


def _as_list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


_WORDS: Final = {True: "on", False: "off", "yes": "on", "no": "off", "true": "on", "false": "off"}
ALIASES: Final = {
    "virtio-iommu": "virtio-iommu-pci",  # softmmu/qdev-monitor.c of QEMU has both names
    "host_cdrom": "host_device",  # libvirt looks at the host, which has no such drive here
}
"""Names that are one here."""

_SIZES: Final = {"size", "maxmem"}
_UNITS: Final = {"": 20, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40}


def _plain(option: str, key: str, value: object, given: str, folders: Sequence[str]) -> object:
    if isinstance(value, list):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return _WORDS[value]
    text = str(value)
    if option == "m" and key in _SIZES:
        number = text.rstrip(string.ascii_letters)
        return str(int(number) << _UNITS[text[len(number) :].lower()])
    if key in FDS and not text.startswith("/"):
        return f"{len(text.split(':'))} descriptors"
    if key == "addr" and (place := re.fullmatch(r"(0x)?([0-9a-f]+)(?:\.(0x)?([0-9a-f]+))?", text)):
        return f"{int(place[2], 16):x}.{int(place[4] or '0', 16):x}"
    return ALIASES.get(text) or _identity(key, _number(text), given, folders)


def _number(text: str) -> str:
    if re.fullmatch(r"0x[0-9a-fA-F]+", text):
        return str(int(text, 16))
    return str(_WORDS.get(text, text))


IDENTITIES: Final = {"mac", "guid"}
PORTS: Final = {"port", "tls-port"}


def _identity(key: str, text: str, given: str, folders: Sequence[str]) -> str:
    if key in IDENTITIES and text.lower() not in given:
        return "made up"
    if key in PORTS and (text == "0" or not re.search(rf"port=['\"]{text}\b", given)):
        return "chosen"
    if key == "base" and re.match(r"\d{4}-", text) and text.lower() not in given:
        return "now"
    if text.startswith("/dev/fdset/"):
        return "/dev/fdset/N"
    for folder in folders:
        text = re.sub(folder + r"[^,:]*", "FOLDER", text)
    return text.lower() if key in {"mac", "wwn"} else text


def _merged(parts: Iterator[Part] | list[Part]) -> list[Part]:
    found: list[Part] = []
    single: dict[str, Part] = {}
    for part in parts:
        if part.option in ONCE and part.option in single:
            single[part.option].values |= part.values
            continue
        single[part.option] = part
        found.append(part)
    return found


def _inlined(parts: list[Part]) -> list[Part]:
    known = {
        part.name: part
        for part in parts
        if part.option in NAMED and part.name and part.values.get("qom-type") not in KEPT
    }
    used: Counter[str] = Counter()
    for part in parts:
        used.update(
            str(v)
            for k, v in part.values.items()
            if k not in {"id", "node-name"} and str(v) in known
        )

    def resolved(part: Part, *, named: bool) -> Options:
        values: Options = {}
        for key, value in part.values.items():
            if key in {"id", "node-name"}:
                if named:
                    values[key] = value
            elif isinstance(value, str) and value in known and known[value] is not part:
                target = _below_throttles(known[value], known)
                inner = Part(target.option, resolved(target, named=False))
                _drop_defaults(inner)
                values |= {f"{key}>{name}": v for name, v in inner.values.items()}
            else:
                values[key] = value
        if values.get("qom-type") == "secret":
            return {"qom-type": "secret"}
        return values

    return [
        Part(part.option, resolved(part, named=part.option != "blockdev"))
        for part in parts
        if part.name not in known or not used[part.name]
    ]


UNNAMED: Final = {
    "pvpanic": ("id",),  # nobody ever speaks of it again
    "virtconsole": ("bus", "nr"),  # libvirt leaves it to QEMU, which takes the first port, as we do
}


def _unnamed(part: Part) -> None:
    """Leave out what is no difference to the guest."""
    for key in UNNAMED.get(str(part.values.get("driver")), ()):
        part.values.pop(key, None)


def _same_memory(part: Part) -> None:
    """Memory in a file that nobody else knows is, to the guest, memory behind a descriptor.

    So are huge pages, which libvirt takes from a mounted hugetlbfs.  Neither outlives the guest.
    """
    values = part.values
    path = str(values.get("mem-path", ""))
    if values.get("qom-type") == "memory-backend-file" and (
        path == "FOLDER" or path.startswith("/dev/shm/libvirt")
    ):
        values.setdefault("share", "off")
        values["qom-type"] = "memory-backend-memfd"
    if values.get("qom-type") == "memory-backend-memfd":
        values.setdefault("share", "on")
        for key in ("mem-path", "hugetlb", "hugetlbsize", "discard-data"):
            values.pop(key, None)


def _below_throttles(part: Part, known: Mapping[str, Part]) -> Part:
    """What a filter lets through: libvirt 9.0 sets limits by command, which no one sees here."""
    while part.values.get("driver") == "throttle":
        part = known[str(part.values["file"])]
    return part


_PLAIN_MEMORY: Final = "memory-backend>"


LOGGING: Final = {"debug"}
"""How much is written to a log is no matter of the guest's."""


def _drop_defaults(part: Part) -> None:
    for key in LOGGING & part.values.keys():
        del part.values[key]
    memory = {k for k in part.values if k.startswith(_PLAIN_MEMORY)}
    if memory == {"memory-backend>qom-type", "memory-backend>size"} and (
        part.values["memory-backend>qom-type"] == "memory-backend-ram"
    ):  # what QEMU makes by itself
        for key in memory:
            del part.values[key]
    defaults = DEFAULTS.get(part.option, {})
    for key, value in list(part.values.items()):
        if defaults.get(key) == value:
            del part.values[key]


def _says_nothing(part: Part) -> bool:
    if part.option == "audiodev" and part.values.get("driver") == "none":
        return True  # nobody uses it
    return part.option in LISTS and not part.values
