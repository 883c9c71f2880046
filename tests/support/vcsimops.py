"""What VMware's simulator can do, and by which verb of aiovirt it is reached.

Run as a program it carries every operation out, on a vCenter and on an ESX host, prints what came
of each, and names the methods that the simulator has and no verb has called.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import anyio
from vcsimmachines import MACHINES
from vcsimparts import PARTS
from vcsimplaces import PLACES
from vcsimscene import BOTH, Operation, Stage, staged
from vcsimstores import STORES

from aiovirt.errors import AiovirtError

__all__ = ["OPERATIONS"]

OPERATIONS = (*MACHINES, *PARTS, *PLACES, *STORES)
"""All of them."""

SIMULATED = {
    "sessions": "CurrentTime Login Logout SessionIsActive TerminateSession",
    "properties": "CancelWaitForUpdates CreateContainerView CreateFilter CreateListView "
    "CreatePropertyCollector RetrievePropertiesEx WaitForUpdatesEx",
    "search": "FindByDatastorePath FindByInventoryPath FindByUuid",
    "machines": "CloneVM_Task CreateVM_Task Destroy_Task MarkAsTemplate MarkAsVirtualMachine "
    "PowerOffVM_Task PowerOnVM_Task ReconfigVM_Task RegisterVM_Task RelocateVM_Task Rename_Task "
    "ResetVM_Task ShutdownGuest SuspendVM_Task UnregisterVM",
    "snapshots": "CreateSnapshot_Task RemoveAllSnapshots_Task RemoveSnapshot_Task "
    "RevertToCurrentSnapshot_Task RevertToSnapshot_Task",
    "files": "CopyDatastoreFile_Task DeleteDatastoreFile_Task MakeDirectory "
    "MoveDatastoreFile_Task SearchDatastoreSubFolders_Task SearchDatastore_Task",
    "disks": "CopyVirtualDisk_Task CreateVirtualDisk_Task DeleteVirtualDisk_Task "
    "MoveVirtualDisk_Task QueryVirtualDiskUuid SetVirtualDiskUuid",
    "networks": "AddDVPortgroup_Task AddPortGroup AddVirtualSwitch CreateDVS_Task "
    "RemovePortGroup RemoveVirtualSwitch",
    "places": "AddCustomFieldDef CreateFolder CreateResourcePool MoveIntoFolder_Task SetField "
    "UpdateConfig",
    "hosts": "EnterMaintenanceMode_Task ExitMaintenanceMode_Task",
    "history": "CreateCollectorForEvents QueryAvailablePerfMetric QueryPerf QueryPerfCounter",
}
"""The methods that the simulator carries out."""


async def _try(operation: Operation, stage: Stage) -> tuple[str, set[str]]:
    """What came of an operation, nothing when all is well; and what it has called."""
    try:
        return "", await operation.run(stage)
    except (AiovirtError, AssertionError) as error:
        return f"{type(error).__name__}: {error}", set()


def main() -> int:
    """Try them all."""
    failed = 0
    reached: set[str] = set()
    for kind in BOTH:
        for operation in OPERATIONS:
            if kind not in operation.kinds:
                continue
            with tempfile.TemporaryDirectory() as folder, staged(kind, Path(folder)) as stage:
                came, called = anyio.run(_try, operation, stage)
            reached |= called
            failed += bool(came)
            sys.stdout.write(f"{kind:8} {operation}: {came or 'ok'}\n")
    for area, methods in SIMULATED.items():
        left = [method for method in methods.split() if method not in reached]
        sys.stdout.write(
            f"{area}: of {len(methods.split())} methods not called: {left or 'none'}\n"
        )
    sys.stdout.write(f"{len(OPERATIONS)} operations, {failed} failed\n")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
