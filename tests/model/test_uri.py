"""Connection URIs: their parts, and what is wrong with bad ones."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


WORDS = st.one_of(st.text(st.characters(codec="utf-8")), st.binary().map(os.fsdecode))


@pytest.mark.parametrize("root", ["/x d&g?/a", "/a%20b", "/a#b", "/a+b", "/a=b", "/ä", "/\udcff"])
def test_odd_paths_are_quoted(root: str) -> None:
    uri = URI("qemu", "/embed", parameters={"root": root})
    assert URI.parse(str(uri)) == uri


@given(
    path=WORDS.map("/{}".format),
    user=st.none() | WORDS.filter(bool),
    host=st.sampled_from([None, "host.example", "::1"]),
    port=st.none() | st.integers(0, 65535),
    parameters=st.dictionaries(WORDS, WORDS, max_size=4),
)
def test_what_is_written_is_read_again(
    path: str, user: str | None, host: str | None, port: int | None, parameters: dict[str, str]
) -> None:
    uri = URI("qemu", path, "ssh", user, host, port, parameters)
    assert URI.parse(str(uri)) == uri
