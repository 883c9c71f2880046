"""Verbs about the host."""

from __future__ import annotations

import pytest
from clirun import Run
from fakehost import FakeHost


@pytest.mark.parametrize(
    ("verb", "out"),
    [
        ("hostname", "fakehost\n"),
        ("capabilities", "<capabilities/>\n"),
        ("domcapabilities", "<domainCapabilities/>\n"),
        ("uri", "fake:///lab\n"),
    ],
)
def test_an_answer_is_printed_as_it_is(run: Run, verb: str, out: str) -> None:
    assert run(verb).out == out


def test_the_version_is_ours_and_the_hypervisors(run: Run) -> None:
    assert "Running hypervisor: Fake 1.2.3" in run("version").out
    assert run("version", "-o", "json").json["hypervisor"] == "Fake 1.2.3"


OPTIONS = {"virttype": "type", "emulatorbin": "emulator", "arch": "arch", "machine": "machine"}


@pytest.mark.parametrize(("option", "name"), OPTIONS.items())
def test_each_option_of_domcapabilities_reaches_the_host(run: Run, option: str, name: str) -> None:
    assert run("domcapabilities", f"--{option}", f"fake-{name}").status == 0
    assert run("domcapabilities", f"--{option}", "other").err == f"error: no {name} 'other'\n"


def test_uri_opens_nothing(run: Run, host: FakeHost) -> None:
    assert run("-c", "nosuch:///x", "uri").out == "nosuch:///x\n"
    assert host.guests == {}
