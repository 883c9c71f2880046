"""Verbs that list devices."""

from __future__ import annotations

from pathlib import Path

import pytest
from clirun import Run, document


@pytest.mark.usefixtures("web1")
def test_disks_are_listed_with_their_images(run: Run) -> None:
    assert run("domblklist", "web1", "-q").out.split() == ["vda", "/a.img"]
    (disk,) = run("domblklist", "web1", "-o", "json").json
    assert disk["device"] == "disk"


@pytest.mark.usefixtures("web1")
def test_interfaces_are_listed_with_what_they_hang_on(run: Run) -> None:
    (interface,) = run("domiflist", "web1", "-o", "json").json
    assert (interface["type"], interface["source"]) == ("bridge", "br0")


@pytest.mark.usefixtures("web1")
def test_a_console_that_is_no_terminal_is_told(run: Run) -> None:
    done = run("ttyconsole", "web1")
    assert (done.status, done.err.endswith("hint: aiovirt console web1\n")) == (1, True)


def test_the_terminal_of_a_console_is_printed(run: Run, tmp_path: Path) -> None:
    serial = "<serial type='pty'><source path='/dev/pts/7'/></serial></devices>"
    path = tmp_path / "web1.xml"
    path.write_text(document("web1").replace("</devices>", serial))
    run("define", str(path))
    assert run("ttyconsole", "web1").out == "/dev/pts/7\n"


DISPLAYS = {
    "<graphics type='vnc' port='5901'/>": ("vnc://127.0.0.1:1", "127.0.0.1:1"),
    "<graphics type='vnc' port='5900' listen='::1'/>": ("vnc://[::1]:0", "[::1]:0"),
    "<graphics type='vnc' socket='/run/v'/>": ("vnc+unix:///run/v", "/run/v"),
}


@pytest.mark.parametrize(("graphics", "expected"), DISPLAYS.items())
def test_a_display_is_told_by_uri_and_number(
    run: Run, tmp_path: Path, graphics: str, expected: tuple[str, str]
) -> None:
    path = tmp_path / "web1.xml"
    path.write_text(document("web1").replace("</devices>", f"{graphics}</devices>"))
    run("define", str(path))
    shown = (run("domdisplay", "web1").out.strip(), run("vncdisplay", "web1").out.strip())
    assert shown == expected


@pytest.mark.usefixtures("web1")
def test_no_display_is_an_error(run: Run) -> None:
    done = run("domdisplay", "--type", "spice", "web1")
    assert done.status == 1
    assert done.err.startswith("error: domain 'web1' serves no spice display now\n")
