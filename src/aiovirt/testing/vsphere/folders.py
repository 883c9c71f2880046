"""``/folder``: the files of datastores by HTTP, and lists of them; ``/screen``: pictures.

Source: VMware's documentation of the access to datastores by HTTP (dcPath, dsName), and of
``/screen?id=``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from aiovirt.protocols.vsphere import Ref
from aiovirt.testing.http import Request, Response
from aiovirt.testing.vsphere.faults import VimFault
from aiovirt.testing.vsphere.files import DatastoreFiles
from aiovirt.testing.vsphere.machines.machine import ON
from aiovirt.testing.vsphere.methods.screens import picture
from aiovirt.testing.vsphere.settings import Account
from aiovirt.testing.vsphere.site import Site

__all__ = ["account_of", "answer_folder", "answer_screen"]

FOLDER: Final = "/folder"
_BLOCKS: Final = "-flat.vmdk"
_BROWSE: Final = "Datastore.Browse"
_MANAGE: Final = "Datastore.FileManagement"


def answer_folder(site: Site, request: Request, account: Account | None) -> Response:
    """Do a request for a file of a datastore.

    Args:
        site: The server.
        request: The request.
        account: Whose it is, or None when nobody has logged in.
    """
    refusal = _refusal(site, request, account)
    if refusal is not None:
        return refusal
    inner = request.path.removeprefix(FOLDER).strip("/")
    name = request.query.get("dsName")
    if name is None:
        return _list_datastores(site)
    files = _files(site, name, request.query.get("dcPath", ""))
    if files is None or ".." in inner.split("/"):
        return Response(HTTPStatus.NOT_FOUND)
    return _METHODS[request.method](site, files, inner, request)


def _refusal(site: Site, request: Request, account: Account | None) -> Response | None:
    """What is said to who may not do that."""
    if account is None:
        realm = (("WWW-Authenticate", 'Basic realm="VMware HTTP server"'),)
        return Response(HTTPStatus.UNAUTHORIZED, headers=realm)
    if request.method not in _METHODS:
        return Response(HTTPStatus.METHOD_NOT_ALLOWED)
    changes = _METHODS[request.method] is not _get
    allowed = account.may(_MANAGE if changes else _BROWSE)
    if not allowed or (changes and site.settings.read_only_licence):
        return Response(HTTPStatus.FORBIDDEN)
    return None


def account_of(site: Site, request: Request) -> Account | None:
    """Who a request shows itself to be by its header Authorization, or None."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    account = site.settings.accounts.get(user)
    return account if account is not None and account.password == password else None


def _files(site: Site, name: str, datacenter: str) -> DatastoreFiles | None:
    """A datastore's files; the datacenter is named by its path in the inventory."""
    for ref, files in site.files.items():
        place = site.datacenter_of(ref)
        if files.name == name and place is not None and _path(site, place) == datacenter.strip("/"):
            return files
    return None


def _path(site: Site, ref: Ref) -> str:
    names = [site.world.get(each, "name", str) for each in site.up(ref)]
    return "/".join(names[-2::-1])


def _get(_: Site, files: DatastoreFiles, inner: str, request: Request) -> Response:
    if inner in files.folders:
        return _list_folder(files, inner, request)
    if inner.endswith(_BLOCKS):
        return _get_blocks(files, f"{inner.removesuffix(_BLOCKS)}.vmdk", request)
    file = files.files.get(inner)
    return Response(HTTPStatus.NOT_FOUND) if file is None else _ranged(file.data, request)


def _get_blocks(files: DatastoreFiles, descriptor: str, request: Request) -> Response:
    """Give the blocks of a disk, which are a file of their own: nothing was written to them."""
    file = files.files.get(descriptor)
    if file is None or file.disk is None:
        return Response(HTTPStatus.NOT_FOUND)
    return _ranged(_Zeros(1024 * file.disk.capacity_kb), request)


@dataclass(frozen=True, slots=True)
class _Zeros:
    """Blocks to which nothing was written: they take no memory."""

    size: int


def _ranged(data: bytes | _Zeros, request: Request) -> Response:
    """The whole, or the part that is asked for."""
    size = len(data) if isinstance(data, bytes) else data.size
    headers = [("Content-Type", "application/octet-stream"), ("Accept-Ranges", "bytes")]
    unit, _, span = request.headers.get("range", "").partition("=")
    first, _, last = span.partition("-")
    if unit != "bytes" or not first.isdigit():
        return _part(HTTPStatus.OK, data, slice(0, size), headers)
    begin = int(first)
    end = min(int(last) + 1, size) if last.isdigit() else size
    if begin >= size:
        told = (("Content-Range", f"bytes */{size}"),)
        return Response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=told)
    headers.append(("Content-Range", f"bytes {begin}-{end - 1}/{size}"))
    return _part(HTTPStatus.PARTIAL_CONTENT, data, slice(begin, end), headers)


def _part(
    status: int, data: bytes | _Zeros, span: slice, headers: list[tuple[str, str]]
) -> Response:
    if isinstance(data, bytes):
        return Response(status, data[span], tuple(headers))
    return Response(status, headers=tuple(headers), zeros=span.stop - span.start)


def _put(site: Site, files: DatastoreFiles, inner: str, request: Request) -> Response:
    if inner.endswith(_BLOCKS):
        return Response(HTTPStatus.NOT_IMPLEMENTED)
    there = inner in files.files
    try:
        files.write(inner, request.body)
    except VimFault as error:
        return Response(HTTPStatus.INTERNAL_SERVER_ERROR, error.message.encode())
    site.recount()
    return Response(HTTPStatus.OK if there else HTTPStatus.CREATED)


def _delete(site: Site, files: DatastoreFiles, inner: str, _: Request) -> Response:
    if inner not in files.files:
        return Response(HTTPStatus.NOT_FOUND)
    files.delete(inner)
    site.recount()
    return Response(HTTPStatus.NO_CONTENT)


_METHODS: Final[dict[str, Callable[[Site, DatastoreFiles, str, Request], Response]]] = {
    "GET": _get,
    "HEAD": _get,
    "PUT": _put,
    "DELETE": _delete,
}


def _list_folder(files: DatastoreFiles, inner: str, request: Request) -> Response:
    query = request.target.partition("?")[2]
    names = []
    for each in files.within(inner):
        name = each.rpartition("/")[2] + ("/" if each in files.folders else "")
        names.append((f"{FOLDER}/{quote(each)}?{query}", name))
    return _page(f"Index of {inner}", names)


def _list_datastores(site: Site) -> Response:
    rows = []
    for ref, files in site.files.items():
        place = site.datacenter_of(ref)
        path = "" if place is None else _path(site, place)
        rows.append((f"{FOLDER}?dcPath={quote(path)}&dsName={quote(files.name)}", files.name))
    return _page("Datastores", rows)


def _page(title: str, rows: list[tuple[str, str]]) -> Response:
    items = "".join(
        f'<tr><td><a href="{escape(link)}">{escape(name)}</a></td></tr>' for link, name in rows
    )
    text = f"<html><head><title>{escape(title)}</title></head><table>{items}</table></html>"
    return Response(HTTPStatus.OK, text.encode(), (("Content-Type", "text/html; charset=utf-8"),))


def answer_screen(site: Site, request: Request, account: Account | None) -> Response:
    """Do a request for a picture of a machine's screen."""
    if account is None:
        return Response(HTTPStatus.UNAUTHORIZED)
    if not account.may("VirtualMachine.Interact.CreateScreenshot"):
        return Response(HTTPStatus.FORBIDDEN)
    try:
        machine = site.machine(Ref("VirtualMachine", request.query.get("id", "")))
        machine.demand(ON)
    except VimFault as error:
        return Response(HTTPStatus.NOT_FOUND, error.message.encode())
    return Response(HTTPStatus.OK, picture(machine), (("Content-Type", "image/png"),))
