"""virt-admin drives the daemon's process as it does libvirtd's."""

from __future__ import annotations

from collections.abc import Callable

import counterparts
import pytest
from daemonprocess import DaemonProcess

pytestmark = pytest.mark.real

Run = Callable[..., str]


@pytest.fixture
def admin(daemon: DaemonProcess, program: Run) -> Run:
    """Run virt-admin against the daemon."""
    command = counterparts.program("virt-admin")
    return lambda *words: program(command, "-q", "-c", daemon.admin_uri, *words)


def server(admin: Run) -> str:
    """The name of the server that serves libvirt's clients."""
    names = [line.split()[1] for line in admin("srv-list").splitlines() if line.strip()]
    return next(name for name in names if name != "admin")


def test_limits_are_shown_and_changed(admin: Run) -> None:
    name = server(admin)
    admin("srv-clients-set", name, "--max-clients", "321", "--max-unauth-clients", "12")
    shown = admin("srv-clients-info", name)
    figures = dict(line.split(":") for line in shown.splitlines() if ":" in line)
    assert {key.strip(): int(value) for key, value in figures.items()} == {
        "nclients_max": 321,
        "nclients": 0,
        "nclients_unauth_max": 12,
        "nclients_unauth": 0,
    }


def test_log_filters_are_changed_while_it_runs(admin: Run) -> None:
    admin("daemon-log-filters", "--filters", "1:aiovirt.daemon")
    assert "1:aiovirt.daemon" in admin("daemon-log-filters")
    assert admin("daemon-log-outputs").strip()


def test_workers_are_told_of(admin: Run) -> None:
    assert "maxWorkers" in admin("srv-threadpool-info", server(admin))


def test_its_help_needs_no_more_than_what_is_served(admin: Run) -> None:
    assert admin("uri").strip().startswith("libvirtd")
