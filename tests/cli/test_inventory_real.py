"""The program at a vCenter, as a new user types it: each command is a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from clirun import Done, environment
from vcsimlab import Simulator

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

Program = Callable[..., Done]
VM = "DC0_H0_VM0"


@pytest.fixture
def program(vcenter: Simulator) -> Program:
    """Run the program at a host of the vCenter, or at another URI."""
    uri = vcenter.uri("/DC0/DC0_H0", cacert=str(vcenter.ca))
    env = environment(AIOVIRT_DEFAULT_URI=uri, LIBVIRT_AUTH_FILE=str(vcenter.auth_file))

    def run(*argv: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "aiovirt", *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=env,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


def test_a_machine_is_copied_moved_and_deleted(program: Program) -> None:
    assert program("clone", VM, "copy").out == f"Domain '{VM}' copied to 'copy'\n"
    assert program("folder", "copy", "web/staging").status == 0
    assert program("folder", "copy").out == "web/staging\n"
    assert program("attribute", "copy", "owner", "me").out == "Attribute 'owner' updated\n"
    assert program("attribute", "copy").out == "owner: me\n"
    assert program("template", "copy").out == "'copy' is a template now\n"
    assert program("template", "copy", "--off").status == 0
    assert program("relocate", "copy").status == 2
    assert program("relocate", "copy", "--datastore", "LocalDS_0").status == 0
    assert program("delete", "copy").out == "Domain 'copy' deleted with its files\n"


def test_maintenance_is_shown(program: Program) -> None:
    assert program("maintenance").out == "not in maintenance mode\n"
    assert program("maintenance", "none").err.splitlines()[-1].startswith("hint: there are: ")


def test_what_is_wrong_comes_with_a_hint(program: Program, vcenter: Simulator) -> None:
    uri = vcenter.uri("/DC0/DC0_X", cacert=str(vcenter.ca))
    assert "hint: there are: DC0_C0, DC0_H0" in program("-c", uri, "list").err
    wrong = uri.replace("vpx://", "esx://")
    assert "hint: write vpx:// instead of esx://" in program("-c", wrong, "list").err
