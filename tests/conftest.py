"""What every test gets: the event loops, the watch over leaks and blocking, real counterparts."""

from __future__ import annotations

import gc
import inspect
import math
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import blocking
import counterparts
import hypothesis
import leaks
import pytest
import uvloop
from hypothesis.configuration import set_hypothesis_home_dir

from aiovirt.errors import HostError
from aiovirt.testing import tinyguest

pytest_plugins = ["libvirtlab.fixtures", "vcsimlab.fixtures", "exchanged"]

IN_LOOP = 0.9
"""The part of its time limit after which a test is cancelled on its loop.

pytest-timeout's own way, an error out of a signal's handler, does not get through anyio's runner
of trio: that one goes on waiting for the test.
"""

LOOPS = [
    pytest.param(("asyncio", {"loop_factory": None}), id="asyncio"),
    pytest.param(("asyncio", {"loop_factory": uvloop.new_event_loop}), id="uvloop"),
    pytest.param(("trio", {}), id="trio"),
]


LOOP_NAMES = tuple(str(loop.id) for loop in LOOPS)

ABOUT_PROCEDURES = tuple(
    f"tests/{name}"
    for name in (
        "adversity/test_libvirt.py",
        "drivers/esxssh/abilities/",
        "drivers/libvirt/test_admin",
        "drivers/libvirt/test_block_jobs",
        "drivers/libvirt/test_checkpoints",
        "drivers/libvirt/test_devices",
        "drivers/libvirt/test_domain_",
        "drivers/libvirt/test_guest",
        "drivers/libvirt/test_host",
        "drivers/libvirt/test_interfaces",
        "drivers/libvirt/test_lifecycle",
        "drivers/libvirt/test_migration",
        "drivers/libvirt/test_monitor",
        "drivers/libvirt/test_network",
        "drivers/libvirt/test_node",
        "drivers/libvirt/test_saved_state",
        "drivers/libvirt/test_secrets",
        "drivers/libvirt/test_snapshots",
        "drivers/libvirt/test_storage",
        "drivers/libvirt/test_tuning",
        "daemon/",
        "drivers/esx/test_beside_libvirt",
        "drivers/esx/test_operations",
        "drivers/qemu/abilities/",
        "drivers/qemu/binaries/",
        "drivers/qemu/engine/test_handed",
        "drivers/qemu/hostinfo/",
        "drivers/qemu/migration/",
        "drivers/qemu/test_definition",
        "drivers/qemu/test_events",
        "drivers/qemu/test_failures",
        "drivers/qemu/test_figures",
        "drivers/qemu/test_keycodes",
        "drivers/qemu/test_leftovers",
    )
)
"""Where the tests are that run on one loop each, by how their names begin."""


# No test depends on the clock, and none writes into the checkout: hypothesis would, what it has
# found out about constants and characters, besides the examples that its database keeps.
set_hypothesis_home_dir(Path(tempfile.gettempdir(), f"aiovirt-hypothesis-{os.getuid()}"))
hypothesis.settings.register_profile("aiovirt", deadline=None, database=None)
hypothesis.settings.load_profile("aiovirt")


def pytest_configure() -> None:
    """Watch for blocking calls from here on."""
    blocking.watch()
    # libuv opens a pipe for signals with the first loop and keeps it: no test is to blame.
    uvloop.new_event_loop().close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Watch the tasks of every test that is a coroutine function, and bound it.

    Tests with real counterparts that are about what is asked of them run on one loop each: what
    differs between loops is below them, and tested on all.

    What waits for guests and other programs goes first, file by file: tests that run abreast would
    else end with one worker that is still at it, and others that have nothing to do.
    """
    left = [item for item in items if not _on_its_loop(item)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if _on_its_loop(item)]
    slow = {item.path for item in items if item.get_closest_marker("real")}
    items.sort(key=lambda item: item.path not in slow)
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.obj = leaks.without_leaked_tasks(item.obj, limit_s=_limit(item) * IN_LOOP)


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what stays to the end: some millions of objects."""
    gc.collect()
    gc.freeze()


def _on_its_loop(item: pytest.Item) -> bool:
    """Whether a test is to run on the loop that it was made for."""
    name, bracket, rest = item.nodeid.partition("[")
    if not bracket or not item.get_closest_marker("real") or not name.startswith(ABOUT_PROCEDURES):
        return True
    loop = next((loop for loop in LOOP_NAMES if loop in rest.rstrip("]").split("-")), None)
    return loop in {None, LOOP_NAMES[crc32(name.encode()) % len(LOOP_NAMES)]}


def _limit(item: pytest.Function) -> float:
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0] if marker else item.config.getini("timeout") or math.inf)


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a descriptor or a child process."""
    with leaks.none_left():
        yield


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Run the test once on each event loop."""
    backend: tuple[str, dict[str, Any]] = request.param
    return backend


@pytest.fixture(scope="session")
def qemu() -> Path:
    """Return QEMU for x86-64."""
    return counterparts.program("qemu-system-x86_64")


@pytest.fixture(scope="session")
def qemu_img() -> Path:
    """Return qemu-img."""
    return counterparts.program("qemu-img")


@pytest.fixture(scope="session")
def qemu_storage_daemon() -> Path:
    """Return qemu-storage-daemon."""
    return counterparts.program("qemu-storage-daemon")


@pytest.fixture(scope="session")
def qemu_ga() -> Path:
    """Return the guest agent, which also runs outside of a guest."""
    return counterparts.program("qemu-ga")


@pytest.fixture(scope="session")
def strace() -> Path:
    """Return strace."""
    return counterparts.program("strace")


@pytest.fixture(scope="session")
def grammars() -> Path:
    """Return the folder of libvirt's RNG grammars."""
    return counterparts.grammars()


@pytest.fixture(scope="session")
def tiny_guest() -> tinyguest.TinyGuest:
    """Return the guest that boots in seconds, built when it was not."""
    try:
        return tinyguest.build()
    except HostError as error:
        counterparts.absent(f"the tiny guest ({error})", "linux-image-cloud-amd64 (by apt)")
