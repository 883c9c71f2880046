"""Folders of the host that the guest sees by VMware Tools (hgfs)."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config import DomainConfig, Filesystem, FilesystemSource, element
from aiovirt.drivers.common.vmx.section import Section, present
from aiovirt.drivers.common.vmx.translation import Known, Reading, Writing, wrong

__all__ = ["FAMILY", "numbers", "read", "write"]

FAMILY = "sharedFolder"


def read(reading: Reading, config: DomainConfig) -> None:
    """Tell of the folders.

    Raises:
        ConfigError: One says not which it is.
    """
    for _, section in _present(reading):
        config.devices.filesystems.append(_folder(section))


def _present(reading: Reading) -> Iterator[tuple[int, Section]]:
    if reading.section("isolation.tools.hgfs").switch("disable", default=True):
        return
    most = reading.section(FAMILY).number("maxNum", 0)
    for number, section in present(reading.vmx, FAMILY):
        if number < most and section.switch("enabled"):
            yield number, section


def _folder(section: Section) -> Filesystem:
    source = FilesystemSource()
    node = element(source)
    if node is not None:
        node.set("dir", section.needed("hostPath"))  # it may be one of Windows
    return Filesystem(
        type="mount",
        accessmode="passthrough",
        source=source,
        target=section.needed("guestName"),
        readonly=not section.switch("writeAccess"),
    )


def numbers(reading: Reading) -> Known:
    """By what each folder of a file is known when that is changed, and its number.

    Raises:
        ConfigError: One says not which it is.
    """
    shown = {number: section.needed("guestName") for number, section in _present(reading)}
    return [(shown.get(number), number) for number, _ in present(reading.vmx, FAMILY)]


def write(writing: Writing, config: DomainConfig) -> None:
    """Write the folders.

    Raises:
        XMLError: One is no folder.
    """
    folders = list(config.devices.filesystems)
    if not folders:
        return
    assigned = writing.numbers.assign(FAMILY, [folder.target or "" for folder in folders])
    writing.section("isolation.tools.hgfs").put("disable", value=False)
    writing.section(FAMILY).put("maxNum", max(assigned) + 1)
    for folder, number in zip(folders, assigned, strict=True):
        _write_folder(writing.section(f"{FAMILY}{number}"), folder)


def _write_folder(section: Section, folder: Filesystem) -> None:
    if folder.type not in {None, "mount"}:
        raise wrong(folder, f"the type cannot be {folder.type!r}", expected="'mount'")
    section.say(
        present=True,
        enabled=True,
        readAccess=True,
        writeAccess=not folder.readonly,
        hostPath=folder.source.dir,
        guestName=folder.target,
    )
