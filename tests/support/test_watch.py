"""The watch over tests fails a test that leaks, and only such a one."""

from __future__ import annotations

import textwrap

import anyio
import leaks
import pytest

pytest_plugins = ["pytester"]

LEAKS = {
    "descriptor": "def test_it(): import os; os.open('/dev/null', os.O_RDONLY)",
    "child": "def test_it(): import os; os.fork() or os._exit(0)",
    "tasks": """
        import asyncio, pytest
        @pytest.mark.asyncio
        async def test_it():
            task = asyncio.get_running_loop().create_task(asyncio.sleep(3600))
            await asyncio.sleep(0)
        """,
    "never retrieved": """
        import asyncio, pytest
        async def fail(): raise ValueError
        @pytest.mark.asyncio
        async def test_it():
            asyncio.get_running_loop().create_task(fail())
            await asyncio.sleep(0)
        """,
}


@pytest.fixture
def suite(pytester: pytest.Pytester, pytestconfig: pytest.Config) -> pytest.Pytester:
    """A test suite of its own that is watched as this one is."""
    conftest = pytestconfig.rootpath / "tests/conftest.py"
    pytester.makeconftest(conftest.read_text())
    pytester.makeini(
        f"[pytest]\nasyncio_default_fixture_loop_scope = function\n"
        f"pythonpath = {pytestconfig.rootpath / 'tests/support'}"
    )
    return pytester


@pytest.mark.parametrize("name", LEAKS)
def test_what_is_left_behind_fails_the_test(suite: pytest.Pytester, name: str) -> None:
    suite.makepyfile(textwrap.dedent(LEAKS[name]))
    result = suite.runpytest_subprocess("-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(f"*left behind:*{name}*")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.anyio
async def test_a_test_that_hangs_is_ended_on_its_loop() -> None:
    with pytest.raises(TimeoutError):
        await leaks.without_leaked_tasks(anyio.sleep_forever, limit_s=0)()


def test_a_test_that_cleans_up_passes(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(tmp_path): (tmp_path / 'a').write_text('b')")
    suite.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.parametrize(("ci", "outcome"), [("true", "errors"), ("", "skipped")])
def test_a_missing_counterpart_fails_in_ci_and_skips_elsewhere(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str
) -> None:
    monkeypatch.setenv("CI", ci)
    suite.makepyfile(
        "import counterparts, pytest\n"
        "@pytest.fixture\n"
        "def absent(): counterparts.absent('qemu-img', 'qemu-utils')\n"
        "def test_it(absent): pass\n"
    )
    result = suite.runpytest_subprocess("-p", "no:cacheprovider", "-rs")
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines("*install the Debian package qemu-utils*")


def test_hypothesis_keeps_nothing_in_the_checkout(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        "from hypothesis import given, strategies\n"
        "@given(strategies.text())\n"
        "def test_it(text): pass\n"
    )
    suite.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
    assert not (suite.path / ".hypothesis").exists()
