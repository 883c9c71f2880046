"""What a fake ESX host keeps: a document and folders, under a lock. Commands are processes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]

PATH = re.compile(r"\[(?P<store>[^\]]+)\] ?(?P<path>.*)", re.DOTALL)
SETTING = re.compile(r'\s*([A-Za-z.][^\s=#"]*)\s*=\s*"([^"]*)"\s*')
ESCAPED = re.compile(r"\|([0-9A-Fa-f]{2})")


class Refusal(Exception):
    """A command ends with this on its standard output, or on its standard error."""

    def __init__(self, text: str, status: int = 1, *, to_stderr: bool = False) -> None:
        super().__init__(text)
        self.text, self.status, self.to_stderr = text, status, to_stderr


class Host:
    """The state, while a command has it."""

    def __init__(self, folder: Path, data: Record) -> None:
        self.folder = folder
        self.data = data
        self.machines: dict[str, Record] = data["machines"]
        self.stores: dict[str, Record] = data["stores"]

    @property
    def volumes(self) -> Path:
        """Where datastores are mounted: /vmfs/volumes of a real host."""
        return self.folder / "vmfs" / "volumes"

    def mount(self, store: str) -> Path:
        """Where a datastore is mounted."""
        return self.volumes / str(self.stores[store]["uuid"])

    def datastore_path(self, place: str) -> str:
        """A host's path as one in a datastore."""
        for name, store in self.stores.items():
            for root in (self.volumes / str(store["uuid"]), self.volumes / name):
                with contextlib.suppress(ValueError):
                    return f"[{name}] {Path(place).relative_to(root)}"
        raise Refusal(fault("vim.fault.InvalidDatastorePath", f"Invalid datastore path '{place}'."))

    def place(self, path: str) -> Path:
        """A path of either kind as the file that it is."""
        found = PATH.fullmatch(path)
        if found is None:
            return Path(path)
        if found["store"] not in self.stores:
            raise Refusal(fault("vim.fault.InvalidDatastore", "Invalid datastore."))
        return self.mount(found["store"]) / found["path"]

    def machine(self, number: str) -> Record:
        """A machine by its number."""
        if number not in self.machines:
            text = f'Unable to find a VM corresponding to "{number}"'
            raise Refusal(fault("vim.fault.NotFound", text))
        return self.machines[number]


def fault(kind: str, message: str, **fields: str) -> str:
    """A fault as vim-cmd prints it: the message is not escaped."""
    lines = ["   faultCause = (vmodl.MethodFault) null, ", "   faultMessage = <unset>, "]
    lines += [f'   {name} = "{value}", ' for name, value in fields.items()]
    return "\n".join([f"({kind}) {{", *lines, f'   msg = "{message}"', "}"])


def read_vmx(path: Path) -> dict[str, str]:
    """The settings of a .vmx file, by their names in lower case."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        text = "The object or item referred to could not be found."
        raise Refusal(fault("vim.fault.NotFound", text)) from error
    found: dict[str, str] = {}
    for line in lines:
        match = SETTING.fullmatch(line)
        if match is not None:
            found.setdefault(match[1].lower(), _unescaped(match[2]))
        elif line.strip() and not line.strip().startswith("#"):
            text = f"Invalid configuration file: {line!r}."
            raise Refusal(fault("vim.fault.InvalidVmConfig", text))
    return found


def _unescaped(value: str) -> str:
    raw = ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)
    return raw.encode("latin-1").decode("utf-8") if raw != value and raw.isascii() else raw


def bios_uuid(settings: dict[str, str]) -> str:
    """The UUID of a machine, in the API's form."""
    digits = re.sub(r"[^0-9a-f]", "", settings.get("uuid.bios", "").lower())
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def fresh_uuid() -> str:
    """A new UUID as a host writes it into a file that has none."""
    pairs = (b"\x56\x4d" + os.urandom(14)).hex(" ")
    return f"{pairs[:23]}-{pairs[24:]}"


def disks_of(settings: dict[str, str]) -> list[str]:
    """The files of the disks of a machine."""
    drives = [key.removesuffix(".filename") for key in settings if key.endswith(".filename")]
    return [
        settings[f"{drive}.filename"]
        for drive in drives
        if settings.get(f"{drive}.present", "").upper() == "TRUE"
        and settings.get(f"{drive}.devicetype", "disk").lower() in {"disk", "scsi-harddisk"}
        and re.fullmatch(r"(scsi|ide|sata|nvme)\d+:\d+", drive)
    ]


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Host]:
    """Have the state; it is kept when the block ends well, and when a command refuses."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = folder / "state.json"
        host = Host(folder, json.loads(path.read_text()))
        try:
            yield host
        finally:
            put(path, json.dumps(host.data))


def put(path: Path, text: str) -> None:
    """Write a file that others read meanwhile: they see it as a whole, or what was there before."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text)
    os.replace(part, path)  # noqa: PTH105 - Path.replace is slower to load
