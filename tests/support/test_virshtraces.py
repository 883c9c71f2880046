"""The list of virsh commands: what it says succeeds does succeed."""

from __future__ import annotations

from pathlib import Path

import pytest
from libvirtlab import Lab
from virshtraces import GROUPS, Answer, Command, Group, run_group


@pytest.mark.real
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name.replace(" ", "-"))
def test_every_command_succeeds_by_real_virsh(lab: Lab, tmp_path: Path, group: Group) -> None:
    silent = [
        " ".join(argv)
        for command, argv, output in run_group(lab, group, tmp_path)
        if command.answer is Answer.CHANGES and not output.strip()
    ]
    assert not silent


def test_a_line_says_what_its_answer_is_good_for() -> None:
    assert Command.parse("~ domstats 'a b'") == Command(("domstats", "a b"), Answer.CHANGES)
    assert Command.parse("start vm1") == Command(("start", "vm1"), Answer.ACTS)


def test_paths_and_the_id_are_filled_in() -> None:
    command = Command.parse("? domname {id} {folder}/a")
    assert command.argv(Path("/x"), "3") == ["domname", "3", "/x/a"]


def test_no_group_says_a_question_twice() -> None:
    for group in GROUPS:
        asked = [command.words for command in group.commands if command.answer is not Answer.ACTS]
        assert len(asked) == len(set(asked))
