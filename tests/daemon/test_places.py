"""Where a daemon's files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.daemon.places import Places, config_file
from aiovirt.daemon.settings import Settings, SocketSettings, StateSettings

USER = {"XDG_RUNTIME_DIR": "/run/user/7", "XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c"}


@pytest.mark.parametrize(
    ("settings", "main", "state"),
    [
        (Settings(), "/run/aiovirt/aiovirt-sock", "/var/lib/aiovirt"),
        (
            Settings(sockets=SocketSettings(libvirt_names=True)),
            "/run/libvirt/libvirt-sock",
            "/var/lib/aiovirt",
        ),
        (Settings(session=True), "/run/user/7/aiovirt/aiovirt-sock", "/s/aiovirt/daemon"),
        (
            Settings(session=True, sockets=SocketSettings(libvirt_names=True)),
            "/run/user/7/libvirt/libvirt-sock",
            "/s/aiovirt/daemon",
        ),
        (
            Settings(sockets=SocketSettings(folder=Path("/f")), state=StateSettings(Path("/g"))),
            "/f/aiovirt-sock",
            "/g",
        ),
    ],
)
def test_places_follow_from_the_settings(settings: Settings, main: str, state: str) -> None:
    places = Places.of(settings, USER)
    assert (str(places.main), str(places.state)) == (main, state)


def test_the_other_sockets_are_beside_it() -> None:
    places = Places.of(Settings(), USER)
    assert (places.readonly.name, places.admin.name) == ("aiovirt-sock-ro", "aiovirt-admin-sock")


def test_a_user_has_settings_of_the_own() -> None:
    assert config_file(session=True, environment=USER) == Path("/c/aiovirt/aiovirtd.toml")
    assert config_file(session=False, environment=USER) == Path("/etc/aiovirt/aiovirtd.toml")


def test_a_relative_folder_of_the_environment_counts_as_none() -> None:
    config = config_file(session=True, environment={"XDG_CONFIG_HOME": "here"})
    assert config == Path.home() / ".config/aiovirt/aiovirtd.toml"
