"""Names of files on ESX: between paths of the host and datastores."""

from __future__ import annotations

import pytest

from aiovirt.drivers.common.vmx import DatastoreFiles, PlainFiles
from aiovirt.errors import ConfigError

ESX = DatastoreFiles(
    "[ds 1] web1",
    {"ds 1": "/vmfs/volumes/5f3e-1/", "ds 11": "/vmfs/volumes/5f3e-11", "old": "C:\\VMs"},
    {"[ds 1] web1/web1.vmdk": "vmpvscsi"},
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("web1.vmdk", "[ds 1] web1/web1.vmdk"),
        ("/vmfs/volumes/5f3e-1/iso/a b.iso", "[ds 1] iso/a b.iso"),
        ("/vmfs/volumes/5f3e-11/x.vmdk", "[ds 11] x.vmdk"),
        ("/vmfs/volumes/ds 1/x.vmdk", "[ds 1] x.vmdk"),
        ("C:\\VMs\\web1\\x.vmdk", "[old] web1/x.vmdk"),
        ("/dev/scd0", "/dev/scd0"),
        ("/vmfs/volumes/gone/x.vmdk", None),
        ("/vmfs/volumes/5f3e-1", None),
    ],
)
def test_what_a_file_says_is_shown(name: str, shown: str | None) -> None:
    assert ESX.shown(name) == shown


@pytest.mark.parametrize(
    ("path", "stored"),
    [
        ("[ds 1] web1/web1.vmdk", "/vmfs/volumes/5f3e-1/web1/web1.vmdk"),
        ("[ds 11]x.vmdk", "/vmfs/volumes/5f3e-11/x.vmdk"),
        ("[old] web1/x.vmdk", "C:\\VMs\\web1\\x.vmdk"),
        ("/dev/scd0", "/dev/scd0"),
    ],
)
def test_what_a_domain_names_is_stored(path: str, stored: str) -> None:
    assert ESX.stored(path) == stored
    assert ESX.shown(stored) == (path if "] " in path or path[0] == "/" else "[ds 11] x.vmdk")


def test_names_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be understood"):
        ESX.shown("../x.vmdk")
    with pytest.raises(ConfigError, match="cannot be understood"):
        ESX.stored("x.vmdk")


def test_a_datastore_that_is_not_there_is_named_beside_those_that_are() -> None:
    with pytest.raises(ConfigError, match="no datastore 'ds 2'") as caught:
        ESX.stored("[ds 2] x.vmdk")
    assert caught.value.hint == "The host has 'ds 1', 'ds 11', 'old'."


def test_models_are_those_that_were_given() -> None:
    assert ESX.controller_model("[ds 1] web1/web1.vmdk") == "vmpvscsi"
    assert ESX.controller_model("[ds 1] other.vmdk") is None


def test_on_desktops_names_are_the_same_on_both_sides() -> None:
    files = PlainFiles()
    assert files.shown("x.vmdk") == files.stored("x.vmdk") == "x.vmdk"
    assert files.controller_model("x.vmdk") is None
