"""Paths in datastores."""

from __future__ import annotations

import pytest

from aiovirt.errors import ConfigError
from aiovirt.protocols.esxcli import DatastorePath


@pytest.mark.parametrize(
    ("text", "store", "path"),
    [
        ("[datastore1] web1/web1.vmx", "datastore1", "web1/web1.vmx"),
        ("[nfs store]a b/c.iso", "nfs store", "a b/c.iso"),
        ("[a] ", "a", ""),
        ("[a] ./x//y", "a", "x/y"),
    ],
)
def test_parts(text: str, store: str, path: str) -> None:
    found = DatastorePath.parse(text)
    assert (found.datastore, found.path) == (store, path)


@pytest.mark.parametrize("text", ["", "web1.vmx", "/vmfs/x", "[] x", "[a] ..", "[a] x/../../y"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        DatastorePath.parse(text)


def test_ways_around() -> None:
    path = DatastorePath.parse("[a] b/c.vmx")
    assert (str(path), path.name) == ("[a] b/c.vmx", "c.vmx")
    assert path.folder.joined("d.vmdk") == DatastorePath("a", "b/d.vmdk")
