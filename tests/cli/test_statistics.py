"""Verbs that show what domains use."""

from __future__ import annotations

import pytest
from clirun import Define, Run
from fakeguest import Guest, silent

from aiovirt.cli.statistics import Groups, wanted
from aiovirt.model.mac import MacAddress
from aiovirt.model.statistics import StatsGroup


def test_no_option_means_all_groups() -> None:
    assert wanted(Groups()) is StatsGroup.ALL


def test_options_add_up() -> None:
    assert wanted(Groups(block=True, vcpu=True)) == StatsGroup.BLOCK | StatsGroup.VCPU


@pytest.mark.usefixtures("web1")
def test_domstats_shows_the_groups_that_are_asked_for(run: Run) -> None:
    assert run("domstats", "--cpu-total", "web1").out == (
        "Domain: 'web1'\n  cpu.time=30\n  cpu.user=20\n  cpu.system=10\n\n"
    )


@pytest.mark.usefixtures("web1")
def test_domstats_without_names_shows_all(run: Run, define: Define) -> None:
    define("db")
    assert run("domstats", "-o", "name").out == "db\nweb1\n"


def test_a_silent_domain_is_there_and_says_so(run: Run, web1: Guest) -> None:
    silent(web1)
    assert "  control=unresponsive: no answer in 5 s\n" in run("domstats").out
    assert run("domstats", "-o", "json").json[0]["control"] == "unresponsive"


@pytest.mark.usefixtures("web1")
def test_the_only_disk_needs_no_name(run: Run) -> None:
    assert run("domblkstat", "web1").out == run("domblkstat", "web1", "vda").out
    assert run("domblkstat", "web1").out.startswith("vda rd_req 10\nvda rd_bytes 4096\n")
    assert "number of bytes read: 4096\n" in run("domblkstat", "--human", "web1").out
    assert run("domblkstat", "web1", "-o", "json").json["wr_bytes"] == 8192


@pytest.mark.usefixtures("web1")
@pytest.mark.parametrize(("verb", "known"), [("domblkstat", "vda"), ("domifstat", "vnet0")])
def test_a_device_that_is_not_there_is_named_with_those_that_are(
    run: Run, verb: str, known: str
) -> None:
    done = run(verb, "web1", "nosuch")
    assert (done.status, done.out) == (1, "")
    assert done.err.endswith(f"hint: it has: {known}\n")


@pytest.mark.usefixtures("web1")
def test_what_is_not_known_is_left_out(run: Run) -> None:
    assert run("dommemstat", "web1").out == "actual 524288\nrss 262144\n"
    assert run("dommemstat", "web1", "-o", "json").json["current"] == 536870912


@pytest.mark.parametrize("verb", ["domblkstat", "domifstat", "dommemstat"])
def test_a_domain_that_is_off_has_no_figures(run: Run, define: Define, verb: str) -> None:
    define("web1")
    done = run(verb, "web1")
    assert (done.status, "is not running" in done.err) == (1, True)


def test_figures_of_a_silent_domain_are_an_error(run: Run, web1: Guest) -> None:
    silent(web1)
    done = run("dommemstat", "web1")
    assert (done.status, "does not answer: no answer in 5 s" in done.err) == (1, True)


def test_an_interface_may_be_named_by_its_address(run: Run, web1: Guest) -> None:
    interface = web1.config.interfaces[0]
    interface.mac, interface.target_dev = MacAddress.parse("52:54:00:00:00:01"), "vnet0"
    assert run("domifstat", "web1", "52:54:00:00:00:01").out == run("domifstat", "web1").out


@pytest.mark.usefixtures("web1")
def test_the_names_are_told_where_none_has_figures(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fakehost.INTERFACES", ())
    done = run("domifstat", "web1", "net0")
    assert done.status == 1
    assert done.err.endswith("hint: it has: vnet0\n")
