"""Places for guests that leave theirs to the host."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from guests import bare_config

from aiovirt.config import DomainConfig
from aiovirt.drivers.qemu.engine import placing
from aiovirt.drivers.qemu.engine.placing import Advice, advise
from aiovirt.objects import Connection

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on one loop: one test starts a QEMU."""
    return "asyncio"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Return what the host is asked, which has advice then."""
    questions: list[tuple[int, int]] = []

    async def advised(vcpus: int, memory_mib: int) -> frozenset[int]:
        questions.append((vcpus, memory_mib))
        return frozenset({0})

    monkeypatch.setattr(placing, "advised_nodes", advised)
    monkeypatch.setattr(placing, "cpus_of_nodes", lambda _nodes: frozenset({1}))
    return questions


def config(vcpu: str = "static", memory: str | None = None) -> DomainConfig:
    made = bare_config()
    made.vcpu.placement, made.numatune.placement = vcpu, memory
    return made


async def test_who_has_a_place_asks_for_none(asked: list[tuple[int, int]]) -> None:
    made = config()
    assert (await advise(made)).applied(made) is made
    assert not asked


@pytest.mark.parametrize(
    ("vcpu", "memory", "advice"),
    [
        ("auto", None, Advice(frozenset({1}), frozenset({0}))),
        ("static", "auto", Advice(None, frozenset({0}))),
    ],
)
async def test_what_is_left_open_is_advised(
    asked: list[tuple[int, int]], vcpu: str, memory: str | None, advice: Advice
) -> None:
    made = config(vcpu, memory)
    assert await advise(made) == advice
    assert asked == [(made.vcpus or 1, int(made.memory or 0) >> 20)]
    placed = advice.applied(made)
    placed.check()
    assert (placed.numatune.mode, placed.numatune.nodeset) == ("strict", "0")
    assert made.numatune.nodeset is None


async def test_memory_that_has_a_place_keeps_it(asked: list[tuple[int, int]]) -> None:
    made = config("auto")
    made.numatune.nodeset = "0-3"
    assert (await advise(made)).nodes is None
    assert asked


async def test_a_guest_runs_where_it_was_put(
    host: Connection, root: Path, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = max(os.sched_getaffinity(0))
    monkeypatch.setattr(placing, "cpus_of_nodes", lambda _nodes: frozenset({cpu}))
    vm = await host.domains.create(config("auto"))
    pid = int(next(root.glob("run/*/pid")).read_text())
    assert os.sched_getaffinity(pid) == {cpu}
    assert asked
    assert "nodeset" not in await vm.xml()
    await vm.destroy()
