"""What tests of configurations share: libvirt's grammar, and a domain that uses every part."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cache

import pytest
from counterparts import grammars
from documentkinds import Grammars
from lxml import etree

from aiovirt.config import View

Repickle = Callable[[View], View]
Valid = Callable[[str], None]


@pytest.fixture(scope="session")
def schema() -> etree.RelaxNG:
    """libvirt's grammar of domains."""
    return etree.RelaxNG(etree.parse(str(grammars() / "domain.rng")))


@pytest.fixture(scope="session")
def schemas() -> Grammars:
    """libvirt's other grammars, by their names; each is read once."""
    return cache(lambda name: etree.RelaxNG(etree.parse(str(grammars() / f"{name}.rng"))))


@pytest.fixture
def valid(schema: etree.RelaxNG) -> Valid:
    """A check that a domain is what libvirt's grammar allows."""

    def check(xml: str) -> None:
        if not schema.validate(etree.fromstring(xml)):
            pytest.fail(f"{schema.error_log.last_error}\n{xml}")

    return check


@pytest.fixture
def repickle() -> Repickle:
    """Pickle a view and read it back."""
    return lambda view: pickle.loads(pickle.dumps(view))  # noqa: S301 - our own


@pytest.fixture
def rich() -> str:
    """A domain with known and unknown parts, comments and namespaces."""
    return RICH


RICH = """\
<!-- made by hand -->
<domain type='kvm' id='7'>
  <name>web1</name>
  <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
  <metadata>
    <app:info xmlns:app='http://example.org/app' kept='yes'>
      <app:note>a <b>mixed</b> note</app:note>
    </app:info>
  </metadata>
  <memory unit='MiB'>512</memory>
  <!-- two, of four -->
  <vcpu placement='static' cpuset='0-3' current='2'>4</vcpu>
  <future-element with='attributes'>
    <inner/>
  </future-element>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>
    <nvram template='/usr/share/OVMF/OVMF_VARS.fd'>/var/lib/web1.fd</nvram>
    <boot dev='cdrom'/>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic eoi='on'/>
    <hyperv mode='custom'>
      <spinlocks state='on' retries='8191'/>
    </hyperv>
    <smm state='off'/>
  </features>
  <cpu mode='custom' match='exact'>
    <model fallback='forbid'>Skylake-Client</model>
    <topology sockets='1' dies='1' cores='2' threads='2'/>
    <feature policy='disable' name='hle'/>
    <numa>
      <cell id='0' cpus='0-3' memory='512' unit='MiB'/>
    </numa>
  </cpu>
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/>
    <timer name='hpet' present='no'/>
  </clock>
  <on_reboot>restart</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk' future='1'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='/images/web1.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <alias name='virtio-disk0'/>
      <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>
    </disk>
    <hologram resolution='high'/>
    <disk type='file' device='cdrom'>
      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
    <graphics type='vnc' port='-1' autoport='yes' passwd='s3cret'/>
  </devices>
  <qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
    <qemu:arg value='-device'/>
    <qemu:arg value='foo'/>
    <qemu:env name='TOKEN' value='hidden'/>
  </qemu:commandline>
</domain>
"""
