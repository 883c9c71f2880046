"""Storage volumes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from aiovirt.config import StorageVolumeConfig
from aiovirt.config.storage import EncryptionSecret, StorageEncryption
from aiovirt.model.units import Bytes, GiB, MiB

VOLUME = """\
<volume type='file'>
  <name>web1.qcow2</name>
  <key>/images/web1.qcow2</key>
  <capacity unit='bytes'>10737418240</capacity>
  <allocation unit='MiB'>1</allocation>
  <target>
    <path>/images/web1.qcow2</path>
    <format type='qcow2'/>
    <timestamps>
      <mtime>1700000000.123456789</mtime>
    </timestamps>
    <compat>1.1</compat>
    <features>
      <lazy_refcounts/>
    </features>
  </target>
</volume>
"""


def test_a_volume_reads_as_typed_values() -> None:
    volume = StorageVolumeConfig.parse(VOLUME)
    assert (volume.capacity, volume.allocation, volume.physical) == (GiB(10), MiB(1), None)
    assert (volume.target.format, volume.target.lazy_refcounts) == ("qcow2", True)
    modified = datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
    assert volume.target.timestamps.modified == modified
    assert volume.to_xml() == VOLUME


def test_a_qcow2_image_grows() -> None:
    volume = StorageVolumeConfig.qcow2("a.qcow2", GiB(10))
    assert (volume.capacity, volume.allocation, volume.target.format) == (GiB(10), None, "qcow2")
    assert StorageVolumeConfig.qcow2("a", GiB(1), preallocated=True).allocation == GiB(1)


def test_a_raw_image_takes_nothing_unless_it_is_asked_to() -> None:
    assert StorageVolumeConfig.raw("a", GiB(1)).allocation == Bytes(0)
    assert StorageVolumeConfig.raw("a", GiB(1), preallocated=True).allocation == GiB(1)


def test_a_relative_backing_image_is_taken_from_here() -> None:
    volume = StorageVolumeConfig.qcow2("a", backing="base.qcow2")
    assert volume.backing_store.path == str(Path.cwd() / "base.qcow2")
    assert volume.backing_store.format == "qcow2"


def test_an_encrypted_volume_names_its_secret() -> None:
    volume = StorageVolumeConfig.qcow2("a", GiB(1))
    volume.target.encryption = StorageEncryption(
        format="luks", secret=EncryptionSecret(uuid="4dea22b3-1d52-d8f3-2516-782e98ab3fa0")
    )
    assert volume.problems() == []
    secret = volume.target.encryption.secret
    assert (secret.type, secret.uuid) == (
        "passphrase",
        UUID("4dea22b3-1d52-d8f3-2516-782e98ab3fa0"),
    )


def test_half_an_encryption_is_wrong() -> None:
    volume = StorageVolumeConfig.parse(
        "<volume><name>a</name><target><encryption format='luks'><cipher name='aes' size='256'/>"
        "</encryption></target></volume>"
    )
    found = [str(each) for each in volume.problems()]
    assert any("secret is missing, which cipher needs" in each for each in found)
    assert any("ivgen" in each for each in found)


def test_a_volume_needs_a_name_and_a_target() -> None:
    found = " ".join(str(each) for each in StorageVolumeConfig.parse("<volume/>").problems())
    for what in ("name", "target"):
        assert f"{what} is missing" in found
