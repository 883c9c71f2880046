"""The two that run plans: same steps, same figures; which of them is chosen."""

from __future__ import annotations

import dataclasses
import errno
import importlib
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from aiovirt.processes import _engine
from aiovirt.processes._abilities import abilities, raw_syscall
from aiovirt.processes._engine import Engine, HelperEngine, TwinEngine, default_engine
from aiovirt.processes._steps import SPAWN_FAILED, Op, Plan
from aiovirt.processes._twin import STEPS

EMPTY = Plan((), (), b"/bin/true", (b"true",), None)
GETPID = {"x86_64": 39, "aarch64": 172}
HELPER_LINES = 400


def _helper() -> object:
    return pytest.importorskip("aiovirt.processes._spawn", reason="the C helper is not built here")


def test_the_helpers_table_is_that_of_the_steps() -> None:
    assert _helper().OPS.split() == [op.name for op in Op]  # type: ignore[attr-defined]  # a module


def test_the_twin_knows_all_steps() -> None:
    assert set(STEPS) == set(Op)


def test_the_helper_is_short() -> None:
    source = Path(_engine.__file__).with_name("_spawn.c").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= HELPER_LINES


def test_a_plan_without_steps_runs(engine: Engine) -> None:
    outcome = engine.start(EMPTY)
    assert (outcome.step, outcome.error) == (SPAWN_FAILED, 0)
    os.close(outcome.pidfd)
    assert os.waitpid(outcome.pid, 0) == (outcome.pid, 0)


@contextmanager
def _free_descriptors(count: int) -> Iterator[None]:
    """Leave so many descriptors to the process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.dup(0)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(taken) + 10, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        for _ in range(count):
            os.close(taken.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_start_without_descriptors_leaves_no_child(engine: Engine, missing: int) -> None:
    needed = 1 if engine.name == "helper" else 3
    with _free_descriptors(max(needed - missing, 0)):
        outcome = engine.start(EMPTY)
    assert outcome == (0, -1, SPAWN_FAILED, errno.EMFILE)


def test_a_failure_tells_its_step(engine: Engine) -> None:
    steps = ((Op.UMASK, 0o22), (Op.CHDIR, b"/nonexistent"))
    outcome = engine.start(EMPTY._replace(steps=steps))
    assert (outcome.step, outcome.error) == (1, errno.ENOENT)
    os.close(outcome.pidfd)
    assert os.waitstatus_to_exitcode(os.waitpid(outcome.pid, 0x40000000)[1]) == 125


@pytest.mark.parametrize(
    ("path", "status"),
    [(b"/nonexistent", 127), (b"/etc/passwd", 126)],
    ids=["missing", "no program"],
)
def test_a_failed_exec_is_the_step_after_the_last(engine: Engine, path: bytes, status: int) -> None:
    outcome = engine.start(EMPTY._replace(path=path))
    assert outcome.step == 0
    os.close(outcome.pidfd)
    assert os.waitstatus_to_exitcode(os.waitpid(outcome.pid, 0x40000000)[1]) == status


@pytest.mark.parametrize("steps", [((99,),), ((),), ((int(Op.UMASK), *range(6)),), (("umask",),)])
def test_the_helper_refuses_malformed_steps(steps: tuple[tuple[object, ...], ...]) -> None:
    helper = HelperEngine(importlib.import_module(_helper().__name__))  # type: ignore[attr-defined]  # a module
    with pytest.raises((ValueError, TypeError)):
        helper.start(EMPTY._replace(steps=steps))  # type: ignore[arg-type]  # malformed on purpose


def test_the_environment_chooses_the_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIOVIRT_PURE", "1")
    assert isinstance(default_engine(), TwinEngine)


def test_a_kernel_without_clone3_gets_the_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    old = dataclasses.replace(abilities(), clone3=False)
    monkeypatch.setattr(_engine, "abilities", lambda: old)
    assert isinstance(default_engine(), TwinEngine)


def test_a_build_without_helper_gets_the_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiovirt.processes._spawn", None)
    assert isinstance(default_engine(), TwinEngine)


def test_abilities_are_found_out_once() -> None:
    assert abilities() is abilities()


def test_a_system_call_is_made_by_its_number() -> None:
    assert raw_syscall(GETPID[os.uname().machine]) == os.getpid()


def test_a_failed_system_call_is_an_error() -> None:
    with pytest.raises(OSError, match=os.strerror(errno.ENOSYS)):
        raw_syscall(100_000)
