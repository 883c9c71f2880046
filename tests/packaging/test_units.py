"""The units for systemd: systemd takes them, and their sockets are known for what they are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from aiovirt.daemon.places import Places
from aiovirt.daemon.settings import Settings

UNITS = Path(__file__).parents[2] / "packaging/systemd"
VERIFY = shutil.which("systemd-analyze")


def words(unit: str) -> dict[str, str]:
    text = (UNITS / unit).read_text(encoding="utf-8")
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


@pytest.mark.skipif(VERIFY is None, reason="systemd-analyze is missing (Debian: systemd)")
def test_systemd_takes_them(tmp_path: Path) -> None:
    names = [path.name for path in UNITS.iterdir()]
    for name in names:  # the program need not be installed where this runs
        text = (UNITS / name).read_text(encoding="utf-8").replace("/usr/bin/aiovirtd", "/bin/true")
        (tmp_path / name).write_text(text, encoding="utf-8")
    verified = subprocess.run(
        [VERIFY or "", "verify", *names],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.parametrize(
    ("unit", "place", "mode"),
    [
        ("aiovirtd.socket", "main", "unix_rw_mode"),
        ("aiovirtd-ro.socket", "readonly", "unix_ro_mode"),
        ("aiovirtd-admin.socket", "admin", "unix_admin_mode"),
    ],
)
def test_their_sockets_are_as_the_daemons_own(unit: str, place: str, mode: str) -> None:
    found = words(unit)
    assert found["FileDescriptorName"] == place
    assert found["ListenStream"] == str(getattr(Places.of(Settings()), place))
    assert int(found["SocketMode"], 8) == getattr(Settings().access, mode)


def test_guests_are_no_part_of_the_daemons_life() -> None:
    assert words("aiovirtd.service")["KillMode"] == "process"
