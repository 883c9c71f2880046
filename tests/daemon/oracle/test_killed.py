"""The daemon's process is killed at random moments under load: what it was told stays true."""

from __future__ import annotations

from pathlib import Path

import counterparts
import pytest
from crashoracle import Oracle

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

ROUNDS = 10
"""Here; `nox -s real` makes it 200."""


def test_no_domain_is_lost_doubled_or_half_there_and_nothing_is_orphaned(tmp_path: Path) -> None:
    counterparts.libvirt_python()
    counterparts.program("qemu-system-x86_64")
    oracle = Oracle(tmp_path)
    assert not oracle.run(ROUNDS)
    assert oracle.calls > ROUNDS
