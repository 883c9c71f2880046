"""Verbs that tell who a domain is and what state it is in."""

from __future__ import annotations

import pytest
from clirun import Define, Run
from fakeguest import Guest, silent


@pytest.mark.parametrize("verb", ["domid", "domname", "domuuid"])
def test_a_domain_is_found_by_each_of_its_identities(run: Run, web1: Guest, verb: str) -> None:
    identities = ("1", "web1", str(web1.key.uuid), web1.key.uuid.hex)
    assert len({run(verb, identity).out for identity in identities}) == 1


def test_a_name_of_digits_is_found_when_no_id_fits(run: Run, define: Define) -> None:
    define("42")
    assert run("domname", "42").out == "42\n"


def test_an_id_goes_before_a_name(run: Run, define: Define) -> None:
    define("1")
    define("web1")
    run("start", "web1")
    assert run("domname", "1").out == "web1\n"


def test_what_is_not_there_is_an_error_with_a_hint(run: Run) -> None:
    done = run("domstate", "nosuch")
    assert (done.status, done.out) == (1, "")
    assert done.err == "error: no domain 'nosuch'\nhint: aiovirt list --all shows what there is\n"


def test_a_domain_that_is_off_has_no_id(run: Run, define: Define) -> None:
    define("web1")
    assert run("domid", "web1").out == "-\n"
    assert run("domid", "web1", "-o", "json").json["id"] is None


@pytest.mark.usefixtures("web1")
def test_domstate_says_why_when_asked(run: Run) -> None:
    assert run("domstate", "web1").out == "running\n"
    assert run("domstate", "--reason", "web1").out == "running (booted)\n"


@pytest.mark.usefixtures("web1")
def test_dominfo_shows_what_virsh_shows(run: Run) -> None:
    lines = dict(line.split(":", 1) for line in run("dominfo", "web1").out.splitlines())
    shown = {heading: value.strip() for heading, value in lines.items()}
    del shown["UUID"]
    assert shown == {
        "Id": "1",
        "Name": "web1",
        "OS Type": "hvm",
        "State": "running",
        "CPU(s)": "2",
        "CPU time": "1.5s",
        "Max memory": "1048576 KiB",
        "Used memory": "524288 KiB",
        "Persistent": "yes",
        "Autostart": "disable",
    }


@pytest.mark.usefixtures("web1")
def test_dominfo_gives_programs_bytes_and_nanoseconds(run: Run) -> None:
    info = run("dominfo", "web1", "-o", "json").json
    assert (info["memory"], info["cpu_time_ns"]) == (512 * 1024**2, 1_500_000_000)


def test_domcontrol_says_that_the_hypervisor_is_silent(run: Run, web1: Guest) -> None:
    assert run("domcontrol", "web1").out == "ok\n"
    silent(web1)
    assert run("domcontrol", "web1").out == "unresponsive: no answer in 5 s\n"
