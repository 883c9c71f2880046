"""The files of a guest: given to QEMU's account while it runs, and labelled for SELinux."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from anyio import to_thread

from aiovirt.config import Disk, DomainConfig, Node, element
from aiovirt.drivers.qemu.argv.preflight import files_of
from aiovirt.drivers.qemu.argv.storage.images import layers_of
from aiovirt.drivers.qemu.process.confinement import Labels
from aiovirt.drivers.qemu.process.notes import Kind, Note, note, notes
from aiovirt.drivers.qemu.store.settings import Owner, Settings
from aiovirt.host.files import host_error
from aiovirt.host.labels import dac, selinux

__all__ = ["give_disk", "give_file", "give_files", "label_files", "take_file_back"]


def give_files(config: DomainConfig, folder: Path, owner: Owner) -> None:
    """Give all files of a live configuration to QEMU's account; each is noted before.

    Where a ``<seclabel model='dac' relabel='no'/>`` stands, of the domain or of a disk, nothing
    is given.

    Raises:
        Busy: Another guest uses one as another account.
        HostError: One is not there, or we may not.
    """
    if not _relabels(element(config), "dac"):
        return
    kept = set(_left_alone(config, "dac"))
    for path in dict.fromkeys(Path(file.path) for file in files_of(config)):
        if path not in kept:
            give_file(path, folder, owner)


def give_file(path: Path, folder: Path, owner: Owner) -> None:
    """Give one more file to a guest; errors as `give_files`."""
    if _noted(folder, path, "dac"):
        return
    try:
        found = path.stat()
    except OSError as error:
        raise host_error(error, f"cannot use {path}") from error
    before = f"{found.st_uid}:{found.st_gid}"
    note(folder, Kind.LABEL, str(path), model="dac", before=before)
    dac.take(path, (owner.uid, owner.gid))


def label_files(config: DomainConfig, folder: Path, labels: Labels) -> None:
    """Label all files of a live configuration for SELinux; each is noted before.

    As `give_files`, with ``model='selinux'``.

    Raises:
        Busy: Another guest uses one that this one writes to.
        HostError: One is not there, or we may not.
    """
    if not labels.relabel:
        return
    kept = set(_left_alone(config, "selinux"))
    for file in files_of(config):
        path = Path(file.path)
        if path not in kept and not _noted(folder, path, "selinux"):
            note(folder, Kind.LABEL, str(path), model="selinux")
            selinux.take(path, labels.image if file.write else labels.content)


def _noted(folder: Path, path: Path, model: str) -> bool:
    return any(
        each.kind is Kind.LABEL and each.what == str(path) and each.more.get("model") == model
        for each in notes(folder)
    )


async def give_disk(disk: Disk, folder: Path, settings: Settings) -> None:
    """Give a disk's images to a guest that runs, if the settings say so; errors as `give_files`.

    They are the guest's until that ends.
    """
    owner = settings.owner
    if owner is not None and settings.process.relabel and disk.path:
        await to_thread.run_sync(_give_disk, disk, folder, owner)


def _give_disk(disk: Disk, folder: Path, owner: Owner) -> None:
    if _relabels(element(disk.source), "dac"):
        for source in (disk.source, *(layer.source for layer in layers_of(disk))):
            path = source.file or source.dev
            if path and not source.fdgroup:
                give_file(Path(path), folder, owner)


def take_file_back(made: Note) -> None:
    """Let a noted file belong to whom it did, and have the label that it had.

    Raises:
        HostError: We may not.
    """
    give_back = selinux.give_back if made.more.get("model") == "selinux" else dac.give_back
    give_back(Path(made.what), made.more.get("before"))


def _relabels(node: Node | None, model: str) -> bool:
    """Whether the labels of an element's own ``<seclabel>`` let files be given away."""
    labels = [] if node is None else node.findall("seclabel")
    of_model = [each for each in labels if each.get("model") in {None, model}]
    return all(each.get("relabel") != "no" and each.get("type") != "none" for each in of_model)


def _left_alone(config: DomainConfig, model: str) -> Iterator[Path]:
    for disk in config.disks:
        if disk.path and not _relabels(element(disk.source), model):
            yield Path(disk.path)
