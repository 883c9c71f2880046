"""The page about the command line names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from clirun import Run

from aiovirt.cli.verbs import VERBS, verb_name
from aiovirt.model.domain import Control

PAGE = (Path(__file__).parents[2] / "docs/cli.md").read_text()


def section(title: str) -> set[str]:
    """The code words that follow a bold title up to the next empty line."""
    text = PAGE.partition(f"**{title}**:")[2].partition("\n\n")[0]
    return set(re.findall(r"`([a-z-]+)`", text))


@pytest.mark.parametrize("title", VERBS)
def test_every_verb_stands_in_its_group(title: str) -> None:
    assert section(title) == {verb_name(verb) for verb in VERBS[title]}


@pytest.mark.usefixtures("web1")
def test_the_example_of_a_domain_has_the_keys_there_are(run: Run) -> None:
    example = PAGE.partition("```json\n")[2].partition("```")[0]
    keys = re.findall(r'^  "(\w+)":', example, re.MULTILINE)
    (domain,) = run("list", "-o", "json").json
    assert keys == list(domain)


@pytest.mark.parametrize("control", Control)
def test_every_control_state_is_named(control: Control) -> None:
    assert f"`{control.value}`" in PAGE
