"""The lab: a vCenter and an ESX host that do what is told, count, die, and leave nothing."""

from __future__ import annotations

import ssl
from contextlib import closing
from http.client import HTTPSConnection

import pytest
from lxml import etree
from vcsimlab import Checker, Shape, Simulator, VirshFailed
from vcsimlab.fixtures import Check, Reference, Simulate
from vcsimlab.typed_proxy import TYPE, typed

pytestmark = pytest.mark.real


def fetched(simulator: Simulator, ca: str | None = None) -> int:
    """The status of the page that names the API's versions, asked over TLS."""
    trusted = ssl.create_default_context(cafile=ca)
    with closing(HTTPSConnection("127.0.0.1", simulator.port, context=trusted)) as connection:
        connection.request("GET", "/sdk/vimServiceVersions.xml")
        return connection.getresponse().status


def test_a_vcenter_has_the_inventory_that_its_shape_says(vcenter: Simulator, check: Check) -> None:
    checker = check(vcenter)
    pools = ("DC0_H0", "DC0_C0_RP0")
    assert checker.names() == {f"{pool}_VM{number}" for pool in pools for number in range(2)}
    assert checker.all_named("HostSystem") == {"DC0_H0", "DC0_C0_H0"}
    assert set(checker.powers().values()) == {"poweredOn"}


def test_an_esx_host_has_its_machines(esx: Simulator, check: Check) -> None:
    assert check(esx).names() == {"ha-host_VM0", "ha-host_VM1"}


def test_machines_can_be_many_and_off(simulate: Simulate, check: Check) -> None:
    shape = Shape(machines=50, running=False, standalone_hosts=0)
    powers = check(simulate("vcenter", shape)).powers()
    assert len(powers) == 50
    assert set(powers.values()) == {"poweredOff"}


def test_its_certificate_is_trusted_by_the_labs_ca_alone(vcenter: Simulator) -> None:
    assert fetched(vcenter, str(vcenter.ca)) == 200
    with pytest.raises(ssl.SSLError, match="certificate verify failed"):
        fetched(vcenter)


def test_its_machines_are_started_and_stopped(vsphere: Simulator, check: Check) -> None:
    checker = check(vsphere)
    name = vsphere.machine
    checker.power_off(name)
    assert checker.power(name) == "poweredOff"
    checker.power_on(name)
    assert checker.power(name) == "poweredOn"


def test_a_snapshot_is_seen_in_its_tree(vsphere: Simulator, check: Check) -> None:
    checker = check(vsphere)
    name = vsphere.machine
    checker.snapshot(name, "one")
    checker.snapshot(name, "two", "the second")
    found = checker.machine(name).snapshots
    assert [each.path for each in found] == ["one", "one/two"]
    assert [each.current for each in found] == [False, True]


def test_a_clone_is_made_and_removed(vsphere: Simulator, check: Check) -> None:
    checker = check(vsphere)
    before = checker.names()
    checker.clone(vsphere.machine, "copy")
    assert checker.names() == before | {"copy"}
    assert "copy.vmx" in checker.files("copy")
    checker.destroy("copy")
    assert checker.names() == before


def test_methods_are_counted(vcenter: Simulator, check: Check) -> None:
    checker = check(vcenter)
    checker.power_off("DC0_H0_VM0")
    counts = vcenter.counts()
    assert counts["Login"] == 1
    assert counts["PowerOffVM_Task"] == 1


def test_sessions_expire(vsphere: Simulator, check: Check) -> None:
    checker = check(vsphere)
    assert vsphere.expire() == 1
    with pytest.raises(Exception, match="NotAuthenticated"):
        checker.power_off(vsphere.machine)


def test_a_killed_one_comes_back_at_the_same_port(vcenter: Simulator, check: Check) -> None:
    check(vcenter).rename("DC0_H0_VM0", "other")
    vcenter.restart()
    assert "DC0_H0_VM0" in check(vcenter).names()
    vcenter.kill()
    assert not vcenter.alive


@pytest.mark.parametrize(("done", "power"), [(False, "poweredOn"), (True, "poweredOff")])
def test_a_call_loses_its_answer(
    vcenter: Simulator, check: Check, *, done: bool, power: str
) -> None:
    checker = check(vcenter)
    target = checker.target("DC0_H0_VM0")
    vcenter.drop("PowerOffVM_Task", done=done)
    with pytest.raises(ConnectionError):
        target.PowerOffVM_Task()
    assert power_settles(checker, power) == power


def power_settles(checker: Checker, wanted: str) -> str:
    """The power state, asked until it is what is wanted: the task of nobody ends on its own."""
    for _ in range(1000):
        if checker.power("DC0_H0_VM0") == wanted:
            break
    return checker.power("DC0_H0_VM0")


VMX = """config.version = "8"
virtualHW.version = "14"
displayName = "{name}"
guestOS = "other"
memsize = "64"
scsi0.present = "true"
scsi0.virtualDev = "pvscsi"
scsi0:0.present = "true"
scsi0:0.deviceType = "scsi-hardDisk"
scsi0:0.fileName = "disk.vmdk"
"""


def test_libvirts_driver_makes_xml_of_a_vmx(vsphere: Simulator, virsh: Reference) -> None:
    name = vsphere.machine
    path = vsphere.datastore() / name / f"{name}.vmx"
    path.write_text(VMX.format(name=name), encoding="utf-8")
    domain = etree.fromstring(virsh(vsphere).run("dumpxml", name))
    assert domain.get("type") == "vmware"
    assert domain.xpath("string(devices/disk/source/@file)") == f"[LocalDS_0] {name}/disk.vmdk"
    assert domain.xpath("string(devices/controller/@model)") == "vmpvscsi"


def test_libvirts_driver_says_why_it_fails(esx: Simulator, virsh: Reference) -> None:
    with pytest.raises(VirshFailed, match="no-such"):
        virsh(esx).run("dumpxml", "no-such")


def test_the_proxy_types_what_has_no_type() -> None:
    document = b"""<r xmlns="urn:vim25" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><val xsi:type="ArrayOfString">
        <string>a</string><Description xsi:type="ElementDescription"/></val></r>"""
    (val,) = etree.fromstring(typed(document, (), {}))
    assert [element.get(TYPE) for element in val] == ["xsd:string", "ElementDescription"]
