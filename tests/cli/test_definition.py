"""Verbs about definitions."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from clirun import Define, Run, document
from fakeguest import Guest
from fakehost import FakeHost


def test_a_file_that_is_not_there_is_named(run: Run) -> None:
    done = run("define", "/nonexistent.xml")
    assert (done.status, done.err) == (1, "error: /nonexistent.xml: No such file or directory\n")


def test_a_wrong_document_is_refused_by_its_line(run: Run, host: FakeHost, tmp_path: Path) -> None:
    path = tmp_path / "bad.xml"
    path.write_text("<domain type='qemu'>\n<name>x</name>\n<memory>lots</memory></domain>")
    done = run("define", str(path))
    assert (done.status, host.guests) == (1, {})
    assert done.err.startswith("error: line 3, <domain/memory>: ")
    assert done.err.count("\n") == 1


def test_the_grammar_is_asked_only_on_request(run: Run, host: FakeHost, tmp_path: Path) -> None:
    path = tmp_path / "odd.xml"
    path.write_text(document("web1").replace("<os>", "<colour/><os>"))
    refused = run("define", "--validate", str(path))
    assert (refused.status, host.guests) == (1, {})
    assert "not by libvirt's grammar" in refused.err
    assert run("define", str(path)).status == 0


def test_a_definition_comes_from_standard_input(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "stdin"
    path.write_text(document("web1"))
    with path.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        done = run("define", "-")
    assert done.out == "Domain 'web1' defined from standard input\n"


def test_defining_again_changes_what_is_there(run: Run, define: Define, tmp_path: Path) -> None:
    guest = define("web1")
    (tmp_path / "web1.xml").write_text(document("web1").replace("64", "128"))
    assert run("define", str(tmp_path / "web1.xml")).status == 0
    assert str(guest.config.memory) == "128 MiB"


def test_undefine_removes_it(run: Run, define: Define, host: FakeHost) -> None:
    define("web1")
    assert run("undefine", "web1").out == "Domain 'web1' has been undefined\n"
    assert host.guests == {}


def test_autostart_is_switched_on_and_off(run: Run, web1: Guest) -> None:
    assert run("autostart", "web1").out == "Domain 'web1' marked as autostarted\n"
    assert web1.autostart
    assert run("autostart", "--disable", "web1").out == "Domain 'web1' unmarked as autostarted\n"
    assert not web1.autostart


@pytest.mark.usefixtures("web1")
def test_the_inactive_xml_has_no_id(run: Run) -> None:
    assert "<domain type='qemu' id='1'>" in run("dumpxml", "web1").out
    assert "<domain type='qemu'>" in run("dumpxml", "--inactive", "web1").out


def test_passwords_are_shown_on_request_only(run: Run, tmp_path: Path) -> None:
    graphics = "<graphics type='vnc' passwd='hush'/></devices>"
    path = tmp_path / "web1.xml"
    path.write_text(document("web1").replace("</devices>", graphics))
    run("define", str(path))
    assert "hush" not in run("dumpxml", "web1").out
    assert "hush" in run("dumpxml", "--security-info", "web1").out


def test_dumpxml_can_be_defined_again(run: Run, web1: Guest, tmp_path: Path) -> None:
    path = tmp_path / "again.xml"
    path.write_text(run("dumpxml", "--inactive", "web1").out)
    before = web1.config.to_xml()
    assert run("define", str(path)).status == 0
    assert web1.config.to_xml() == before


def test_a_command_line_is_quoted_for_the_shell(run: Run, define: Define) -> None:
    define("my web")
    done = run("domxml-to-native", "qemu-argv", "--domain", "my web")
    assert shlex.split(done.out) == ["/usr/bin/fake", "-name", "my web"]


def test_a_command_line_is_made_of_a_file_too(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_text(document("x"))
    done = run("domxml-to-native", "qemu-argv", "--xml", str(path), "-o", "json")
    assert done.json["arguments"] == ["/usr/bin/fake", "-name", "x"]


@pytest.mark.parametrize("arguments", [(), ("--domain", "a", "--xml", "b")])
def test_a_command_line_is_of_one_thing(run: Run, arguments: tuple[str, ...]) -> None:
    done = run("domxml-to-native", "qemu-argv", *arguments)
    assert (done.status, "give either --domain or --xml" in done.err) == (2, True)


def test_a_folder_is_no_document(run: Run, tmp_path: Path) -> None:
    done = run("define", str(tmp_path))
    assert (done.status, done.err) == (1, f"error: {tmp_path}: Is a directory\n")
