"""The admin API of a real libvirtd, beside what virt-admin says."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import counterparts
import pytest
from libvirtlab import Lab

import aiovirt
from aiovirt import admin
from aiovirt.drivers.libvirt.admin import admin_socket
from aiovirt.errors import AiovirtError, ConfigError, NotFound, RemoteError, Unsupported
from aiovirt.model.admin import ClientTransport
from aiovirt.model.uri import URI
from aiovirt.objects.admin import AdminConnection, AdminServer

pytestmark = [pytest.mark.anyio]
real = pytest.mark.real


@pytest.fixture
async def daemon(lab: Lab) -> AsyncIterator[AdminConnection]:
    """Return the lab's libvirtd."""
    async with admin.open(f"libvirtd:///system?socket={lab.admin_socket}") as daemon:
        yield daemon


@pytest.fixture
async def server(daemon: AdminConnection) -> AdminServer:
    """Return its server for everybody."""
    return await daemon.server("libvirtd")


def virt_admin(lab: Lab, *argv: str) -> dict[str, str]:
    """Return what virt-admin tells, line by line."""
    uri = f"libvirtd:///system?socket={lab.admin_socket}"
    done = subprocess.run(
        [str(counterparts.program("virt-admin")), "-c", uri, *argv],
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


@real
async def test_the_daemon(daemon: AdminConnection) -> None:
    assert (await daemon.version())[0] >= 9
    assert {server.name for server in await daemon.servers()} == {"admin", "libvirtd"}
    with pytest.raises(NotFound):
        await daemon.server("nothing")


@real
async def test_workers(server: AdminServer, lab: Lab) -> None:
    before = await server.threadpool()
    told = virt_admin(lab, "server-threadpool-info", "libvirtd")
    steady = ("minWorkers", "maxWorkers", "prioWorkers")
    assert [str(before[name]) for name in steady] == [told[name] for name in steady]
    await server.set_threadpool(max_workers=21)
    assert (await server.threadpool())["maxWorkers"] == 21
    await server.set_threadpool(max_workers=20)
    with pytest.raises(AiovirtError):
        await server.set_threadpool(min_workers=30, max_workers=20)


@real
async def test_clients(server: AdminServer, lab: Lab) -> None:
    async with aiovirt.open(lab.uri("tcp")) as host:
        (client,) = await server.clients()
        assert client.transport is ClientTransport.TCP
        assert (await server.client(client.id)).key == client.key
        info = await client.info()
        assert info["readonly"] is False
        assert str(info["sock_addr"]).startswith("127.0.0.1")
        assert (await server.client_limits())["nclients"] == 1
        async with host.events() as events:
            await client.disconnect()
            await events.__anext__()
    with pytest.raises(NotFound):
        await server.client(client.id)


@real
async def test_limits_of_clients(server: AdminServer) -> None:
    await server.set_client_limits(max_clients=4999)
    assert (await server.client_limits())["nclients_max"] == 4999
    await server.set_client_limits(max_clients=5000)


@real
async def test_the_log(daemon: AdminConnection, lab: Lab) -> None:
    outputs = await daemon.log_outputs()
    assert virt_admin(lab, "daemon-log-outputs") == {"Logging outputs": outputs}
    await daemon.set_log_filters("3:qemu 3:rpc")
    assert await daemon.log_filters() == "3:*qemu* 3:*rpc*"
    await daemon.set_log_filters(None)
    assert await daemon.log_filters() == ""
    await daemon.set_log_outputs(outputs)


@real
async def test_the_rest(daemon: AdminConnection, server: AdminServer) -> None:
    await daemon.set_timeout(0)
    with pytest.raises(RemoteError, match="CA certificate"):  # the lab's are elsewhere
        await server.update_tls()
    with pytest.raises(Unsupported, match="older"):
        await daemon.shut_down()


SOCKETS = [
    ("libvirtd:///system", "/run/libvirt/libvirt-admin-sock"),
    ("virtqemud:///system", "/run/libvirt/virtqemud-admin-sock"),
    ("virtlogd:///session", "/run/user/7/libvirt/virtlogd-admin-sock"),
    ("libvirtd+ssh://root@host/system", "/run/libvirt/libvirt-admin-sock"),
    ("libvirtd:///system?socket=/x", "/x"),
]


@pytest.mark.parametrize(("uri", "path"), SOCKETS)
def test_which_socket_is_meant(uri: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert admin_socket(URI.parse(uri)) == path


def test_our_own_daemon_is_found_where_only_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    ours, libvirts = (tmp_path / name for name in ("aiovirt", "libvirt"))
    for folder in (ours, libvirts):
        folder.mkdir()
    (ours / "aiovirt-admin-sock").touch()
    uri = URI.parse("libvirtd:///session")
    assert admin_socket(uri) == str(ours / "aiovirt-admin-sock")
    (libvirts / "libvirt-admin-sock").touch()
    assert admin_socket(uri) == str(libvirts / "libvirt-admin-sock")


WRONG = ["qemu:///system", "libvirtd+tls://host/system", "libvirtd:///", "libvirtd+ssh://h/session"]


@pytest.mark.parametrize("uri", WRONG)
def test_what_is_no_uri_of_a_daemon_is_told(uri: str) -> None:
    with pytest.raises(ConfigError):
        admin_socket(URI.parse(uri))


async def test_a_daemon_that_does_not_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no socket"):
        async with admin.open(f"libvirtd:///system?socket={tmp_path}/none"):
            pass
