"""Connection URIs: their parts, and what is wrong with bad ones."""

from __future__ import annotations

import pytest

from aiovirt.errors import ConfigError
from aiovirt.model.uri import URI


def test_all_parts() -> None:
    uri = URI.parse("qemu+ssh://root@host.example:2222/system?keyfile=%2Ftmp%2Fkey&no_verify=1")
    assert (uri.driver, uri.transport, uri.user, uri.host, uri.port) == (
        "qemu",
        "ssh",
        "root",
        "host.example",
        2222,
    )
    assert uri.path == "/system"
    assert uri.parameters == {"keyfile": "/tmp/key", "no_verify": "1"}


@pytest.mark.parametrize(
    "text",
    [
        "qemu:///embed?root=/srv/lab",
        "qemu+tls://host/system",
        "test:///default",
        "vpx://user@vcenter/Datacenter/Cluster/Host",
        "qemu+tcp://[::1]:16509/system",
    ],
)
def test_formats_as_it_was(text: str) -> None:
    assert str(URI.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("qemu", "scheme"),
        ("/var/lib", "scheme"),
        ("qemu://host:port/system", "port"),
        ("esx://root:secret@host/", "user"),
        ("qemu:///embed?root=a&root=b", "root"),
    ],
)
def test_bad_uri_names_its_part(text: str, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        URI.parse(text)
    assert caught.value.field == field


def test_password_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ConfigError) as caught:
        URI.parse("esx://root:secret@host/")
    assert "secret" not in str(caught.value)
