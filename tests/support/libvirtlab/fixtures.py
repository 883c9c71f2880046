"""The fixtures of the lab: one libvirtd for the whole run, and each test leaves it as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import counterparts
import pytest

from libvirtlab import cgroups, state
from libvirtlab.lab import Lab, run_lab
from libvirtlab.scratch import abandoned, new_folder

__all__ = ["lab", "libvirtd", "run_new_lab", "sasl_libvirtd"]

PROGRAMS = (
    *("libvirtd", "virsh", "libvirt_lxc", "qemu-system-x86_64", "qemu-img", "dnsmasq"),
    *("nft", "ip", "sshd", "ssh-keygen", "openssl", "unshare", "nsenter"),
)


def _need() -> None:
    """End the test when the lab cannot be had here."""
    for name in PROGRAMS:
        counterparts.program(name)
    if os.geteuid():
        pytest.skip("a libvirtd of the tests' own needs root")
    unshare = str(counterparts.program("unshare"))
    refused = subprocess.run(
        [unshare, "--mount", "--net", "--pid", "--uts", "--fork", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    if refused.returncode:
        counterparts.absent(
            f"the right to make namespaces ({refused.stderr.strip()})",
            "util-linux, and run where unshare is allowed (a container: --privileged)",
        )


def _sweep(parent: Path) -> None:
    """Remove what is left of labs whose test run was killed: files and control groups."""
    for folder in abandoned(parent):
        shutil.rmtree(folder, ignore_errors=True)
    for _, _, mount_point in cgroups.hierarchies():
        for folder in abandoned(mount_point):
            cgroups.remove_group(folder)


def run_new_lab(stack: ExitStack, *, sasl: bool = False) -> Lab:
    """Run one more lab until the stack is unwound; ends the test when none can be had."""
    _need()
    parent = Path(tempfile.gettempdir())
    _sweep(parent)
    scratch = new_folder(parent)
    stack.callback(shutil.rmtree, scratch, ignore_errors=True)
    return stack.enter_context(run_lab(scratch / "lab", sasl=sasl))


@pytest.fixture(scope="session")
def libvirtd() -> Iterator[Lab]:
    """Run a real libvirtd for the whole session; tests mostly want `lab`."""
    with ExitStack() as stack:
        yield run_new_lab(stack)


@pytest.fixture(scope="session")
def sasl_libvirtd() -> Iterator[Lab]:
    """Run a real libvirtd that asks for SASL, but on its unix socket for reading."""
    with ExitStack() as stack:
        yield run_new_lab(stack, sasl=True)


@pytest.fixture
def lab(libvirtd: Lab) -> Iterator[Lab]:
    """Return the session's libvirtd; fail a test that leaves anything defined or running in it."""
    before = state.objects(libvirtd)
    try:
        yield libvirtd
    finally:
        libvirtd.thaw()
        if not libvirtd.alive:
            libvirtd.restart()
    left = state.clean(libvirtd, state.objects(libvirtd) - before)
    if left:
        pytest.fail(f"left behind in libvirtd: {'; '.join(left)}", pytrace=False)
