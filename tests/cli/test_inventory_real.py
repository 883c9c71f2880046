"""The program at a vCenter, as a new user types it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from clirun import Run
from vcsimlab import Simulator

pytestmark = pytest.mark.real

VM = "DC0_H0_VM0"


@pytest.fixture
def program(vcenter: Simulator, at: Callable[..., Run]) -> Run:
    """Run the program at a host of the vCenter, or at another URI."""
    uri = vcenter.uri("/DC0/DC0_H0", cacert=str(vcenter.ca))
    return at(uri, vcenter.auth_file)


def test_a_machine_is_copied_moved_and_deleted(program: Run) -> None:
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


def test_maintenance_is_shown(program: Run) -> None:
    assert program("maintenance").out == "not in maintenance mode\n"
    assert program("maintenance", "none").err.splitlines()[-1].startswith("hint: there are: ")


def test_what_is_wrong_comes_with_a_hint(program: Run, vcenter: Simulator) -> None:
    uri = vcenter.uri("/DC0/DC0_X", cacert=str(vcenter.ca))
    assert "hint: there are: DC0_C0, DC0_H0" in program("-c", uri, "list").err
    wrong = uri.replace("vpx://", "esx://")
    assert "hint: write vpx:// instead of esx://" in program("-c", wrong, "list").err
