"""The tables: complete, without doubles, and what the generator writes."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from aiovirt.protocols.libvirt.procedure import EventKind, Procedure, Program, StreamSide
from aiovirt.protocols.libvirt.registry import registry

ROOT = Path(__file__).parents[3]

# Procedures and events of libvirt 11.3.0, and those that 9.0.0 has not.
COUNTS = {
    Program.REMOTE: (453, 53, 10),
    Program.QEMU: (7, 1, 0),
    Program.LXC: (1, 0, 0),
    Program.ADMIN: (20, 0, 1),
    Program.KEEPALIVE: (2, 0, 0),
}


@pytest.mark.parametrize(("program", "counts"), COUNTS.items(), ids=str)
def test_how_many_there_are(program: Program, counts: tuple[int, int, int]) -> None:
    entries = [entry for entry in registry().values() if entry.program is program]
    events = [entry for entry in entries if isinstance(entry, EventKind)]
    total, of_events, _newer = counts
    assert sorted(entry.number for entry in entries) == list(range(1, total + 1))
    assert len(events) == of_events


def test_names_are_there_once_in_each_program() -> None:
    names = Counter((entry.program, entry.name) for entry in registry().values())
    assert names.most_common(1)[0][1] == 1


def test_streams() -> None:
    sides = Counter(e.stream for e in registry().values() if isinstance(e, Procedure))
    assert (sides[StreamSide.READ], sides[StreamSide.WRITE]) == (4, 4)


def test_calls_that_no_guest_holds_up() -> None:
    names = {e.name for e in registry().values() if isinstance(e, Procedure) and e.priority}
    assert {"CONNECT_LIST_ALL_DOMAINS", "DOMAIN_LOOKUP_BY_NAME", "CONNECT_CLOSE"} <= names
    assert not {"DOMAIN_GET_INFO", "DOMAIN_CREATE", "DOMAIN_MEMORY_STATS"} & names


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("call 2 AGAIN ()", "gap, or one stands twice"),
        ("call x AGAIN ()", "this is no procedure"),
        ("call 454 MORE (a:strange!)", "no type"),
        ("nonsense", "begins no line"),
        ("call 1 TWICE (a:int a:hyper)", "a field stands twice"),
        ("struct Domain: name:string", "a second struct"),
        ("struct Mine: other:Nobody", "Mine.other: there is no type Nobody"),
        ("call 1 KEYS () priorty=high", "priorty=high says nothing"),
        ("call 1 KEYS () stream=sideways", "stream=sideways says nothing"),
        ("param VIR_X x quaternion", "no type quaternion"),
    ],
)
def test_mistake_in_the_source_is_named(line: str, text: str, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    source = (ROOT / "tables/libvirt.txt").read_text("utf-8")
    first, _, rest = source.partition("\ncall 1 ")
    (folder / "libvirt.txt").write_text(f"{first}\n{line}\ncall 1 {rest}", "utf-8")
    script = folder / "generate.py"
    script.write_text((ROOT / "tables/generate.py").read_text("utf-8"), "utf-8")
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert text in done.stderr
