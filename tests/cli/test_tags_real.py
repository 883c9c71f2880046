"""Verbs about tags at a vCenter."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from clirun import Done, squeezed
from vcsimlab import Simulator
from vcsimlab.resttags import rest_tags

from aiovirt.cli import main

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

Program = Callable[..., Done]
VM = "DC0_H0_VM0"


@pytest.fixture
def program(
    vcenter: Simulator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Program:
    """Run the program at a host of the vCenter."""
    uri = vcenter.uri("/DC0/DC0_H0", cacert=str(vcenter.ca))
    monkeypatch.setenv("AIOVIRT_DEFAULT_URI", uri)
    monkeypatch.setenv("LIBVIRT_AUTH_FILE", str(vcenter.auth_file))

    def run(*argv: str) -> Done:
        status = main(argv)
        out, err = capfd.readouterr()
        return Done(status, out, err)

    return run


def test_tags_are_made_attached_found_and_deleted(program: Program, vcenter: Simulator) -> None:
    made = program("tag-category-create", "tier", "--kind", "domain", "--kind", "pool")
    assert made.out == "Category 'tier' created\n"
    assert program("tag-create", "gold", "tier").out == "Tag 'tier/gold' created\n"
    assert program("tag-attach", VM, "gold").out == f"Tag 'gold' attached to domain '{VM}'\n"
    assert program("tag-attach", "LocalDS_0", "gold", "--kind", "pool").status == 0
    (found,) = program("tag-show", VM, "-o", "json").json
    assert found == {"name": "gold", "category": "tier", "description": ""}
    assert program("tag-show", "LocalDS_0", "--kind", "pool", "-o", "name").out == "gold\n"
    rows = squeezed(program("tag-find", "gold").out).splitlines()
    assert rows == ["Name Kind", f"{VM} domain", "LocalDS_0 pool"]
    with rest_tags(vcenter) as rest:
        assert len(rest.objects("gold")) == 2
    assert program("tag-detach", "LocalDS_0", "gold", "--kind", "pool").status == 0
    refused = program("tag-delete", "gold")
    assert (refused.status, "--force" in refused.err) == (1, True)
    assert program("tag-detach", VM, "gold", "--category", "tier").status == 0
    assert program("tag-delete", "gold").out == "Tag 'gold' deleted\n"
    assert program("tag-category-delete", "tier").out == "Category 'tier' deleted\n"


def test_tags_are_listed(program: Program, vcenter: Simulator) -> None:
    with rest_tags(vcenter) as rest:
        rest.make("gold", "tier")
        rest.make("jane", "owner")
    rows = squeezed(program("tag-list").out).splitlines()
    assert rows == ["Name Category Description", "jane owner of others", "gold tier of others"]
    assert program("tag-list", "--category", "tier", "-o", "name").out == "gold\n"
    rows = squeezed(program("tag-category-list").out).splitlines()
    assert rows == ["Name Tags For Description", "owner any all", "tier any all"]
    wrong = program("tag-list", "--category", "zzz")
    assert (wrong.status, "hint: there are: owner, tier" in wrong.err) == (1, True)
