"""What tests of the command line share: a host in memory, and the program as a function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import fakehost
import pytest
from clirun import Both, Define, Done, Run, document, squeezed
from fakeguest import Guest
from libvirtlab import Lab, run_virsh

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
def at(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Return what runs commands at a URI, by the login of an auth file: ``at(uri, file)(…)``."""

    def run(*argv: str) -> Done:
        status = main(argv)
        out, err = capfd.readouterr()
        return Done(status, out, err)

    def at(uri: str, auth_file: Path) -> Run:
        monkeypatch.setenv("AIOVIRT_DEFAULT_URI", uri)
        monkeypatch.setenv("LIBVIRT_AUTH_FILE", str(auth_file))
        return run

    return at


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


@pytest.fixture
def lab_run(lab: Lab, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run one command on a real libvirtd."""

    def run(*argv: str, driver: str = "qemu:///system") -> Done:
        status = main(["--connect", lab.uri("unix", driver), *argv])
        out, err = capfd.readouterr()
        return Done(status, out, err)

    return run


@pytest.fixture
def both(lab_run: Run, lab: Lab) -> Both:
    """Run one command by both programs; what they print, without headings and empty lines."""

    def both(*argv: str, driver: str = "qemu:///system") -> tuple[str, str]:
        done = lab_run("-q", *argv, driver=driver)
        assert done.status == 0, done.err
        return squeezed(done.out), squeezed(run_virsh(lab, *argv, driver=driver))

    return both
