"""Folders of the host for guests by virtiofs: a virtiofsd for each. Source: virtiofsd(1)."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from aiovirt.config import DomainConfig, Node, element
from aiovirt.drivers.qemu.process.helpers import Helper
from aiovirt.errors import ConfigError, ExecutableNotFound
from aiovirt.processes import Command

__all__ = ["find_virtiofsd", "virtiofsd_helpers"]

_PLACES: Final = tuple(
    map(Path, ("/usr/libexec/virtiofsd", "/usr/lib/virtiofsd", "/usr/lib/qemu/virtiofsd"))
)
_DESCRIPTORS: Final = (Path("/etc/qemu/vhost-user"), Path("/usr/share/qemu/vhost-user"))


def find_virtiofsd(folders: tuple[Path, ...] = _DESCRIPTORS) -> Path:
    """The host's virtiofsd: what describes itself as one, or lies where it usually does.

    Raises:
        ExecutableNotFound: There is none.
    """
    for path in sorted(each for folder in folders for each in folder.glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            described = json.loads(path.read_bytes())
            program = Path(described["binary"])
            if described["type"] == "fs" and program.exists():
                return program
    found = shutil.which("virtiofsd")
    places = ([Path(found)] if found else []) + [path for path in _PLACES if path.exists()]
    if not places:
        raise ExecutableNotFound(
            "there is no virtiofsd on this host",
            program="virtiofsd",
            phase="lookup",
            errno=errno.ENOENT,
            hint="install virtiofsd, or qemu-system-common before Debian 13",
        )
    return places[0]


def virtiofsd_helpers(config: DomainConfig, folder: Path) -> Iterator[Helper]:
    """The programs for the folders of a live configuration that nobody else serves.

    Raises:
        ConfigError: A folder is not there.
        ExecutableNotFound: There is no virtiofsd.
    """
    for device in config.devices.all():
        node = element(device) if device.kind == "filesystem" else None
        if node is None or _attribute(node, "driver", "type") != "virtiofs":
            continue
        if _attribute(node, "source", "socket") is not None:
            continue
        source = Path(_attribute(node, "source", "dir") or "")
        if not source.is_dir():
            raise ConfigError(
                f"the folder of {device.alias} is not there: {source}",
                field="filesystem/source/@dir",
            )
        yield Helper(
            name=f"virtiofsd-{device.alias}",
            command=partial(_command, node, source),
            socket=folder / f"{device.alias}-fs.sock",
            as_owner=False,  # it serves the files of all users
        )


def _attribute(node: Node, path: str, name: str) -> str | None:
    found = node.find(path)
    return None if found is None else found.get(name)


def _command(node: Node, source: Path, socket: int) -> Command:
    program = _attribute(node, "binary", "path") or str(find_virtiofsd())
    pool = _attribute(node, "binary/thread_pool", "size")
    options = ",".join([f"source={source}", *_options(node)])
    words = [f"--fd={socket}", "-o", options]
    return Command.of(program, *words, *([f"--thread-pool-size={pool}"] if pool else []))


def _options(node: Node) -> Iterator[str]:
    for path, name in (("binary/cache", "cache"), ("binary/sandbox", "sandbox")):
        mode = _attribute(node, path, "mode")
        if mode is not None:
            yield f"{name}={mode}"
    for path, attribute, name in _SWITCHES:
        value = _attribute(node, path, attribute)
        if value is not None:
            yield name if value == "on" else f"no_{name}"


_SWITCHES: Final = (
    ("binary", "xattr", "xattr"),
    ("binary/lock", "flock", "flock"),
    ("binary/lock", "posix", "posix_lock"),
)
