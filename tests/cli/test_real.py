"""The whole way: the program as users start it, the embedded driver, QEMU, a guest that boots.

Every command is a process of its own: each finds what the one before it left running.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from clirun import Done, environment, on_terminal

from aiovirt.testing.tinyguest import TinyGuest

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

AIOVIRT = (sys.executable, "-m", "aiovirt")
Real = Callable[..., Done]


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A root of its own."""
    return f"qemu:///embed?root={tmp_path}/root"


@pytest.fixture
def real(uri: str) -> Real:
    """Run the program."""

    def run(*argv: str) -> Done:
        done = subprocess.run(
            [*AIOVIRT, *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment(AIOVIRT_DEFAULT_URI=uri),
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def tiny(real: Real, tiny_guest: TinyGuest, qemu: Path, tmp_path: Path) -> Iterator[Path]:
    """A guest that is defined, and gone at the end."""
    assert qemu.exists()
    path = tmp_path / "tiny.xml"
    path.write_text(
        "<domain type='qemu'><name>tiny</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>"
        "<os><type arch='x86_64' machine='q35'>hvm</type>"
        f"<kernel>{tiny_guest.kernel}</kernel><initrd>{tiny_guest.initrd}</initrd>"
        f"<cmdline>{escape(tiny_guest.cmdline)}</cmdline></os><features><acpi/></features>"
        "<devices><serial type='pty'/><video><model type='vga'/></video></devices></domain>"
    )
    done = real("define", "--validate", str(path))
    assert (done.status, done.err) == (0, "")
    yield path
    real("destroy", "tiny")


@pytest.mark.usefixtures("tiny")
def test_a_guest_lives_from_command_to_command(real: Real) -> None:
    assert real("start", "--paused", "tiny").out == "Domain 'tiny' started\n"
    assert real("domstate", "tiny").out == "paused\n"
    assert real("resume", "tiny").status == 0
    (listed,) = real("list", "-o", "json").json
    assert (listed["name"], listed["state"], listed["id"]) == ("tiny", "running", 1)
    assert real("dominfo", "1").status == 0
    assert real("qemu-monitor-command", "tiny", "query-status", "-o", "json").json["return"][
        "running"
    ]
    assert real("destroy", "tiny").out == "Domain 'tiny' destroyed\n"
    assert real("undefine", "tiny").status == 0
    assert real("list", "--all", "-o", "json").json == []


@pytest.mark.usefixtures("tiny")
def test_a_user_types_on_the_console_and_shuts_the_guest_down(real: Real, uri: str) -> None:
    start = (*AIOVIRT, "start", "--console", "tiny")
    with on_terminal(*start, AIOVIRT_DEFAULT_URI=uri) as console:
        console.expect(b"tiny# ")
        console.type(b"echo $((6*7))-answers\r")
        console.expect(b"42-answers")
        console.type(b"\x1d")
        assert console.finish() == 0
    assert "aiovirt tiny guest ready" in real("console", "--readonly", "--timeout", "2", "tiny").out
    assert real("shutdown", "--wait", "--timeout", "60", "tiny").status == 0
    assert real("domstate", "tiny").out == "shut off\n"


@pytest.mark.usefixtures("tiny")
def test_the_screen_is_a_png_file_and_keys_are_known(real: Real, tmp_path: Path) -> None:
    picture = tmp_path / "screen.png"
    real("start", "tiny")
    assert real("screenshot", "tiny", str(picture)).status == 0
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert real("send-key", "tiny", "KEY_LEFTCTRL", "KEY_C").status == 0
    refused = real("send-key", "tiny", "KEY_NONSENSE")
    assert (refused.status, "KEY_NONSENSE" in refused.err) == (1, True)


@pytest.mark.usefixtures("tiny")
def test_the_second_process_on_a_root_is_told_so(real: Real, uri: str) -> None:
    real("start", "--paused", "tiny")
    console = (*AIOVIRT, "console", "tiny")
    with on_terminal(*console, AIOVIRT_DEFAULT_URI=uri) as holder:
        holder.expect(b"Escape character")
        done = real("list")
        holder.type(b"\x1d")
        assert holder.finish() == 0
    assert done.status == 1
    assert f"pid {holder.process.pid}" in done.err
    assert "\nhint: " in done.err


def test_a_missing_disk_is_named_before_anything_starts(real: Real, tiny: Path) -> None:
    disk = "<disk type='file'><source file='/nonexistent.img'/><target dev='vda'/></disk>"
    tiny.write_text(tiny.read_text().replace("<devices>", f"<devices>{disk}"))
    assert real("define", str(tiny)).status == 0
    done = real("start", "tiny")
    assert (done.status, done.out) == (1, "")
    assert "/nonexistent.img" in done.err
    assert real("domstate", "tiny").out == "shut off\n"


@pytest.mark.usefixtures("tiny")
def test_documents_are_xml_and_the_command_line_needs_no_start(real: Real) -> None:
    for verb in ("capabilities", "domcapabilities"):
        assert real(verb).out.lstrip().startswith(("<capabilities", "<domainCapabilities", "<?xml"))
    arguments = real("domxml-to-native", "qemu-argv", "--domain", "tiny", "-o", "json").json
    assert "-nodefaults" in arguments["arguments"]
    assert json.loads(real("list", "-o", "json").out) == []


@pytest.mark.usefixtures("tiny")
def test_a_name_of_another_locale_keeps_its_definition(real: Real, uri: str, tiny: Path) -> None:
    tiny.write_text(tiny.read_text().replace(">tiny<", ">tïny<"), encoding="utf-8")
    assert real("define", str(tiny)).status == 0
    done = subprocess.run(
        [*AIOVIRT, "list", "--all", "--name"],
        capture_output=True,
        env=environment(AIOVIRT_DEFAULT_URI=uri, LC_ALL="C", PYTHONUTF8="0"),
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == ([b"tiny", b"t\\xefny"], b"")


@pytest.mark.usefixtures("tiny")
def test_what_runs_already_comes_with_advice(real: Real) -> None:
    assert real("start", "--paused", "tiny").status == 0
    assert real("start", "tiny").err == (
        "error: domain 'tiny' is running already\nhint: reboot or reset begins it anew\n"
    )


def test_an_error_of_a_start_says_in_which_document_its_line_is(real: Real, tiny: Path) -> None:
    disk = "\n<disk type='file'><source file='/nonexistent.img'/><target dev='vda'/></disk>"
    tiny.write_text(tiny.read_text().replace("<devices>", f"<devices>{disk}"))
    assert real("define", str(tiny)).status == 0
    assert real("start", "tiny").err.startswith("error: in the definition of 'tiny', line ")
