"""The page about vSphere: its privileges are the protocol's, its parameters ours, and it runs."""

from __future__ import annotations

import re
import runpy
import shlex
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

import aiovirt
from aiovirt.cli import main
from aiovirt.drivers import esx
from aiovirt.drivers.esx.parameters import PARAMETERS
from aiovirt.protocols.vsphere import Method, tables
from aiovirt.protocols.vsphere.registry import method_named
from aiovirt.testing.vsphere import FakeVSphere, Settings, run_fake_vsphere

PAGE = (Path(__file__).parents[3] / "docs/esx.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = re.findall(r"^    aiovirt (-c 'vpx:.*)$", PAGE, re.MULTILINE)
ACCOUNTS = PAGE.partition("\n## Accounts\n")[2].partition("\n## ")[0]
ALWAYS = ACCOUNTS.partition("\nOther methods need")[0]

AUTH = """\
[credentials-fake]
password=secret
[auth-esx-127.0.0.1]
credentials=fake
"""


def changing() -> set[str]:
    """The names of all methods that the driver uses and that change something."""
    names: set[str] = set()
    for path in Path(esx.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for module in set(re.findall(r"\b\w+_methods\b", text)):
            table = import_module(f"{tables.__name__}.{module}")
            found = [getattr(table, name, None) for name in re.findall(r"\b[A-Z_]{4,}\b", text)]
            names |= {each.name for each in found if isinstance(each, Method) and each.changing}
    return names


@pytest.mark.parametrize(("method", "privilege"), re.findall(r"`(\w+)` \| `([\w.]+)` \|", ALWAYS))
def test_a_privilege_is_the_protocols(method: str, privilege: str) -> None:
    known = method_named(method)
    assert known is not None
    assert known.privilege == privilege


def test_every_change_has_its_privilege() -> None:
    told = set(re.findall(r"`(\w+)`", ACCOUNTS))
    assert changing() - told == set()


def test_every_parameter_is_there() -> None:
    table = PAGE.partition("\n## The URI\n")[2].partition("\n## ")[0]
    assert [name for name in PARAMETERS if not re.search(rf"`{name}\b", table)] == []


# --- it runs --------------------------------------------------------------------------------------


@asynccontextmanager
async def vcenter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeVSphere]:
    """Run a vCenter with a machine ``web1``, whose password is in libvirt's file."""
    (folder / "auth.conf").write_text(AUTH)
    monkeypatch.setenv("LIBVIRT_AUTH_FILE", str(folder / "auth.conf"))
    async with run_fake_vsphere(Settings(kind="vcenter")) as fake:
        async with aiovirt.open(fake.uri) as host:
            await (await host.domains.get("machine0")).rename("web1")
        yield fake


def on(fake: FakeVSphere, text: str) -> str:
    """Let an example be about the simulated vCenter."""
    text = re.sub(r"vpx://\S+@vcenter\.example\.org/", fake.uri, text)
    other = fake.uri.replace("esx0.example.com", "esx1.example.com")
    return text.replace("vpx://admin@vc/DC0/esx1", fake.uri).replace(
        "vpx://admin@vc/DC0/esx2", other
    )


@pytest.mark.anyio
@pytest.mark.parametrize("number", range(len(BLOCKS)))
async def test_a_piece_of_python_runs(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with vcenter(tmp_path, monkeypatch) as fake:
        body = textwrap.indent(on(fake, BLOCKS[number]), "    ")
        program = tmp_path / "piece.py"
        program.write_text(f"import aiovirt\n\nasync def main():\n{body}", encoding="utf-8")
        with anyio.fail_after(30):
            await runpy.run_path(str(program))["main"]()


def test_the_commands_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        start_blocking_portal() as beside,
        beside.wrap_async_context_manager(vcenter(tmp_path, monkeypatch)) as fake,
    ):
        for command in COMMANDS:
            status = main(shlex.split(on(fake, command)))
            assert (status, capfd.readouterr().err) == (0, ""), command
    assert len(COMMANDS) > 2
