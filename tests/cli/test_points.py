"""Trees and specifications of snapshots."""

from __future__ import annotations

import pytest

from aiovirt.cli.failures import UsageError
from aiovirt.cli.points import split_spec, tree_text


def test_a_tree_as_virsh_draws_it() -> None:
    parents = {"s1": None, "s2": "s1", "s3": "s1", "s4": "s2"}
    assert (
        tree_text(parents).splitlines()
        == [
            "s1",
            "  |",
            "  +- s2",
            "  |   |",
            "  |   +- s4",
            "  |",
            "  +- s3",
            "",
        ][:7]
    )


def test_one_whose_parent_is_not_shown_stands_at_the_top() -> None:
    assert tree_text({"s2": "s1"}).split() == ["s2"]
    assert tree_text({"s2": "s1"}, "s1").split() == ["s1", "|", "+-", "s2"]


def test_two_commas_are_one_of_a_value() -> None:
    assert split_spec("vda,file=/a,,b", "--diskspec", ("file",)) == ("vda", {"file": "/a,b"})


@pytest.mark.parametrize("spec", ["vda,nonsense=1", "vda,file"])
def test_what_is_not_known_is_refused(spec: str) -> None:
    with pytest.raises(UsageError, match="is not known"):
        split_spec(spec, "--diskspec", ("file",))
