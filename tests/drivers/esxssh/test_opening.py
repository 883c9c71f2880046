"""What a URI says of an ESX host, and what is there in place of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from esxshell.lab import EsxLab
from sshds import SSHD, sshd, user

from aiovirt import _open
from aiovirt.drivers.esxssh.driver import IMPLEMENTATIONS, EsxSshDriver
from aiovirt.drivers.esxssh.opening import poll_seconds, target_of
from aiovirt.drivers.esxssh.reading import CHANGES
from aiovirt.errors import AuthenticationFailed, ConfigError, NotFound, PermissionDenied
from aiovirt.interfaces import Inventory, OpenOptions, StorageVolumes, supported
from aiovirt.model.keys import StorageVolumeKey
from aiovirt.model.uri import URI

pytestmark = pytest.mark.anyio


def target(text: str) -> object:
    """Return where a URI leads."""
    return target_of(URI.parse(text), OpenOptions())


def test_where_a_uri_leads() -> None:
    found = target_of(
        URI.parse("esx+ssh://root@esx1:2222/?keyfile=/k&known_hosts=/h&sshauth=agent&no_verify=1"),
        OpenOptions(),
    )
    assert (found.host, found.port, found.user) == ("esx1", 2222, "root")
    assert (found.keyfile, found.known_hosts) == (Path("/k"), Path("/h"))
    assert (found.methods, found.check) == (("agent",), "auto")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("esx+ssh:///", "host"),
        ("esx+ssh://root@esx1/system", "path"),
        ("esx+ssh://root@esx1/?socket=/x", "socket"),
        ("esx+ssh://root@esx1/?keyfiel=/x", "keyfiel"),
        ("esx+ssh://root@esx1/?keyfile=", "keyfile"),
        ("esx+ssh://root@esx1/?sshauth=magic", "sshauth"),
    ],
)
def test_a_wrong_uri_names_its_part(text: str, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        target(text)
    assert caught.value.field == field


def test_how_often_is_looked() -> None:
    assert poll_seconds(URI.parse("esx+ssh://h/")) == 10
    assert poll_seconds(URI.parse("esx+ssh://h/?poll=2.5")) == 2.5
    for word in ("0", "-1", "soon", "inf", "nan"):
        with pytest.raises(ConfigError):
            poll_seconds(URI.parse(f"esx+ssh://h/?poll={word}"))


def test_scheme_and_transport_choose_the_driver() -> None:
    assert _open.TRANSPORTS["esx", "ssh"] == "aiovirt.drivers.esxssh"
    assert _open.TRANSPORTS["esx", "unix"] == _open.LIBVIRT


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[SSHD]:
    """Return an SSH server of a host that is none of VMware's."""
    with sshd(tmp_path / "s") as running:
        yield running


@pytest.mark.real
async def test_a_host_that_is_no_esx(plain: SSHD) -> None:
    uri = (
        f"esx+ssh://{user()}@127.0.0.1:{plain.port}/?keyfile={plain.key}"
        f"&known_hosts={plain.known_hosts}"
    )
    with pytest.raises(NotFound, match="is no ESX host") as caught:
        async with _open.open(uri):
            pytest.fail("it was opened")
    assert caught.value.hint is not None


@pytest.mark.real
async def test_a_host_that_does_not_let_us_in(esx: EsxLab) -> None:
    (esx.server.folder / "authorized_keys").write_text("")
    with pytest.raises(AuthenticationFailed):
        async with _open.open(esx.uri):
            pytest.fail("it was opened")


# --- only reading ---------------------------------------------------------------------------------


def test_the_table_of_changes_names_operations_that_there_are() -> None:
    there = {kind.__name__: set(supported(kind, made)) for kind, made in IMPLEMENTATIONS.items()}
    for name, operations in CHANGES.items():
        assert operations <= there[name]


@pytest.mark.real
async def test_a_connection_that_reads_changes_nothing(esx: EsxLab) -> None:
    esx.add("web1")
    async with _open.open(esx.uri, readonly=True) as host:
        vm = await host.domains.get("web1")
        assert isinstance(host.driver, EsxSshDriver)
        driver, before = host.driver, len(esx.journal)
        inventory = driver.ability(Inventory)
        for verb in (
            vm.start,
            vm.undefine,
            lambda: inventory.clone(vm.key, "web2"),
            lambda: driver.register("[datastore1] x.vmx"),
        ):
            with pytest.raises(PermissionDenied, match="read-only"):
                await verb()
        with pytest.raises(PermissionDenied):
            await inventory.enter_maintenance()
        volumes = driver.ability(StorageVolumes)
        with pytest.raises(PermissionDenied):
            volumes.upload(StorageVolumeKey("datastore1", "a.iso", "[datastore1] a.iso"))
        assert esx.journal[before:] == []
        assert await vm.xml()
