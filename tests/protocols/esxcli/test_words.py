"""Words for the host's shell, and the names that a host can hold."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiovirt.protocols.esxcli import command_line, unfit

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@settings(max_examples=50)
@given(st.lists(WORDS, min_size=1, max_size=4))
def test_a_shell_reads_each_word_as_it_is(words: list[str]) -> None:
    line = command_line(["printf", r"%s\0", *words])
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True, timeout=20)
    assert done.stdout == b"".join(word.encode() + b"\0" for word in words)


def test_no_word_has_a_zero_byte() -> None:
    with pytest.raises(ValueError, match="zero byte"):
        command_line(["rm", "a\0b"])


@pytest.mark.parametrize("name", ["web1", "a b", "x'\"$;`|&", "é漢", "-n", "x" * 80])
def test_names_that_fit(name: str) -> None:
    assert unfit(name) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "empty"),
        ("  ", "empty"),
        (" a", "space"),
        ("a\nb", "line break"),
        ("x" * 81, "81 characters"),
        ("漢" * 80 + "é", "81 characters"),
        ("\U0001f600" * 61, "244 bytes"),
        ("\udc80", "Unicode"),
        ("a/b", "character /"),
    ],
)
def test_names_that_do_not(name: str, why: str) -> None:
    assert why in (unfit(name, forbidden="/") or "")
