"""The sockets that a daemon listens at, and that it takes nobody else's."""

from __future__ import annotations

import grp
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from aiovirt.daemon.places import Places
from aiovirt.daemon.settings import AccessSettings, Settings, SocketSettings, TcpSettings
from aiovirt.daemon.sockets import hold_lock, open_sockets
from aiovirt.daemon.systemd import Handed
from aiovirt.errors import Busy, ConfigError, HostError

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(sockets=SocketSettings(folder=tmp_path / "run"))


@pytest.fixture
def places(settings: Settings) -> Places:
    return Places.of(settings)


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_each_socket_is_for_whom_it_is(settings: Settings, places: Places) -> None:
    async with open_sockets(settings, places) as found:
        assert {one.role: Path(one.where) for one in found} == {
            "main": places.main,
            "readonly": places.readonly,
            "admin": places.admin,
        }
        assert [mode(Path(one.where)) for one in found] == [0o660, 0o666, 0o600]


async def test_a_user_has_no_socket_for_readers_and_shares_none(
    settings: Settings, places: Places
) -> None:
    async with open_sockets(replace(settings, session=True), places) as found:
        assert [(one.role, mode(Path(one.where))) for one in found] == [
            ("main", 0o600),
            ("admin", 0o600),
        ]
    assert mode(places.sockets) == 0o700


async def test_the_paths_are_gone_afterwards(settings: Settings, places: Places) -> None:
    async with open_sockets(settings, places):
        assert places.main.exists()
    assert [path.name for path in places.sockets.iterdir()] == ["aiovirt-sock.lock"]


async def test_what_a_killed_daemon_left_is_replaced(settings: Settings, places: Places) -> None:
    places.sockets.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(places.main))
    async with open_sockets(settings, places):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(places.main))


async def test_a_socket_that_somebody_listens_at_is_left_alone(
    settings: Settings, places: Places
) -> None:
    places.sockets.mkdir()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(places.main))
        other.listen()
        with pytest.raises(Busy, match="another daemon listens"):
            async with open_sockets(settings, places):
                pass
    assert places.main.exists()


async def test_what_is_no_socket_is_left_alone(settings: Settings, places: Places) -> None:
    places.sockets.mkdir()
    places.main.mkdir()
    with pytest.raises(HostError):
        async with open_sockets(settings, places):
            pass
    assert places.main.is_dir()


async def test_a_second_daemon_is_refused(settings: Settings, places: Places) -> None:
    async with open_sockets(settings, places):
        with pytest.raises(Busy, match=f"pid {os.getpid()}"):
            async with open_sockets(settings, places):
                pass
        assert places.main.exists()


async def test_a_path_that_another_has_taken_meanwhile_stays(
    settings: Settings, places: Places
) -> None:
    async with open_sockets(settings, places):
        places.main.unlink()
        places.main.write_text("another's")
    assert places.main.exists()


async def test_both_sockets_belong_to_the_group(settings: Settings, places: Places) -> None:
    group = grp.getgrall()[-1] if os.geteuid() == 0 else grp.getgrgid(os.getegid())
    access = replace(settings.access, unix_group=group.gr_name)
    async with open_sockets(replace(settings, access=access), places):
        assert {places.main.stat().st_gid, places.readonly.stat().st_gid} == {group.gr_gid}


async def test_a_group_that_is_not_there_is_named(settings: Settings, places: Places) -> None:
    access = AccessSettings(unix_group="no-such-group")
    with pytest.raises(ConfigError, match="no-such-group"):
        async with open_sockets(replace(settings, access=access), places):
            pass
    assert not places.main.exists()


async def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    settings = Settings(sockets=SocketSettings(folder=tmp_path / ("x" * 120)))
    async with open_sockets(settings, Places.of(settings)) as found:
        assert mode(Path(found[0].where)) == 0o660


async def test_tcp_listens_at_one_port_of_all_families(settings: Settings, places: Places) -> None:
    settings = replace(settings, tcp=TcpSettings(listen=True, port=0))
    async with open_sockets(settings, places) as found:
        ports = {one.sock.getsockname()[1] for one in found if one.role == "tcp"}
        assert len(ports) == 1


async def test_a_port_that_is_taken_is_told(settings: Settings, places: Places) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        tcp = TcpSettings(listen=True, address="127.0.0.1", port=other.getsockname()[1])
        with pytest.raises(Busy, match="another program listens"):
            async with open_sockets(replace(settings, tcp=tcp), places):
                pass


async def test_an_address_that_is_none_is_told(settings: Settings, places: Places) -> None:
    tcp = TcpSettings(listen=True, address="256.1.1.1:9")
    with pytest.raises(ConfigError, match=r"256\.1\.1\.1:9"):
        async with open_sockets(replace(settings, tcp=tcp), places):
            pass


@pytest.mark.parametrize(
    ("names", "role"),
    [
        ("aiovirtd.socket aiovirt-sock", "main"),
        ("aiovirtd-ro.socket x", "readonly"),
        (" aiovirt-sock-ro", "readonly"),
        ("aiovirtd-admin.socket x", "admin"),
        ("unknown libvirt-admin-sock", "admin"),
    ],
)
async def test_a_socket_of_systemd_is_known_by_its_name_or_path(
    settings: Settings, places: Places, tmp_path: Path, names: str, role: str
) -> None:
    name, path = names.split(" ")
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(tmp_path / path))
    sock.listen()
    async with open_sockets(settings, places, [Handed(sock, name)]) as found:
        assert [one.role for one in found] == [role]
    assert sock.fileno() == -1
    assert (tmp_path / path).exists()


@pytest.mark.parametrize(("name", "role"), [("aiovirtd-tls.socket", "tls"), ("other", "tcp")])
async def test_a_tcp_socket_of_systemd_is_known_by_its_name(
    settings: Settings, places: Places, closing: ExitStack, name: str, role: str
) -> None:
    sock = closing.enter_context(socket.create_server(("127.0.0.1", 0)))
    async with open_sockets(settings, places, [Handed(sock, name)]) as found:
        assert [one.role for one in found] == [role, "main", "readonly", "admin"]


def test_a_lock_is_given_back(tmp_path: Path) -> None:
    for _ in range(2):
        with hold_lock(tmp_path / "lock", "is here"):
            pass
