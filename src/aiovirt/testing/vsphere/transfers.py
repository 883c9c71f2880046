"""Files that go to guests or come from them: each transfer has an address, which is a secret."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus

from aiovirt.testing.http import Request, Response
from aiovirt.testing.vsphere.machines.guest import Guest, GuestFile
from aiovirt.testing.vsphere.sessions import Client
from aiovirt.testing.vsphere.world import World

__all__ = ["Transfer", "Transfers"]


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer.

    Attributes:
        guest: The guest.
        path: The file.
        size: Bytes that are to come, or None when the file is read.
        template: What the file is to be like but for its contents.
    """

    guest: Guest
    path: str
    size: int | None = None
    template: GuestFile = field(default_factory=GuestFile)


class Transfers:
    """The transfers of a server.

    Args:
        world: Where the secrets come from.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._open: dict[str, Transfer] = {}

    def url(self, client: Client, transfer: Transfer) -> str:
        """Begin a transfer; give its address, with the server's name as the client has it."""
        token = self._world.uuid()
        self._open[token] = transfer
        return f"{client.base}/guestFile?id={len(self._open)}&token={token}"

    def answer(self, request: Request) -> Response:
        """Do a request for the address of a transfer."""
        transfer = self._open.get(request.query.get("token", ""))
        if transfer is None:
            return Response(HTTPStatus.FORBIDDEN)
        if request.method == "GET" and transfer.size is None:
            return self._read(transfer)
        if request.method == "PUT" and transfer.size is not None:
            return self._write(transfer, request)
        return Response(HTTPStatus.METHOD_NOT_ALLOWED)

    def _read(self, transfer: Transfer) -> Response:
        file = transfer.guest.files.get(transfer.path)
        if file is None:
            return Response(HTTPStatus.NOT_FOUND)
        return Response(HTTPStatus.OK, file.data, (("Content-Type", "application/octet-stream"),))

    def _write(self, transfer: Transfer, request: Request) -> Response:
        if len(request.body) != transfer.size:
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, b"the size is another one")
        transfer.guest.files[transfer.path] = replace(transfer.template, data=request.body)
        return Response(HTTPStatus.OK)
