"""One image more for a guest that runs: what QEMU opens it with, its block nodes, and their end.

A start does the same for all images at once (`engine.prepare`), by the same functions.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from anyio import CancelScope, to_thread

from aiovirt.config import Disk
from aiovirt.drivers.qemu.argv.storage.images import Image, chain_of
from aiovirt.drivers.qemu.argv.storage.nodes import format_node, nodes_of, storage_node
from aiovirt.drivers.qemu.argv.storage.secrets import image_objects, key_secret
from aiovirt.drivers.qemu.argv.words import as_json
from aiovirt.drivers.qemu.engine.confining import allow, withdraw_image
from aiovirt.drivers.qemu.engine.core import Engine
from aiovirt.drivers.qemu.engine.diskkeys import give_disk_keys, give_image_keys, key_files
from aiovirt.drivers.qemu.engine.domain import LiveDomain
from aiovirt.drivers.qemu.engine.images import Encrypted, make_image
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.engine.nodes import chain_numbers
from aiovirt.drivers.qemu.engine.qemujobs import run_job
from aiovirt.drivers.qemu.engine.steps import do_as_one, steps_of, take_back
from aiovirt.drivers.qemu.process.devices import admit
from aiovirt.drivers.qemu.process.ownership import give_disk
from aiovirt.drivers.qemu.store.status import QEMU_FOLDER
from aiovirt.errors import QMPCommandError
from aiovirt.host.files import host_error
from aiovirt.protocols.qmp.commands import BlockdevDel

__all__ = ["close_image", "forget_keys", "let_open", "make_new_image", "open_image"]

_GONE: Final = "not found"
_IN_USE: Final = "in use"


def _image(disk: Disk, number: int) -> Image:
    return next(chain_of(disk, number, iter(())))


async def make_new_image(
    engine: Engine,
    live: LiveDomain,
    disk: Disk,
    number: int,
    size: int,
    *,
    backing: tuple[str, str] | None = None,
) -> None:
    """Make an image that a running guest is to have; encrypted where its disk says so.

    The guest's QEMU makes what it can from inside: a program of its own takes longer.  The block
    node of the storage stays then, for `open_image` with `made`; `close_image` closes it, too.

    Args:
        engine: The driver.
        live: The running instance.
        disk: The disk that it would be of.
        number: The number that its block nodes will be named by.
        size: What a guest sees, in bytes.
        backing: The image behind it, and its format.

    Raises:
        ConfigError: The secret that it is encrypted with is not there.
        HostError: It cannot be made.
    """
    image = _image(disk, number)
    if _made_within(image):
        options: dict[str, object] = {"driver": "qcow2", "size": size}
        if backing is not None:
            options["backing-file"], options["backing-fmt"] = backing
        await _make_within(engine, live, disk, image, options)
        return
    folder = live.folder / QEMU_FOLDER
    await give_image_keys(engine, disk, image, folder)
    key = key_secret(image)
    encrypted = None
    if image.encryption is not None and key is not None:
        encrypted = Encrypted(image.encryption, folder / key)
    await make_image(disk.path or "", image.format, size, backing=backing, encrypted=encrypted)


def _made_within(image: Image) -> bool:
    """Whether the guest's QEMU makes such an image itself."""
    return image.format == "qcow2" and image.encryption is None and image.type == "file"


async def _make_within(
    engine: Engine,
    live: LiveDomain,
    disk: Disk,
    image: Image,
    options: dict[str, object],
) -> None:
    """Have QEMU make an image in a file, as some options say; the node of the file stays open."""
    monitor = live.connected()
    await to_thread.run_sync(_make_empty, Path(disk.path or ""))
    await give_disk(disk, live.folder, engine.settings)
    storage = next(nodes_of(image))
    words = ("-blockdev", as_json(storage))
    opened = list(steps_of([words]))
    await allow(live, words, disk)
    try:
        for step in opened:
            await step.do(monitor)
        wanted = {"options": {**options, "file": storage["node-name"]}}
        await run_job(monitor, "blockdev-create", f"make-{image.number}", wanted)
    except BaseException:
        with CancelScope(shield=True):
            await take_back(monitor, opened)
            await withdraw_image(live, image.number)
        raise


def _make_empty(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
    except OSError as error:
        raise host_error(error, f"cannot make {path}") from error


async def open_image(
    engine: Engine,
    live: LiveDomain,
    monitor: BoundedMonitor,
    disk: Disk,
    number: int,
    *,
    backing: str | bool,
    made: bool = False,
) -> None:
    """Have QEMU open an image: it may, it has the keys, and then the block nodes are made.

    Args:
        engine: The driver.
        live: The running instance.
        monitor: QEMU's.
        disk: The disk that the image would be of.
        number: The number that its block nodes are named by.
        backing: The node of the image behind it; False leaves it to the image, True means none.
        made: Whether `make_new_image` has just made it.

    Raises:
        ConfigError: A secret is not there.
        HostError: The file is not there, or cannot be given to QEMU's account.
        RemoteError: QEMU cannot open it.  `close_image` takes back what was made by then.
    """
    image = _image(disk, number)
    nodes = tuple(nodes_of(image, backing=backing))
    folder = live.folder / QEMU_FOLDER
    if made and _made_within(image):
        await do_as_one(monitor, list(steps_of(_words(nodes[1:]))))
        return
    await give_disk(disk, live.folder, engine.settings)
    words = [("-object", as_json(options)) for options in image_objects(image, folder)]
    words += _words(nodes)
    named = [word for pair in words for word in pair]
    await admit(engine.settings, live.folder, live.group, live.process.pid, named)
    await allow(live, named, disk)
    await give_image_keys(engine, disk, image, folder)
    await do_as_one(monitor, list(steps_of(words)))


def _words(nodes: Sequence[Mapping[str, object]]) -> list[tuple[str, str]]:
    return [("-blockdev", as_json(options, keep=("backing",))) for options in nodes]


async def let_open(
    engine: Engine,
    live: LiveDomain,
    disk: Disk,
    words: Sequence[str],
    undo: AsyncExitStack,
) -> None:
    """Let QEMU open all images of a disk that is about to come: it may, and has their keys.

    Args:
        engine: The driver.
        live: The running instance.
        disk: The disk, whose images have their numbers.
        words: Those of a command line that would have the disk.
        undo: Gets steps that let it forget the keys.

    Raises:
        ConfigError: A secret is not there.
        HostError: A file is not there, or cannot be given to QEMU's account.
    """
    await give_disk(disk, live.folder, engine.settings)
    await admit(engine.settings, live.folder, live.group, live.process.pid, words)
    for number in (disk.source.index or 0, *chain_numbers(disk)):
        undo.push_async_callback(forget_keys, live, number)
    await give_disk_keys(engine, disk, live.folder / QEMU_FOLDER)


async def close_image(live: LiveDomain, monitor: BoundedMonitor, number: int) -> None:
    """Have QEMU close an image and forget its keys; what it does not have, or needs, stays."""
    nodes = (format_node(number), f"libvirt-{number}-slice-sto", storage_node(number))
    answers = await monitor.call_each(*map(BlockdevDel, nodes))
    refusals = (str(each) for each in answers if isinstance(each, QMPCommandError))
    if not any(_IN_USE in each for each in refusals):
        await withdraw_image(live, number)
    await forget_keys(live, number)


async def forget_keys(live: LiveDomain, number: int) -> None:
    """Have QEMU forget the keys of an image that is closed, and remove their files."""
    for path in key_files(live.folder / QEMU_FOLDER, number):
        try:
            if live.monitor is not None:
                await live.monitor.execute("object-del", {"id": path.name})
        except QMPCommandError as error:
            if _GONE not in error.description:
                continue
        path.unlink(missing_ok=True)
