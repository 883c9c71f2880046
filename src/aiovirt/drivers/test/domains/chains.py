"""What block jobs do to the images of a disk, and to its document."""

from __future__ import annotations

from typing import Final

from lxml import etree

from aiovirt.config import Disk
from aiovirt.drivers.common.tree import node_of
from aiovirt.drivers.test.domains.blockjob import BlockJob
from aiovirt.drivers.test.domains.images import Images, disk_of, source_of
from aiovirt.drivers.test.domains.machine import Machine
from aiovirt.drivers.test.numbers import no_such_part
from aiovirt.model.blocks import BlockJobKind

__all__ = ["hide_mirror", "member", "merge", "pivot", "show_mirror"]

_WORDS: Final = {BlockJobKind.COPY: "copy", BlockJobKind.ACTIVE_COMMIT: "active-commit"}


def member(images: Images, top: str, name: str) -> str:
    """The image of a chain that a path means, or ``vda[2]``, which counts from the top.

    Raises:
        NotFound: It is not in the chain.
    """
    chain = [image.path for image in images.chain(top)]
    number = name.partition("[")[2].removesuffix("]")
    if number.isdigit() and int(number) < len(chain):
        return chain[int(number)]
    if name in chain:
        return name
    raise no_such_part(f"{name} is not below {top}")


def merge(images: Images, disk: Disk, job: BlockJob) -> None:
    """Do what a pull or a commit has done when it is complete."""
    chain = list(images.chain(source_of(disk) or ""))
    if job.kind is BlockJobKind.PULL:
        chain[0].allocation = max(image.allocation for image in chain)
        chain[0].backing = job.base
    for image in chain if job.kind is BlockJobKind.COMMIT else ():
        if image.backing == job.top:
            image.backing = job.base


def pivot(images: Images, machine: Machine, disk: Disk, job: BlockJob) -> None:
    """Let a disk go over to its copy, or to the image that it was committed to."""
    dev, old = disk.target.dev or "", source_of(disk)
    for config in (machine.definition, machine.live.config if machine.live else None):
        if config is None or not any(each.target.dev == dev for each in config.disks):
            continue
        found = disk_of(config, dev)
        if source_of(found) == old:
            _go_over(found, job)
    path = source_of(disk)
    if path is not None:
        images.at(path)


def _go_over(disk: Disk, job: BlockJob) -> None:
    copy = job.destination
    if copy is not None:
        disk.type = copy.type or "file"
        disk.source = copy.source.copy()
        if copy.driver.type is not None:
            disk.driver.type = copy.driver.type
    elif job.base is not None:
        if disk.type == "block":
            disk.source.dev = job.base
        else:
            disk.source.file = job.base


def show_mirror(disk: Disk, job: BlockJob) -> None:
    """Let the document tell of a job that follows the disk."""
    hide_mirror(disk)
    word = _WORDS.get(job.kind)
    if word is None:
        return
    copy = job.destination
    kind = (copy.type if copy is not None else disk.type) or "file"
    attributes = {"type": kind, "job": word, **({"ready": "yes"} if job.ready else {})}
    mirror = etree.SubElement(node_of(disk), "mirror", attributes)
    if copy is not None and copy.driver.type is not None:
        etree.SubElement(mirror, "format", type=copy.driver.type)
    path = source_of(copy) if copy is not None else job.base
    etree.SubElement(mirror, "source", {"dev" if kind == "block" else "file": path or ""})


def hide_mirror(disk: Disk) -> None:
    """Let it tell of none."""
    node = node_of(disk)
    found = node.find("mirror")
    if found is not None:
        node.remove(found)
