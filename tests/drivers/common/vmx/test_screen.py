"""The display and the video card, both ways."""

from __future__ import annotations

import pytest
from vmxsamples import told, written

from aiovirt.errors import ConfigError, XMLError
from aiovirt.model.units import KiB, MiB

VNC = "RemoteDisplay.vnc"


def test_a_display() -> None:
    lines = ("enabled = TRUE", "port = 5901", "ip = 127.0.0.1", "keymap = de", "password = s3cret")
    config = told(*(f"{VNC}.{line}" for line in lines))
    (display,) = config.graphics
    assert (display.type, display.port, display.autoport) == ("vnc", 5901, False)
    assert (display.listen_address, display.keymap) == ("127.0.0.1", "de")
    assert display.passwd == "s3cret"
    assert "s3cret" not in config.to_xml()


def test_a_display_without_a_port_has_one_that_the_host_chooses() -> None:
    (display,) = told(f"{VNC}.enabled = TRUE").graphics
    assert (display.port, display.autoport, display.listen_address) == (-1, True, None)
    assert not told(f"{VNC}.port = 5901").graphics


def test_the_memory_of_the_card() -> None:
    assert told().videos[0].model.vram == MiB(4)
    assert told("svga.vramSize = 4194305").videos[0].model.vram == KiB(4097)
    assert told("svga.vramSize = 4194305", extended=False).videos[0].model.vram == KiB(8192)
    assert told("svga.vramSize = 0", extended=False).videos[0].model.vram == KiB(0)


def test_screens_and_3d_are_told_of_beyond_libvirt() -> None:
    lines = ("svga.numDisplays = 2", "mks.enable3d = TRUE")
    model = told(*lines).videos[0].model
    assert (model.heads, model.accel3d) == (2, True)
    assert told(*lines, extended=False).videos[0].model.heads is None


@pytest.mark.parametrize(
    "line", [f"{VNC}.port = 99999", f"{VNC}.enabled = 7", "svga.vramSize = -1"]
)
def test_what_cannot_be_names_its_key(line: str) -> None:
    key = line.partition(" ")[0]
    with pytest.raises(ConfigError, match=f"{key}: "):
        told(f"{VNC}.enabled = TRUE" if "port" in key else line, line)


def test_a_display_is_written_with_a_card() -> None:
    listen = "<listen type='address' address='::1'/>"
    vmx = written(
        devices=f"<graphics type='vnc' port='5901' keymap='de' passwd='x'>{listen}</graphics>"
    )
    found = {key.removeprefix(f"{VNC}."): vmx.get(key) for key in vmx if key.startswith(VNC)}
    expected = {"enabled": "true", "port": "5901", "ip": "::1", "keymap": "de", "password": "x"}
    assert found == expected
    assert vmx.get("svga.vramSize") == str(int(MiB(4)))


@pytest.mark.parametrize("port", ["", "port='-1'", "port='5901' autoport='yes'"])
def test_a_port_that_the_host_chooses_is_not_written(port: str) -> None:
    assert f"{VNC}.port" not in written(devices=f"<graphics type='vnc' {port}/>")


def test_a_card_is_written_in_steps_of_64_kib() -> None:
    inner = "<acceleration accel3d='yes'/>"
    vmx = written(
        devices=f"<video><model type='vmvga' vram='4097' heads='2'>{inner}</model></video>"
    )
    assert vmx.get("svga.vramSize") == str(int(KiB(4160)))
    assert (vmx.get("svga.numDisplays"), vmx.get("mks.enable3d")) == ("2", "true")
    assert "svga.vramSize" not in written()


@pytest.mark.parametrize(
    ("devices", "message"),
    [
        ("<graphics type='spice'/>", "the display cannot be 'spice'"),
        ("<video><model type='qxl'/></video>", "the video card cannot be 'qxl'"),
        ("<video><model type='vmvga'/></video>" * 2, "one video card"),
    ],
)
def test_what_vmware_has_not_is_refused(devices: str, message: str) -> None:
    with pytest.raises(XMLError, match=message):
        written(devices=devices)
