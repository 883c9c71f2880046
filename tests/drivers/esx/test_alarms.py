"""Alarms of which a server does not tell all: what is hidden is not taken for none."""

from __future__ import annotations

import pytest
from vspherescript import ROOT, Script, connected, in_turn, never, refusal
from vsphereupdates import content, enter, missing, updates

from aiovirt.drivers.esx.alarms import Alarms
from aiovirt.drivers.esx.inventory import Tree
from aiovirt.drivers.esx.machines import Machines
from aiovirt.drivers.esx.scope import Scope
from aiovirt.drivers.esx.watched import WATCHED
from aiovirt.drivers.esx.watcher import Watcher
from aiovirt.errors import PermissionDenied
from aiovirt.protocols.vsphere.tables.collector import ObjectUpdate, RetrieveResult
from aiovirt.protocols.vsphere.tables.faults import NoPermission

pytestmark = pytest.mark.anyio

HIDDEN = missing("triggeredAlarmState", NoPermission(object=ROOT, privilege_id="System.View"))


async def told(root: ObjectUpdate) -> list[object]:
    """The alarms of a server that writes no events of them, whose root folder is told so."""
    script = Script(
        {
            "WaitForUpdatesEx": in_turn(updates("1", root), never),
            "CreateCollectorForEvents": lambda _: refusal(NoPermission()),
            "RetrievePropertiesEx": lambda _: RetrieveResult(objects=(content(ROOT, {}),)),
        }
    )
    async with connected(script) as client, client.open_inventory(WATCHED) as inventory:
        tree = Tree(inventory)
        watcher = Watcher(Machines("vc"), lambda _: True, inventory.get)
        return [*await Alarms(client, inventory, watcher, tree, Scope()).all()]


async def test_alarms_that_are_hidden_are_an_error() -> None:
    with pytest.raises(PermissionDenied) as caught:
        await told(enter(ROOT, {"name": "Datacenters"}, HIDDEN))
    assert "System.View" in (caught.value.hint or "")


async def test_a_server_without_any_has_none() -> None:
    assert await told(enter(ROOT, {"name": "Datacenters"})) == []
