"""The fixtures serve tests of any async plugin, or of none, and cost nothing unused."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import aiovirt
from aiovirt import Connection
from aiovirt.errors import AiovirtError, HostError
from aiovirt.testing import Faults, TestHost, ThreadedDaemon

GUIDE = Path(__file__).parents[2] / "docs" / "testing.md"


def python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=env,
        text=True,
        capture_output=True,
        check=False,
        timeout=100,
    )


@pytest.mark.real  # virsh is one of the clients
@pytest.mark.timeout(120)
def test_the_guides_suite_passes_under_all_plugins(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "test_guide.py").write_text("\n".join(blocks))
    options = ("-q", "-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function")
    done = python("-W", "error", "-m", "pytest", *options, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_unused_it_loads_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, pytest, aiovirt.testing.pytest_plugin as p;"
        "print(*sorted({'anyio', 'lxml', 'aiovirt.drivers.test'} & set(sys.modules)))"
    )
    assert python("-c", code, folder=tmp_path).stdout.split() == []


@pytest.fixture
def aiovirt_document() -> str:
    return "<node><network><name>lab</name></network></node>"


async def names(host: Connection) -> list[str]:
    return [network.name for network in await host.networks.list()]


def test_a_suite_says_what_there_is(aiovirt_host: TestHost) -> None:
    assert asyncio.run(names(aiovirt_host)) == ["lab"]


def test_a_daemon_serves_the_same_host_with_its_faults(
    aiovirt_daemon: ThreadedDaemon, aiovirt_faults: Faults
) -> None:
    async def client() -> list[str]:
        async with aiovirt.open(aiovirt_daemon.uri) as host:
            aiovirt_faults.fail("Networks.keys", HostError)
            with pytest.raises(AiovirtError, match="as was asked for"):
                await names(host)
            return await names(host)

    assert asyncio.run(client()) == ["lab"]
    assert aiovirt_faults.calls["Networks.keys"] == 2
