"""What tests of the command line share: a host in memory, and the program as a function."""

from __future__ import annotations

from pathlib import Path

import fakehost
import pytest
from clirun import Define, Done, Run, document
from fakeguest import Guest

from aiovirt import _open
from aiovirt.cli import main


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> fakehost.FakeHost:
    """An empty host behind ``fake:///lab``, which is the default."""
    host = fakehost.FakeHost()
    monkeypatch.setitem(_open.DRIVERS, "fake", "fakehost")
    monkeypatch.setitem(fakehost.HOSTS, "/lab", host)
    monkeypatch.setenv("AIOVIRT_DEFAULT_URI", "fake:///lab")
    return host


@pytest.fixture
def run(host: fakehost.FakeHost, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run one command on that host."""

    def run(*argv: str) -> Done:
        status = main(argv)
        assert not host.opened
        out, err = capfd.readouterr()
        return Done(status, out, err)

    return run


@pytest.fixture
def define(run: Run, host: fakehost.FakeHost, tmp_path: Path) -> Define:
    """Define a domain through the program."""

    def define(name: str) -> Guest:
        path = tmp_path / f"{name}.xml"
        path.write_text(document(name))
        assert run("define", str(path)).status == 0
        return host.find(lambda guest: guest.key.name == name, name)

    return define


@pytest.fixture
def web1(run: Run, define: Define) -> Guest:
    """A domain that runs."""
    guest = define("web1")
    assert run("start", "web1").status == 0
    return guest
