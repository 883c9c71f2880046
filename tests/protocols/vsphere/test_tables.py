"""The table and its generator: what it refuses, and that its files are fresh."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aiovirt.protocols.vsphere.registry import method_named, type_named
from aiovirt.protocols.vsphere.tables.index import METHODS, OBJECTS, TYPES

ROOT = Path(__file__).parents[3]
SMALL = """
module enums enumerations
enum Colour
  red dark-blue 2nd
module base what several share
struct Thing(DynamicData)
  colour:Colour? numCPUs:int[] class:string! when:dateTime@6.5
object House
method Paint_Task House -> &Task task=Thing changes since=6.5 faults=Broken
      Wet
  colour:Colour
method Look House -> Thing[] privilege=System.View
module faults faults
fault Broken
fault Wet(Broken)
"""


def generate(folder: Path, table: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the generator on another table, in a folder of its own."""
    script = folder / "tables/vsphere.py"
    script.parent.mkdir(exist_ok=True)
    script.write_text((ROOT / "tables/vsphere.py").read_text("utf-8"), "utf-8")
    (folder / "tables/vsphere.txt").write_text(table, "utf-8")
    return subprocess.run(
        [sys.executable, script, *words], capture_output=True, text=True, check=False
    )


def test_the_files_are_fresh() -> None:
    script = str(ROOT / "tables/vsphere.py")
    subprocess.run([sys.executable, script, "--check"], check=True)


def test_a_stale_file_is_named(tmp_path: Path) -> None:
    assert generate(tmp_path, SMALL).returncode == 0
    assert generate(tmp_path, SMALL, "--check").returncode == 0
    done = generate(tmp_path, SMALL.replace("red", "green"), "--check")
    assert (done.returncode, "stale: enums.py" in done.stderr) == (1, True)


def test_what_is_written(tmp_path: Path) -> None:
    generate(tmp_path, SMALL)
    folder = tmp_path / "src/aiovirt/protocols/vsphere/tables"
    enums, base, methods = (
        (folder / f"{name}.py").read_text("utf-8") for name in ("enums", "base", "base_methods")
    )
    assert '    DARK_BLUE = "dark-blue"\n    _2ND = "2nd"' in enums
    assert "    colour: Colour | str | None = None\n    num_cpus: tuple[int, ...] = ()" in base
    assert '"colour:Colour? numCPUs:int[] class:string! when:dateTime@6.5"' in base
    assert "    class_: str\n    when: datetime" in base
    assert "PAINT_TASK: Final[Method[PaintTaskArgs, Ref]]" in methods
    assert '    task="Thing",\n    changing=True,\n    since="6.5",\n    faults=(\n' in methods
    assert '        "Broken",\n        "Wet",\n    ),\n)\n' in methods
    assert "LOOK: Final[Method[Empty, tuple[Thing, ...]]]" in methods


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "begins no line"),
        ("struct Broken(Wet)", "there twice: Broken"),
        ("struct New(Nothing)", "there is no type Nothing"),
        ("struct New\n  a:Nothing", "there is no type Nothing"),
        ("struct New\n  a", "is no field"),
        ("struct New\n  a:int a:long", "a field stands twice"),
        ("struct New(", "no head of a type"),
        ("method Go Nothing -> void", "there is no object Nothing"),
        ("method Go House -> Nothing", "there is no type Nothing"),
        ("method Go House -> void faults=Nothing", "there is no type Nothing"),
        ("method Go House", "this is no method"),
        ("method Go House -> void odd", "odd says nothing"),
    ],
)
def test_a_wrong_line_is_refused(tmp_path: Path, line: str, message: str) -> None:
    done = generate(tmp_path, f"{SMALL}{line}\n")
    assert (done.returncode, message in done.stderr) == (1, True), done.stderr


def test_what_is_there() -> None:
    types = [name for names in TYPES.values() for name in names.split()]
    methods = [name for names in METHODS.values() for name in names.split()]
    assert all(map(type_named, types))
    assert all(map(method_named, methods))
    assert len(set(types)) == len(types) > 1000
    assert len(set(methods)) == len(methods) > 300
    assert {"VirtualMachine", "HostSystem", "Task", "ContainerView"} <= OBJECTS.keys()


@pytest.mark.parametrize(
    ("name", "changing"),
    [
        ("PowerOnVM_Task", True),
        ("ReconfigVM_Task", True),
        ("CancelTask", True),
        ("WaitForUpdatesEx", False),
        ("CreateFilter", False),
        ("Login", False),
        ("Logout", False),
        ("QueryPerf", False),
        ("SearchDatastore_Task", False),
        ("CreateContainerView", False),
        ("DeleteVirtualDisk_Task", True),
        ("QueryVirtualDiskUuid", False),
        ("PowerOnMultiVM_Task", True),
        ("ReadNextEvents", False),
    ],
)
def test_which_methods_change_anything(name: str, changing: bool) -> None:  # noqa: FBT001 - a table
    method = method_named(name)
    assert method is not None
    assert method.changing is changing
