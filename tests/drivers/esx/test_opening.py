"""Opening: who we are, what the server is, and which part of a vCenter is meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from esxhosts import opening
from vcsimlab import Simulator

from aiovirt import _open
from aiovirt.errors import AiovirtError, AuthenticationFailed, ConfigError, PermissionDenied
from aiovirt.model.credentials import Login
from aiovirt.objects import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def names(host: Connection) -> list[str]:
    """Return the names of all domains."""
    return [each.name for each in await host.domains.list()]


async def refused(uri: str, login: Login | None) -> AiovirtError:
    """Return why a URI is not opened."""
    with pytest.raises(AiovirtError) as caught:
        async with _open.open(uri, credentials=login):
            raise AssertionError("it was opened")
    return caught.value


async def test_an_esx_host(esx: Simulator) -> None:
    async with opening(esx) as host:
        assert await names(host) == ["ha-host_VM0", "ha-host_VM1"]


async def test_a_whole_vcenter(vcenter: Simulator) -> None:
    async with opening(vcenter, "/") as host:
        assert len(await names(host)) == 4


@pytest.mark.parametrize(
    ("path", "prefix", "count"),
    [
        ("/DC0", "DC0_", 4),
        ("/DC0/DC0_H0", "DC0_H0_", 2),
        ("/DC0/DC0_H0/DC0_H0", "DC0_H0_", 2),
        ("/DC0/DC0_C0", "DC0_C0_", 2),
        ("/DC0/DC0_C0/DC0_C0_H0", "DC0_C0_", 2),
    ],
)
async def test_a_part_of_a_vcenter(vcenter: Simulator, path: str, prefix: str, count: int) -> None:
    async with opening(vcenter, path) as host:
        found = await names(host)
    assert len(found) == count
    assert all(name.startswith(prefix) for name in found)


async def test_a_path_that_is_not_there_is_told_with_what_is(vcenter: Simulator) -> None:
    with pytest.raises(ConfigError, match="'DC0_X'") as caught:
        async with opening(vcenter, "/DC0/DC0_X"):
            pass
    assert caught.value.field == "path"
    assert "DC0_C0, DC0_H0" in (caught.value.hint or "")


async def test_plain_http_to_a_port_that_speaks_tls(esx: Simulator) -> None:
    uri = f"esx://127.0.0.1:{esx.port}/?transport=http"
    error = await refused(uri, Login(esx.user, esx.password))
    assert "TLS" in (error.hint or "")


async def test_each_kind_of_server_has_its_scheme(vcenter: Simulator, esx: Simulator) -> None:
    for simulator, wrong, right in ((vcenter, "esx", "vpx"), (esx, "vpx", "esx")):
        uri = f"{wrong}://127.0.0.1:{simulator.port}/?cacert={simulator.ca}"
        error = await refused(uri, Login(simulator.user, simulator.password))
        assert isinstance(error, ConfigError)
        assert error.hint == f"write {right}:// instead of {wrong}://"


async def test_a_wrong_password(vsphere: Simulator) -> None:
    uri = vsphere.uri(cacert=str(vsphere.ca))
    error = await refused(uri, Login(vsphere.user, "wrong"))
    assert isinstance(error, AuthenticationFailed)
    assert "wrong" not in str(error)


async def test_no_password_at_all(esx: Simulator) -> None:
    error = await refused(esx.uri(cacert=str(esx.ca)), None)
    assert isinstance(error, AuthenticationFailed)
    assert "[auth-esx-127.0.0.1]" in (error.hint or "")


async def test_libvirts_auth_file(esx: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBVIRT_AUTH_FILE", str(esx.auth_file))
    async with _open.open(esx.uri(cacert=str(esx.ca))) as host:
        assert await names(host)


async def test_an_unknown_certificate_is_refused(esx: Simulator) -> None:
    error = await refused(esx.uri(), Login(esx.user, esx.password))
    assert isinstance(error, AuthenticationFailed)
    assert "thumbprint=" in f"{error} {error.hint}"


@pytest.mark.parametrize("how", ["thumbprint", "no_verify"])
async def test_other_ways_to_trust(esx: Simulator, how: str) -> None:
    ways = {"thumbprint": esx.uri(thumbprint=esx.thumbprint), "no_verify": esx.uri(no_verify="1")}
    login = Login(esx.user, esx.password)
    async with _open.open(ways[how], credentials=login) as host:
        assert await names(host)


async def test_a_ca_file_that_is_not_there(esx: Simulator, tmp_path: Path) -> None:
    uri = esx.uri(cacert=str(tmp_path / "none.pem"))
    assert "none.pem" in str(await refused(uri, Login(esx.user, esx.password)))


async def test_a_vcenter_that_does_not_manage_the_host(esx: Simulator) -> None:
    with pytest.raises(ConfigError) as caught:
        async with opening(esx, vcenter="*"):
            pass
    assert caught.value.field == "vcenter"


async def test_a_readonly_connection_changes_nothing(esx: Simulator) -> None:
    async with opening(esx, readonly=True) as host:
        vm = await host.domains.get("ha-host_VM0")
        with pytest.raises(PermissionDenied):
            await vm.destroy()
        with pytest.raises(PermissionDenied):
            await vm.config(secure=True)
        assert await vm.is_active()
    assert "PowerOffVM_Task" not in esx.counts()


async def test_the_session_ends_with_the_block(esx: Simulator) -> None:
    async with opening(esx):
        pass
    assert esx.counts()["Logout"] == 1


async def test_no_host_at_all() -> None:
    error = await refused("esx:///", Login("root", "x"))
    assert isinstance(error, ConfigError)
    assert error.field == "host"
