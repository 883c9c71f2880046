"""Sound, and where it goes."""

from __future__ import annotations

import pytest

from aiovirt.config import Audio, AudioOutput, problems


@pytest.mark.parametrize(("kind", "wrong"), [("alsa", []), ("spice", ["dev"])])
def test_only_some_kinds_have_a_device(kind: str, wrong: list[str]) -> None:
    audio = Audio(id=1, type=kind, output=AudioOutput(dev="hw:0"))
    assert [str(problem).split(": ")[1].split(" ")[0] for problem in problems(audio)] == wrong
