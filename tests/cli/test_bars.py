"""The bar of a transfer."""

from __future__ import annotations

import pytest

from aiovirt.cli.bars import WIDTH, bar, line


@pytest.mark.parametrize(
    ("done", "total", "expected"),
    [
        (0, 2**21, f"disk [{' ' * WIDTH}]   0% 0.0 of 2.0 MiB"),
        (2**20, 2**21, f"disk [{'=' * 15}{' ' * 15}]  50% 1.0 of 2.0 MiB"),
        (2**21, 2**21, f"disk [{'=' * WIDTH}] 100% 2.0 of 2.0 MiB"),
        (2**22, 2**21, f"disk [{'=' * WIDTH}] 100% 4.0 of 2.0 MiB"),
        (2**20, 0, "disk: 1.0 MiB"),
    ],
)
def test_a_line(done: int, total: int, expected: str) -> None:
    assert line("disk", done, total) == expected


def test_there_is_none_without_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with bar("disk") as progress:
        assert progress is None
    assert capfd.readouterr().err == ""
