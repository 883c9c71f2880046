"""What is known of a procedure before a driver is."""

from __future__ import annotations

from aiovirt.daemon.service.table import admin_routes


def test_what_an_administrator_changes_is_a_change() -> None:
    """So it is recorded, although libvirt has no permission for it."""
    changing = {route.procedure.name for route in admin_routes().values() if route.changing}
    assert changing == {
        "CLIENT_CLOSE",
        "CONNECT_DAEMON_SHUTDOWN",
        "CONNECT_SET_DAEMON_TIMEOUT",
        "CONNECT_SET_LOGGING_FILTERS",
        "CONNECT_SET_LOGGING_OUTPUTS",
        "SERVER_SET_CLIENT_LIMITS",
        "SERVER_SET_THREADPOOL_PARAMETERS",
        "SERVER_UPDATE_TLS_FILES",
    }
