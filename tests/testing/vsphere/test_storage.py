"""The simulator's datastores: files by method and by HTTP, disks, browsing, space."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from vspherecaller import Caller, Refused, calling

from aiovirt.protocols.vsphere import Arguments, Method, Ref
from aiovirt.protocols.vsphere.tables import storage as s
from aiovirt.protocols.vsphere.tables import storage_methods as sm
from aiovirt.testing.vsphere import FakeVSphere, Settings
from aiovirt.testing.vsphere.files import DatastoreFiles

pytestmark = pytest.mark.anyio

DC = Ref("Datacenter", "datacenter-2")
BROWSER = Ref("HostDatastoreBrowser", "datastoreBrowser-datastore-11")


def files_of(fake: FakeVSphere) -> DatastoreFiles:
    return fake.site.place("[datastore1]")[0]


def new_disk(path: str, kb: int = 1024, kind: str = "thin") -> sm.CreateVirtualDiskTaskArgs:
    spec = s.FileBackedVirtualDiskSpec(disk_type=kind, adapter_type="lsiLogic", capacity_kb=kb)
    return sm.CreateVirtualDiskTaskArgs(name=path, datacenter=DC, spec=spec)


async def disks(caller: Caller, method: Method[Any, Ref], args: Arguments) -> Any:  # noqa: ANN401
    return await caller.do(method, caller.the("virtual_disk_manager"), args)


async def files(caller: Caller, method: Method[Any, Ref], args: Arguments) -> Any:  # noqa: ANN401
    return await caller.do(method, caller.the("file_manager"), args)


# --- files ----------------------------------------------------------------------------------------


async def test_folders_are_made_and_files_copied_moved_and_removed() -> None:
    async with calling() as (fake, caller):
        known = files_of(fake)
        make = sm.MakeDirectoryArgs(name="[datastore1] a/b", datacenter=DC)
        with pytest.raises(Refused, match="FileNotFound"):
            await caller.call(sm.MAKE_DIRECTORY, caller.the("file_manager"), make)
        known.make_folder("a/b", parents=True)
        known.write("a/x", b"1")
        copy = sm.CopyDatastoreFileTaskArgs(
            source_name="[datastore1] a",
            source_datacenter=DC,
            destination_name="[nfs1] c",
        )
        await files(caller, sm.COPY_DATASTORE_FILE_TASK, copy)
        target, _ = fake.site.place("[nfs1]")
        assert target.below("c") == ["c", "c/b", "c/x"]
        with pytest.raises(Refused, match="FileAlreadyExists"):
            await files(caller, sm.COPY_DATASTORE_FILE_TASK, copy)
        delete = sm.DeleteDatastoreFileTaskArgs(name="[datastore1] a", datacenter=DC)
        await files(caller, sm.DELETE_DATASTORE_FILE_TASK, delete)
        with pytest.raises(Refused, match="FileNotFound"):
            await files(caller, sm.DELETE_DATASTORE_FILE_TASK, delete)


async def test_what_a_running_machine_has_open_stays() -> None:
    async with calling() as (_, caller):
        path = "[datastore1] machine0/machine0.vmdk"
        delete = sm.DeleteDatastoreFileTaskArgs(name=path, datacenter=DC)
        with pytest.raises(Refused, match="FileLocked"):
            await files(caller, sm.DELETE_DATASTORE_FILE_TASK, delete)


async def test_a_vcenter_wants_to_be_told_the_datacenter_and_a_host_does_not() -> None:
    args = sm.MakeDirectoryArgs(name="[datastore1] a")
    async with calling() as (_, caller):
        with pytest.raises(Refused, match="InvalidDatastorePath"):
            await caller.call(sm.MAKE_DIRECTORY, caller.the("file_manager"), args)
    async with calling(Settings(kind="esx")) as (_, caller):
        await caller.call(sm.MAKE_DIRECTORY, caller.the("file_manager"), args)


# --- disks ----------------------------------------------------------------------------------------


async def test_a_disk_is_made_grown_copied_and_removed() -> None:
    async with calling() as (fake, caller):
        known, path = files_of(fake), "[datastore1] d.vmdk"
        assert await disks(caller, sm.CREATE_VIRTUAL_DISK_TASK, new_disk(path)) == path
        with pytest.raises(Refused, match="FileAlreadyExists"):
            await disks(caller, sm.CREATE_VIRTUAL_DISK_TASK, new_disk(path))
        extend = sm.ExtendVirtualDiskTaskArgs(name=path, datacenter=DC, new_capacity_kb=4096)
        await disks(caller, sm.EXTEND_VIRTUAL_DISK_TASK, extend)
        assert known.disk("d.vmdk").capacity_kb == 4096
        with pytest.raises(Refused, match="InvalidArgument"):
            await disks(caller, sm.EXTEND_VIRTUAL_DISK_TASK, extend)
        thick = s.VirtualDiskSpec(disk_type="preallocated", adapter_type="lsiLogic")
        copy = sm.CopyVirtualDiskTaskArgs(
            source_name=path,
            source_datacenter=DC,
            dest_name="[datastore1] e.vmdk",
            dest_spec=thick,
        )
        await disks(caller, sm.COPY_VIRTUAL_DISK_TASK, copy)
        assert known.disk("e.vmdk").allocated_kb == 4096
        assert known.disk("e.vmdk").uuid != known.disk("d.vmdk").uuid
        delete = sm.DeleteVirtualDiskTaskArgs(name=path, datacenter=DC)
        await disks(caller, sm.DELETE_VIRTUAL_DISK_TASK, delete)
        assert "d.vmdk" not in known.files


async def test_space_is_counted_and_ends() -> None:
    async with calling() as (fake, caller):
        known, ref = files_of(fake), Ref("Datastore", "datastore-11")
        before = await caller.one(ref, "summary.freeSpace")
        thick = new_disk("[datastore1] d.vmdk", 1024, "preallocated")
        await disks(caller, sm.CREATE_VIRTUAL_DISK_TASK, thick)
        after = await caller.one(ref, "summary.freeSpace")
        assert 1024 * 1024 <= before - after < 1024 * 1024 + 1024
        huge = new_disk("[datastore1] e.vmdk", known.free // 1024 + 1, "preallocated")
        with pytest.raises(Refused, match="NoDiskSpace"):
            await disks(caller, sm.CREATE_VIRTUAL_DISK_TASK, huge)


async def test_the_uuid_of_a_disk() -> None:
    async with calling() as (_, caller):
        path = "[datastore1] machine0/machine0.vmdk"
        args = sm.QueryVirtualDiskUuidArgs(name=path, datacenter=DC)
        manager = caller.the("virtual_disk_manager")
        found = await caller.call(sm.QUERY_VIRTUAL_DISK_UUID, manager, args)
        assert len(found) == 47


# --- browsing -------------------------------------------------------------------------------------


async def test_a_folder_is_browsed() -> None:
    async with calling() as (_, caller):
        spec = s.HostDatastoreBrowserSearchSpec(
            query=(
                s.VmDiskFileQuery(
                    details=s.VmDiskFileQueryFlags(
                        disk_type=True, capacity_kb=True, hardware_version=False, thin=True
                    )
                ),
            ),
            details=s.FileQueryFlags(
                file_type=True, file_size=True, modification=True, file_owner=False
            ),
        )
        args = sm.SearchDatastoreTaskArgs(datastore_path="[datastore1] machine0", search_spec=spec)
        found = await caller.do(sm.SEARCH_DATASTORE_TASK, BROWSER, args)
        (file,) = found.file
        assert (file.path, file.capacity_kb, file.thin) == ("machine0.vmdk", 1024 * 1024, True)
        everything = sm.SearchDatastoreSubFoldersTaskArgs(datastore_path="[datastore1]")
        results = await caller.do(sm.SEARCH_DATASTORE_SUB_FOLDERS_TASK, BROWSER, everything)
        assert results[0].folder_path == "[datastore1]"
        assert results[1].folder_path == "[datastore1] machine0/"
        wrong = sm.SearchDatastoreTaskArgs(datastore_path="[nfs1]")
        with pytest.raises(Refused, match="InvalidDatastore"):
            await caller.do(sm.SEARCH_DATASTORE_TASK, BROWSER, wrong)


# --- by HTTP --------------------------------------------------------------------------------------

PLACE = "dcPath=DC0&dsName=datastore1"


async def test_files_go_and_come_by_http() -> None:
    async with calling() as (fake, caller):
        target = f"/folder/a%20b.txt?{PLACE}"
        assert (await caller.http("GET", target)).status == 404
        assert (await caller.http("PUT", target, b"0123456789")).status == 201
        assert (await caller.http("PUT", target, b"0123456789")).status == 200
        assert (await caller.http("GET", target)).body == b"0123456789"
        head = await caller.http("HEAD", target)
        assert head.headers["content-length"] == "10"
        part = await caller.http("GET", target, headers={"Range": "bytes=3-5"})
        assert (part.status, part.body) == (206, b"345")
        assert part.headers["content-range"] == "bytes 3-5/10"
        assert (await caller.http("GET", target, headers={"Range": "bytes=10-"})).status == 416
        assert "a b.txt" in files_of(fake).files
        assert (await caller.http("DELETE", target)).status == 204


async def test_a_folder_is_listed_by_http() -> None:
    async with calling() as (_, caller):
        listed = await caller.http("GET", f"/folder?{PLACE}")
        assert b'<a href="/folder/machine0?' in listed.body
        assert b">machine0/</a>" in listed.body
        assert b">nfs1</a>" in (await caller.http("GET", "/folder")).body


@pytest.mark.parametrize(
    ("user", "method", "status"),
    [(None, "GET", 401), ("reader", "PUT", 403), ("root", "POST", 405)],
)
async def test_files_are_not_for_everybody(user: str | None, method: str, status: int) -> None:
    async with calling(user=user) as (_, caller):
        assert (await caller.http(method, f"/folder/x?{PLACE}", b"")).status == status


async def test_a_password_does_without_a_session() -> None:
    async with calling(user=None) as (_, caller):
        secret = base64.b64encode(b"root:secret").decode()
        caller.authorization = {"Authorization": f"Basic {secret}"}
        target = f"/folder/machine0/machine0.vmx?{PLACE}"
        assert b'displayName = "machine0"' in (await caller.http("GET", target)).body
        caller.authorization = {"Authorization": "Basic nonsense"}
        assert (await caller.http("GET", target)).status == 401


@pytest.mark.parametrize("place", ["dcPath=DC9&dsName=datastore1", "dcPath=DC0&dsName=gone"])
async def test_places_that_are_none(place: str) -> None:
    async with calling() as (_, caller):
        assert (await caller.http("GET", f"/folder/machine0?{place}")).status == 404
        assert (await caller.http("GET", "/nonsense")).status == 404


async def test_the_blocks_of_a_disk_are_counted() -> None:
    async with calling() as (_, caller):
        size = 16 << 30  # more than is kept in memory
        await disks(caller, sm.CREATE_VIRTUAL_DISK_TASK, new_disk("[datastore1] s.vmdk", 16 << 20))
        span = {"Range": f"bytes={size - 5}-"}
        flat = await caller.http("GET", f"/folder/s-flat.vmdk?{PLACE}", headers=span)
        assert (flat.status, flat.body) == (206, bytes(5))
        assert flat.headers["content-range"] == f"bytes {size - 5}-{size - 1}/{size}"
        beyond = await caller.http(
            "GET", f"/folder/s-flat.vmdk?{PLACE}", headers={"Range": f"bytes={size}-"}
        )
        assert beyond.status == 416
        await disks(caller, sm.CREATE_VIRTUAL_DISK_TASK, new_disk("[datastore1] t.vmdk", 4))
        assert (await caller.http("GET", f"/folder/t-flat.vmdk?{PLACE}")).body == bytes(4096)


async def test_a_disk_is_filled_with_zeros() -> None:
    async with calling() as (fake, caller):
        await disks(caller, sm.CREATE_VIRTUAL_DISK_TASK, new_disk("[datastore1] t.vmdk", 4))
        fill = sm.ZeroFillVirtualDiskTaskArgs(name="[datastore1] t.vmdk", datacenter=DC)
        await disks(caller, sm.ZERO_FILL_VIRTUAL_DISK_TASK, fill)
        assert files_of(fake).disk("t.vmdk").allocated_kb == 4
        used = sm.ZeroFillVirtualDiskTaskArgs(
            name="[datastore1] machine0/machine0.vmdk", datacenter=DC
        )
        with pytest.raises(Refused, match="FileLocked"):
            await disks(caller, sm.ZERO_FILL_VIRTUAL_DISK_TASK, used)


# --- datastores -----------------------------------------------------------------------------------


async def test_a_datastore_of_nfs_comes_and_goes() -> None:
    async with calling() as (fake, caller):
        system = Ref("HostDatastoreSystem", "datastoreSystem-host-20")
        spec = s.HostNasVolumeSpec(
            remote_host="192.0.2.30",
            remote_path="/exports/new",
            local_path="new",
            access_mode="readWrite",
        )
        args = sm.CreateNasDatastoreArgs(spec=spec)
        ref = await caller.call(sm.CREATE_NAS_DATASTORE, system, args)
        assert await caller.one(ref, "summary.type") == "NFS"
        assert ref in await caller.one(Ref("HostSystem", "host-20"), "datastore")
        with pytest.raises(Refused, match="AlreadyExists"):
            await caller.call(sm.CREATE_NAS_DATASTORE, system, args)
        await caller.call(sm.RENAME_DATASTORE, ref, sm.RenameDatastoreArgs(new_name="other"))
        assert fake.site.datastore("other") == ref
        await caller.call(sm.REMOVE_DATASTORE, system, sm.RemoveDatastoreArgs(datastore=ref))
        assert ref not in fake.site.world
        used = sm.RemoveDatastoreArgs(datastore=Ref("Datastore", "datastore-11"))
        with pytest.raises(Refused, match="ResourceInUse"):
            await caller.call(sm.REMOVE_DATASTORE, system, used)
