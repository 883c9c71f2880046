"""What virsh gets of libvirtd it gets of our daemon, on the host in memory or on QEMU."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from daemonprocess import DaemonProcess
from libvirtlab import Lab
from parity import SERVED, compare_group, daemon_within
from virshtraces import Group

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def daemon(libvirtd: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """Run the daemon beside libvirtd, on the same network."""
    with daemon_within(libvirtd, tmp_path_factory.mktemp("d")) as running:
        yield running


@pytest.mark.parametrize("group", SERVED, ids=lambda group: group.name.replace(" ", "-"))
def test_answers_are_the_same_or_of_the_same_form(
    group: Group, lab: Lab, daemon: DaemonProcess, tmp_path: Path
) -> None:
    lines = compare_group(lab, daemon, group, tmp_path)
    assert not [line for line in lines if not line.best.passes]
    assert not [line for line in lines if line.silent]
