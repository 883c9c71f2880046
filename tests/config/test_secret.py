"""Secrets: what is known about them."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiovirt.config import SecretConfig

ID = UUID("4dea22b3-1d52-d8f3-2516-782e98ab3fa0")


@pytest.mark.parametrize(
    ("secret", "kind", "usage"),
    [
        (SecretConfig.volume("/a.qcow2"), "volume", "/a.qcow2"),
        (SecretConfig.ceph("client.admin"), "ceph", "client.admin"),
        (SecretConfig.iscsi("target"), "iscsi", "target"),
        (SecretConfig.tls("key"), "tls", "key"),
        (SecretConfig.vtpm("tpm"), "vtpm", "tpm"),
    ],
)
def test_a_secret_is_found_by_what_it_is_for(secret: SecretConfig, kind: str, usage: str) -> None:
    assert (secret.usage.type, secret.usage.id) == (kind, usage)


def test_a_secret_takes_settings() -> None:
    secret = SecretConfig.ceph("a", uuid=ID, private=True, ephemeral=False, description="b")
    assert (secret.uuid, secret.private, secret.ephemeral) == (ID, True, False)
    assert secret.description == "b"


def test_a_use_that_does_not_fit_is_told() -> None:
    xml = "<secret><usage type='ceph'><volume>/a</volume></usage></secret>"
    found = [str(each) for each in SecretConfig.parse(xml).problems()]
    assert len(found) == 2
    assert "volume means nothing where type is 'ceph'" in found[0]
    assert "name is missing, which type 'ceph' needs" in found[1]
