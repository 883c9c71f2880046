"""Verbs that change what a domain is doing."""

from __future__ import annotations

import pytest
from clirun import Define, Run
from fakeguest import Guest
from fakehost import FakeHost

from aiovirt.model.domain import StateReason

SENTENCES = {
    "shutdown": "Domain 'web1' is being shutdown",
    "reboot": "Domain 'web1' is being rebooted",
    "reset": "Domain 'web1' was reset",
    "destroy": "Domain 'web1' destroyed",
    "suspend": "Domain 'web1' suspended",
    "resume": "Domain 'web1' resumed",
}


@pytest.mark.parametrize(("verb", "sentence"), SENTENCES.items())
@pytest.mark.usefixtures("web1")
def test_a_change_is_confirmed_in_the_words_of_virsh(run: Run, verb: str, sentence: str) -> None:
    done = run(verb, "web1")
    assert (done.status, done.out, done.err) == (0, f"{sentence}\n", "")


@pytest.mark.parametrize("verb", SENTENCES)
def test_what_does_not_run_is_refused_with_a_hint(run: Run, define: Define, verb: str) -> None:
    define("web1")
    done = run(verb, "web1")
    assert (done.status, done.out) == (1, "")
    assert done.err == "error: domain 'web1' is not running\nhint: aiovirt start web1\n"


def test_start_paused_leaves_it_paused(run: Run, define: Define) -> None:
    guest = define("web1")
    assert run("start", "--paused", "web1").out == "Domain 'web1' started\n"
    assert guest.reason is StateReason.PAUSED_USER


def test_start_of_what_runs_is_refused(run: Run, web1: Guest) -> None:
    done = run("start", "web1")
    assert (done.status, web1.id) == (1, 1)
    assert done.err == "error: domain 'web1' is already running\n"


def test_shutdown_waits_until_it_is_off(run: Run, web1: Guest) -> None:
    assert run("shutdown", "--wait", "web1").out == "Domain 'web1' is shut off\n"
    assert web1.id is None


@pytest.mark.usefixtures("web1")
def test_a_guest_that_does_not_obey_ends_at_the_deadline(run: Run, host: FakeHost) -> None:
    host.stubborn = True
    done = run("shutdown", "--wait", "--timeout", "0.05", "web1")
    assert done.status == 1
    assert done.err.startswith("error: shutdown did not finish within 0.05 s")


@pytest.mark.parametrize(("options", "way"), [((), "hard"), (("--graceful",), "gracefully")])
def test_destroy_hands_on_how(run: Run, web1: Guest, options: tuple[str, ...], way: str) -> None:
    run("destroy", *options, "web1")
    assert web1.pulled == way


def test_a_confirmation_has_a_form_for_programs(run: Run, web1: Guest) -> None:
    expected = {"name": "web1", "uuid": str(web1.key.uuid), "result": "suspended"}
    assert run("suspend", "web1", "-o", "json").json == expected


@pytest.mark.usefixtures("web1")
def test_quiet_confirms_nothing(run: Run) -> None:
    assert run("-q", "suspend", "web1").out == ""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "trio"])
def test_every_event_loop_carries_verbs(
    run: Run, define: Define, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    monkeypatch.setenv("AIOVIRT_BACKEND", loop)
    define("web1")
    assert run("start", "web1").status == 0
    assert run("shutdown", "--wait", "web1").status == 0


def test_an_event_loop_that_is_not_known_is_a_usage_error(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOVIRT_BACKEND", "twisted")
    done = run("list")
    assert done.status == 2
    assert "hint: known: asyncio, uvloop, trio" in done.err
