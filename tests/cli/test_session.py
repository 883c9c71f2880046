"""Opening the host, and finding domains."""

from __future__ import annotations

import pytest
from clirun import Run
from fakehost import FakeHost

from aiovirt.cli import session


def test_a_host_that_is_busy_for_a_moment_is_waited_for(run: Run, host: FakeHost) -> None:
    host.refusals = 3
    assert run("list").status == 0


def test_a_host_that_stays_busy_is_an_error_with_its_hint(
    run: Run, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE_S", 0)
    host.refusals = 1000
    done = run("list")
    assert done.status == 1
    assert done.err == (
        "error: another process has fake:///lab open\nhint: wait until it is done\n"
    )


def test_the_deadline_bounds_opening_too(run: Run, host: FakeHost) -> None:
    host.refusals = 1000
    assert "list did not finish within 0.05 s" in run("list", "--timeout", "0.05").err


@pytest.mark.parametrize("uri", ["nosuch://x", "x", "fake:///lab?a=1&a=2"])
def test_a_wrong_uri_is_an_error_in_one_sentence(run: Run, uri: str) -> None:
    done = run("-c", uri, "list")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("error: ")
