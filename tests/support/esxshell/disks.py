"""``vmkfstools``: virtual disks of a descriptor and a flat file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from esxshell.machines import ON
from esxshell.state import Host, Refusal, disks_of

_TYPES = frozenset({"thin", "zeroedthick", "eagerzeroedthick"})
_SIZE = re.compile(r"(\d+)([kKmMgGtT]?)")
_UNITS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_EXTENT = re.compile(r'^RW (\d+) VMFS "(.+)"$', re.MULTILINE)
SECTOR = 512

DESCRIPTOR = """\
# Disk DescriptorFile
version=1
encoding="UTF-8"
CID=fffffffe
parentCID=ffffffff
createType="vmfs"

# Extent description
RW {sectors} VMFS "{flat}"

# The Disk Data Base
#DDB

ddb.adapterType = "{adapter}"
ddb.geometry.cylinders = "{cylinders}"
ddb.geometry.heads = "255"
ddb.geometry.sectors = "63"
ddb.virtualHWVersion = "19"
"""


def refuse(text: str, number: int) -> Refusal:
    """What VMware's disk library says, with its number."""
    return Refusal(f"{text} ({number}).", 255, to_stderr=True)


def run(host: Host, words: list[str]) -> str:
    """Run vmkfstools."""
    options, names = _parse(words)
    actions = [name for name in ("-c", "-i", "-X", "-U", "-E", "-w") if name in options]
    if len(actions) != 1:
        raise Refusal("vmkfstools: one action at a time\nUSAGE: vmkfstools ...", to_stderr=True)
    kind = options.get("-d", "zeroedthick")
    if kind not in _TYPES:
        raise Refusal(f"Invalid disk format '{kind}'", to_stderr=True)
    action = actions[0]
    if action == "-c":
        return _create(_size(options["-c"]), Path(*names), kind, options.get("-a", "lsilogic"))
    if action == "-i":
        return _clone(Path(options["-i"]), Path(*names), kind)
    if action == "-X":
        return _extend(_size(options["-X"]), Path(*names))
    if action == "-U":
        return _delete(host, Path(options["-U"]))
    if action == "-w":
        return _zero(Path(options["-w"]))
    return _rename(Path(options["-E"]), Path(*names))


def _parse(words: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    names: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in {"-c", "-i", "-X", "-U", "-E", "-d", "-a", "-w"}:
            options[word] = next(rest, "")
        elif word.startswith("-"):
            raise Refusal(f"vmkfstools: unrecognized option '{word}'", to_stderr=True)
        else:
            names.append(word)
    if len(names) != (0 if {"-U", "-w"} & options.keys() else 1):
        raise Refusal("Missing or extra arguments", to_stderr=True)
    return options, names


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise Refusal(f"Invalid size '{text}'", to_stderr=True)
    size = int(match[1]) << _UNITS[match[2].lower()]
    if size % SECTOR:
        raise Refusal(f"Size {size} is not a multiple of the sector size", to_stderr=True)
    return size


def _flat(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix('.vmdk')}-flat.vmdk")


def _read(path: Path) -> tuple[int, Path, str]:
    """Size, flat file and descriptor of a disk."""
    try:
        text = path.read_text()
    except (FileNotFoundError, NotADirectoryError) as error:
        what = f"Failed to open '{path}': The system cannot find the file specified"
        raise refuse(what, 25) from error
    match = _EXTENT.search(text)
    if match is None:
        raise refuse(f"Failed to open '{path}': The file specified is not a virtual disk", 15)
    return int(match[1]) * SECTOR, path.with_name(match[2]), text


def _write(path: Path, size: int, kind: str, adapter: str) -> None:
    flat = _flat(path)
    with flat.open("xb") as file:
        file.truncate(size)
        if kind != "thin":
            os.posix_fallocate(file.fileno(), 0, size)
    text = DESCRIPTOR.format(
        sectors=size // SECTOR, flat=flat.name, adapter=adapter, cylinders=size // 8225280 or 1
    )
    path.write_text(text + ('ddb.thinProvisioned = "1"\n' if kind == "thin" else ""))


def _check_new(path: Path, what: str) -> None:
    if path.suffix != ".vmdk":
        raise refuse(f"{what}: The file name is not valid", 2)
    if path.exists() or _flat(path).exists():
        raise refuse(f"{what}: The file already exists", 39)
    if not path.parent.is_dir():
        raise refuse(f"{what}: The system cannot find the file specified", 25)


def _create(size: int, path: Path, kind: str, adapter: str) -> str:
    if adapter not in {"lsilogic", "buslogic", "ide"}:
        raise Refusal(f"Invalid adapter type '{adapter}'", to_stderr=True)
    _check_new(path, "Failed to create virtual disk")
    room = os.statvfs(path.parent)
    if size > room.f_blocks * room.f_frsize * 1024:
        raise refuse(
            "Failed to create virtual disk: There is not enough space on the file system", 13
        )
    _write(path, size, kind, adapter)
    return "Create: 100% done.\n"


def _clone(source: Path, path: Path, kind: str) -> str:
    size, flat, text = _read(source)
    _check_new(path, "Failed to clone disk")
    adapter = re.search(r'ddb.adapterType = "(\w+)"', text)
    _write(path, size, kind, adapter[1] if adapter else "lsilogic")
    _flat(path).write_bytes(flat.read_bytes())
    return f"Destination disk format: VMFS {kind}\nCloning disk '{source}'...\nClone: 100% done.\n"


def _extend(size: int, path: Path) -> str:
    old, flat, text = _read(path)
    if size <= old:
        raise refuse("Failed to extend disk: One of the parameters supplied is invalid", 1)
    with flat.open("r+b") as file:
        file.truncate(size)
    path.write_text(_EXTENT.sub(f'RW {size // SECTOR} VMFS "{flat.name}"', text))
    return "Grow: 100% done.\n"


def _zero(path: Path) -> str:
    size, flat, _ = _read(path)
    flat.write_bytes(bytes(size))
    return "All data will be lost. vmfsDisk: 1\nWiping data: 100% done.\n"


def _check_free(host: Host, path: Path) -> None:
    """A disk of a machine that runs is locked."""
    for machine in host.machines.values():
        folder = Path(machine["path"]).parent
        files = [(folder / file).resolve() for file in disks_of(machine["settings"])]
        if machine["power"] == ON and path.resolve() in files:
            raise refuse("Failed to delete virtual disk: Failed to lock the file", 16392)


def _delete(host: Host, path: Path) -> str:
    _check_free(host, path)
    _, flat, _ = _read(path)
    flat.unlink(missing_ok=True)
    path.unlink()
    return ""


def _rename(source: Path, path: Path) -> str:
    size, flat, text = _read(source)
    del size
    _check_new(path, "Failed to rename disk")
    flat.rename(_flat(path))
    path.write_text(text.replace(flat.name, _flat(path).name))
    source.unlink()
    return ""
