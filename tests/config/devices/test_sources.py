"""Where a disk's data is."""

from __future__ import annotations

import pytest

from aiovirt.config import Cookie, Cookies, Disk, DiskAuth, DiskSlice, DiskSource, problems
from aiovirt.config.shared.encryption import EncryptionSecret, StorageEncryption

SERVER = "<host name='h'/>"


def _disk(kind: str, source: str) -> Disk:
    return Disk.parse(f"<disk type='{kind}'>{source}<target dev='vda'/></disk>")


@pytest.mark.parametrize(
    ("kind", "source", "message"),
    [
        ("file", "<source file='/a'><readahead size='1'/></source>", "readahead"),
        ("block", "<source dev='/a' fdgroup='x'/>", "fdgroup"),
        ("network", f"<source protocol='nbd'>{SERVER}<ssl verify='no'/></source>", "ssl_verify"),
        ("network", f"<source protocol='nbd' query='a'>{SERVER}</source>", "query"),
        ("vhostuser", "<source type='unix' path='/a' index='1'/>", "index"),
        ("dir", "<source dir='/a'><seclabel relabel='no'/></source>", "labels"),
    ],
)
def test_what_another_source_has_is_a_problem(kind: str, source: str, message: str) -> None:
    assert message in str(next(iter(problems(_disk(kind, source)))))


def test_cookies_are_secret() -> None:
    source = DiskSource(
        protocol="https", name="a", cookies=Cookies(cookies=[Cookie(name="a", value="s3cret")])
    )
    shown = source.to_xml() + repr(source) + repr(source.cookies)
    assert ("s3cret" in shown, "cookies" in source.to_xml()) == (False, False)
    assert "s3cret" in source.to_xml(secure=True)


def test_a_slice_is_of_the_storage() -> None:
    source = DiskSource(file="/a", slice=DiskSlice(offset=2**33, size=1))
    assert (source.slice.type, list(problems(source))) == ("storage", [])


def test_taking_the_slice_out_leaves_nothing_of_it() -> None:
    source = DiskSource.parse("<source file='/a'><slices><slice offset='0'/></slices></source>")
    source.slice = None
    assert source.to_xml().strip() == "<source file='/a'/>"


def test_a_disk_on_a_server_has_who_asks_and_how_it_is_encrypted() -> None:
    source = DiskSource(
        protocol="rbd",
        name="pool/image",
        auth=DiskAuth(username="admin", type="ceph", secret_usage="a"),
        encryption=StorageEncryption(format="luks2", secret=EncryptionSecret(usage="b")),
    )
    assert list(problems(source)) == []
