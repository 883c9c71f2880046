"""The XML of a machine is what libvirt's own esx driver makes of it, and more where it can be."""

from __future__ import annotations

import pytest
from esxdocuments import documents_by_aiovirt, documents_by_virsh, furnish
from esxlikeness import Score, by_aiovirt, by_virsh, own_machines
from vcsimlab import Simulator
from vcsimlab.fixtures import Reference
from xmldifferences import differences

pytestmark = [pytest.mark.anyio, pytest.mark.real]


async def test_machines_of_all_devices(vsphere: Simulator, virsh: Reference) -> None:
    machines = own_machines()
    assert len(machines) >= 10
    theirs, _ = by_virsh(virsh(vsphere), machines, {})
    ours, _ = await by_aiovirt(vsphere, machines, {})
    score = Score()
    score.compare(theirs, ours, differences)
    assert score.same == score.compared == len(machines), score.kinds
    assert score.equal >= len(machines) // 2


async def test_machines_are_libvirts_to_the_letter_where_that_is_wanted(
    vsphere: Simulator, virsh: Reference
) -> None:
    machines = own_machines()
    theirs, _ = by_virsh(virsh(vsphere), machines, {})
    ours, _ = await by_aiovirt(vsphere, machines, {}, "1")
    score = Score()
    score.compare(theirs, ours, differences)
    assert score.equal == score.compared == len(machines), score.kinds


async def test_snapshots_networks_datastores_and_the_host(
    vsphere: Simulator, virsh: Reference
) -> None:
    furnish(vsphere)
    theirs = documents_by_virsh(virsh(vsphere))
    ours = await documents_by_aiovirt(vsphere)
    score = Score()
    score.compare(theirs, ours, differences)
    assert score.same == score.compared == len(ours) == 6, score.kinds
    assert score.equal == score.compared - 1
