"""The examples of the page on configurations run."""

from __future__ import annotations

import re

import pytest

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_examples_run_one_after_the_other(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "config.md").read_text()
    blocks = BLOCK.findall(page)
    assert len(blocks) > 5
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/config.md", "exec"), names)  # noqa: S102 - our own page
