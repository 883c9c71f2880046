"""Shared folders, both ways."""

from __future__ import annotations

import pytest
from vmxsamples import told, written

from aiovirt.errors import ConfigError, XMLError

ON = "isolation.tools.hgfs.disable = FALSE"


def folder(number: int, *lines: str) -> list[str]:
    """The lines of a folder."""
    return [f"sharedFolder{number}.{line}" for line in ("present = TRUE", "enabled = TRUE", *lines)]


def test_folders() -> None:
    one = folder(0, "hostPath = C:\\Users\\ann", "guestName = home", "writeAccess = TRUE")
    other = folder(2, "hostPath = /srv", "guestName = srv")
    found = told(ON, "sharedFolder.maxNum = 3", *one, *other).devices.filesystems
    told_of = [(each.source.dir, each.target, each.readonly) for each in found]
    assert told_of == [("C:\\Users\\ann", "home", False), ("/srv", "srv", True)]
    assert {(each.type, each.accessmode) for each in found} == {("mount", "passthrough")}


@pytest.mark.parametrize(
    "lines",
    [
        ("sharedFolder.maxNum = 1",),
        (ON,),
        (ON, "sharedFolder.maxNum = 1", "sharedFolder0.enabled = FALSE"),
    ],
)
def test_folders_that_the_guest_does_not_see(lines: tuple[str, ...]) -> None:
    more = ("sharedFolder0.present = TRUE", "sharedFolder0.enabled = TRUE")
    config = told(*lines, *more, "sharedFolder0.hostPath = /srv", "sharedFolder0.guestName = srv")
    assert not config.devices.filesystems


@pytest.mark.parametrize("key", ["hostPath", "guestName"])
def test_a_folder_without_a_name_is_an_error(key: str) -> None:
    other = {"hostPath": "guestName", "guestName": "hostPath"}[key]
    with pytest.raises(ConfigError, match=rf"sharedFolder0\.{key}: the entry is missing"):
        told(ON, "sharedFolder.maxNum = 1", *folder(0, f"{other} = a"))


def test_folders_are_written() -> None:
    inner = "<source dir='/srv'/><target dir='srv'/>"
    devices = f"<filesystem type='mount'>{inner}<readonly/></filesystem>"
    vmx = written(devices=devices)
    assert vmx.get("isolation.tools.hgfs.disable") == "false"
    assert vmx.get("sharedFolder.maxNum") == "1"
    keys = ("hostPath", "guestName", "readAccess", "writeAccess", "present", "enabled")
    found = [vmx.get(f"sharedFolder0.{key}") for key in keys]
    assert found == ["/srv", "srv", "true", "false", "true", "true"]


def test_other_file_systems_are_refused() -> None:
    devices = "<filesystem type='ram'><source usage='1'/><target dir='a'/></filesystem>"
    with pytest.raises(XMLError, match="the type cannot be 'ram'"):
        written(devices=devices)
