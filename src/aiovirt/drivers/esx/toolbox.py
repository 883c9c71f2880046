"""Calls of VMware Tools in a guest, by an account of the guest: programs, and addresses of files.

Tools have no pipes: a program's streams are files in the guest, which are moved by HTTP and
removed again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import NotFound, RemoteError
from aiovirt.interfaces import GuestReading
from aiovirt.model.credentials import Secret
from aiovirt.protocols.vsphere import Arguments, Method, Ref
from aiovirt.protocols.vsphere.tables import guest_methods as g
from aiovirt.protocols.vsphere.tables.guest import (
    GuestFileAttributes,
    GuestProcessInfo,
    GuestProgramSpec,
    NamePasswordAuthentication,
)
from aiovirt.streams.http import HTTPClient, HTTPResponse, HTTPTarget, Trust, open_http

__all__ = ["Reading", "Toolbox"]

A = TypeVar("A", bound=Arguments)
R = TypeVar("R")

_IN_GUEST: Final = "paths are whole ones of the guest, and numbers those of aiovirt guest-programs"
"""What is to be seen to where something is not found; no datastore has to do with it."""

_WRITTEN: Final = frozenset({200, 201, 204})
_READ: Final = frozenset({200})


class Reading(GuestReading):
    """A file of a guest, as it comes."""

    def __init__(self, response: HTTPResponse, length: int) -> None:
        self._response = response
        self._length = length

    @property
    def length(self) -> int:
        """See `GuestReading.length`."""
        return self._length

    async def __anext__(self) -> bytes:
        """Return the next part; errors as those of `HTTPResponse`."""
        return await anext(self._response)


class Toolbox:
    """The Tools of one machine, for one account.

    Args:
        session: The connection.
        machine: The machine.
        user: The account.
        password: Its password.
        managers: The server's managers of guests.
    """

    def __init__(
        self,
        session: Session,
        machine: Machine,
        user: str,
        password: Secret,
        managers: Mapping[str, Ref],
    ) -> None:
        self._session = session
        self._machine = machine
        self._user = user
        self._password = password
        self._managers = managers

    @property
    def _auth(self) -> NamePasswordAuthentication:
        return NamePasswordAuthentication(
            interactive_session=False, username=self._user, password=self._password.reveal()
        )

    async def _call(self, manager: str, method: Method[A, R], args: A, what: str) -> R:
        what = f"{what} in the guest of domain {self._machine.name!r}"
        try:
            return await self._session.call(method, self._managers[manager], args, what=what)
        except NotFound as error:
            error.hint = _IN_GUEST
            raise

    async def check(self) -> None:
        """Try the account.

        Raises:
            AuthenticationFailed: The guest does not know it.
        """
        args = g.ValidateCredentialsInGuestArgs(vm=self._machine.ref, auth=self._auth)
        await self._call(
            "authManager", g.VALIDATE_CREDENTIALS_IN_GUEST, args, f"let {self._user!r} in"
        )

    # --- programs -------------------------------------------------------------------------------

    async def start(self, spec: GuestProgramSpec, what: str) -> int:
        """Start a program; its number.

        Args:
            spec: The program, as a `GuestShell` tells it.
            what: What is to be done, for messages.

        Raises:
            NotFound: There is no such program.
        """
        args = g.StartProgramInGuestArgs(vm=self._machine.ref, auth=self._auth, spec=spec)
        return await self._call("processManager", g.START_PROGRAM_IN_GUEST, args, what)

    async def environment(self, *names: str) -> Mapping[str, str]:
        """What is in the account's environment, by names in small letters."""
        args = g.ReadEnvironmentVariableInGuestArgs(
            vm=self._machine.ref, auth=self._auth, names=names
        )
        found = await self._call(
            "processManager", g.READ_ENVIRONMENT_VARIABLE_IN_GUEST, args, "read the environment"
        )
        pairs = [each.partition("=") for each in found]
        return {name.lower(): value for name, _, value in pairs}

    async def processes(self, *pids: int) -> Sequence[GuestProcessInfo]:
        """What runs, or only those of some numbers; also what has ended of late."""
        args = g.ListProcessesInGuestArgs(vm=self._machine.ref, auth=self._auth, pids=pids)
        return await self._call("processManager", g.LIST_PROCESSES_IN_GUEST, args, "list processes")

    async def kill(self, pid: int) -> None:
        """End a program.

        Raises:
            NotFound: There is none of that number.
        """
        args = g.TerminateProcessInGuestArgs(vm=self._machine.ref, auth=self._auth, pid=pid)
        await self._call("processManager", g.TERMINATE_PROCESS_IN_GUEST, args, f"end process {pid}")

    # --- files ----------------------------------------------------------------------------------

    async def find(self, path: str, what: str) -> None:
        """See that a file is there.

        Raises:
            NotFound: It is not.
        """
        args = g.ListFilesInGuestArgs(vm=self._machine.ref, auth=self._auth, file_path=path)
        await self._call("fileManager", g.LIST_FILES_IN_GUEST, args, what)

    async def temporary_file(self) -> str:
        """Make an empty file of one's own; its path."""
        args = g.CreateTemporaryFileInGuestArgs(
            vm=self._machine.ref, auth=self._auth, prefix="aiovirt-", suffix=""
        )
        return await self._call(
            "fileManager", g.CREATE_TEMPORARY_FILE_IN_GUEST, args, "make a temporary file"
        )

    async def remove(self, path: str) -> None:
        """Remove a file."""
        args = g.DeleteFileInGuestArgs(vm=self._machine.ref, auth=self._auth, file_path=path)
        await self._call("fileManager", g.DELETE_FILE_IN_GUEST, args, f"remove {path}")

    @asynccontextmanager
    async def read(self, path: str) -> AsyncGenerator[Reading, None]:
        """Read a file for the length of the block.

        Raises:
            NotFound: There is none.
        """
        args = g.InitiateFileTransferFromGuestArgs(
            vm=self._machine.ref, auth=self._auth, guest_file_path=path
        )
        found = await self._call(
            "fileManager", g.INITIATE_FILE_TRANSFER_FROM_GUEST, args, f"read {path}"
        )
        async with (
            self._opened(found.url) as (http, place),
            http.request("GET", place) as response,
        ):
            self._check(response, path, _READ)
            yield Reading(response, found.size)

    async def write(self, path: str, parts: AsyncIterable[bytes] | bytes, length: int) -> None:
        """Write a file anew."""
        args = g.InitiateFileTransferToGuestArgs(
            vm=self._machine.ref,
            auth=self._auth,
            guest_file_path=path,
            file_attributes=GuestFileAttributes(),
            file_size=length,
            overwrite=True,
        )
        url = await self._call(
            "fileManager", g.INITIATE_FILE_TRANSFER_TO_GUEST, args, f"write {path}"
        )
        headers = {"Content-Length": str(length)}
        async with (
            self._opened(url) as (http, place),
            http.request("PUT", place, body=parts, headers=headers) as response,
        ):
            self._check(response, path, _WRITTEN)

    @asynccontextmanager
    async def _opened(self, url: str) -> AsyncGenerator[tuple[HTTPClient, str], None]:
        """The server of a transfer: under a vCenter that is the machine's own host.

        A host that does not know by which name it was asked says ``*``: it means the same.
        """
        client, parts = self._session.client, urlsplit(url)
        target, trust = client.target, client.target.trust
        base = target.url
        if parts.hostname not in {"*", None}:
            base = f"{parts.scheme}://{parts.netloc}"
        ca_file = None if trust.ca_file is None else Path(trust.ca_file)
        known = Trust(ca_file, trust.thumbprint, trust.no_verify)
        wanted = HTTPTarget(base, known, proxy=target.proxy, limit=1)
        async with open_http(wanted) as http:
            yield http, f"{parts.path}?{parts.query}"

    def _check(self, response: HTTPResponse, path: str, good: frozenset[int]) -> None:
        if response.status not in good:
            raise RemoteError(
                f"{self._session.where} does not move {path} of the guest of domain "
                f"{self._machine.name!r}: {response.status} {response.reason}"
            )
