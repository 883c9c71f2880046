"""The list of virsh commands: how it is read.

That each succeeds by the real virsh is seen where their answers are compared with our daemon's.
"""

from __future__ import annotations

from pathlib import Path

from virshtraces import GROUPS, Answer, Command


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
