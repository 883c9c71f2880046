"""Secrets of a real libvirtd."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from libvirtlab import Lab, run_virsh
from storagelab import canonical

from aiovirt.errors import AiovirtError, CallerError, NotFound
from aiovirt.interfaces import LegacyStorage
from aiovirt.model.credentials import SecretBytes
from aiovirt.objects import Connection, Secret

pytestmark = [pytest.mark.anyio, pytest.mark.real]


def document(name: str, *, private: bool = False, ephemeral: bool = False) -> str:
    words = {True: "yes", False: "no"}
    return (
        f"<secret ephemeral='{words[ephemeral]}' private='{words[private]}'>"
        f"<usage type='ceph'><name>{name}</name></usage></secret>"
    )


@pytest.fixture
async def secret(host: Connection) -> AsyncIterator[Secret]:
    """Return a secret without a value."""
    secret = await host.secrets.define(document("client.admin"))
    yield secret
    await secret.undefine()


@pytest.fixture
async def hidden(host: Connection) -> AsyncIterator[Secret]:
    """Return a private one that is kept in memory only."""
    secret = await host.secrets.define(document("hidden", private=True, ephemeral=True))
    yield secret
    await secret.undefine()


async def test_a_value_comes_back(secret: Secret) -> None:
    value = bytes(range(256)) * 16
    await secret.set_value(value)
    assert await secret.value() == SecretBytes(value)
    assert (await secret.value()).reveal() == value


async def test_a_value_that_was_never_set_is_not_there(secret: Secret) -> None:
    with pytest.raises(NotFound):
        await secret.value()


async def test_a_private_value_is_shown_to_nobody(hidden: Secret) -> None:
    await hidden.set_value(b"key")
    with pytest.raises(AiovirtError, match="private"):
        await hidden.value()


async def test_a_value_that_is_too_long_is_not_in_the_error(secret: Secret) -> None:
    with pytest.raises(AiovirtError, match="65536") as caught:
        await secret.set_value(SecretBytes(b"topsecret" * 10_000))
    error: BaseException | None = caught.value
    while error is not None:
        assert "topsecret" not in f"{error!r}{error}"
        error = error.__cause__


async def test_a_secret_is_found_every_way(host: Connection, secret: Secret) -> None:
    assert await host.secrets.get(secret.uuid) == secret
    assert await host.secrets.get(str(secret.uuid)) == secret
    assert await host.secrets.find("ceph", "client.admin") == secret
    assert (secret.usage, secret.usage_name) == ("ceph", "client.admin")


async def test_a_secret_that_is_not_there_is_not_found(host: Connection) -> None:
    with pytest.raises(NotFound):
        await host.secrets.get(uuid4())
    with pytest.raises(NotFound):
        await host.secrets.find("tls", "none")
    with pytest.raises(CallerError, match="'password' is none of"):
        await host.secrets.find("password", "none")


async def test_a_listing_is_filtered_by_the_host(
    host: Connection, secret: Secret, hidden: Secret
) -> None:
    assert set(await host.secrets.list()) == {secret, hidden}
    assert await host.secrets.list(private=True) == [hidden]
    assert await host.secrets.list(private=False) == [secret]
    assert await host.secrets.list(ephemeral=True) == [hidden]
    assert await host.secrets.list(ephemeral=False, private=True) == []


async def test_older_forms_give_the_same(host: Connection, secret: Secret) -> None:
    legacy = host.driver.ability(LegacyStorage)
    assert await legacy.count_secrets() == 1
    assert await legacy.secret_uuids(9) == [secret.uuid]


async def test_the_configuration_is_libvirts(secret: Secret, lab: Lab) -> None:
    said = run_virsh(lab, "secret-dumpxml", str(secret.uuid))
    assert canonical(await secret.xml()) == canonical(said)
