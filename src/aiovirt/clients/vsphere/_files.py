"""Files of datastores, by the server's own HTTP: streamed both ways, resumed, with progress.

Source: VMware's "Datastore Service": ``/folder/PATH?dcPath=DATACENTER&dsName=DATASTORE``, with the
session's cookie.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self, TypeAlias
from urllib.parse import quote, urlencode

import anyio

from aiovirt.errors import (
    ConnectionLost,
    NotFound,
    ProtocolError,
    RemoteError,
)
from aiovirt.streams.http import HTTPClient, HTTPResponse

__all__ = ["DatastoreFile", "Download", "OnBytes", "download", "upload"]

OnBytes: TypeAlias = Callable[[int, int | None], object]
"""Gets how many bytes are through, and how many there are, if that is known."""

RESUMES: Final = 5
"""How often a download goes on where its connection has ended without bringing anything."""

_WRITTEN: Final = {200, 201, 204}
_WHOLE, _PART, _NO_SUCH_RANGE, _ABSENT = 200, 206, 416, 404
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class DatastoreFile:
    """A file of a datastore.

    Attributes:
        path: Within the datastore, such as ``web1/web1.vmx``.
        datastore: The datastore's name.
        datacenter: The path of the datacenter in the inventory, such as ``Folder/DC0``; that of an
            ESX host is ``ha-datacenter``.
    """

    path: str
    datastore: str
    datacenter: str = "ha-datacenter"

    @property
    def url(self) -> str:
        """Its place on the server."""
        query = urlencode({"dcPath": self.datacenter, "dsName": self.datastore}, quote_via=quote)
        return f"/folder/{quote(self.path.lstrip('/'))}?{query}"

    def __str__(self) -> str:
        """As VMware writes it."""
        return f"[{self.datastore}] {self.path}"


class Download:
    """A file that is read, in parts; made by `download`. Iterate over it.

    Attributes:
        length: Bytes of the whole file, or None when the server does not tell.
        done: Up to which byte of it the parts have come.
    """

    def __init__(
        self,
        http: HTTPClient,
        file: DatastoreFile,
        done: int,
        progress: OnBytes | None,
    ) -> None:
        self.length: int | None = None
        self.done = done
        self._http = http
        self._file = file
        self._progress = progress
        self._stack = AsyncExitStack()
        self._response: HTTPResponse | None = None
        self._resumes = RESUMES

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return the next part, at least a byte.

        A connection that ends is made anew, and the file goes on where it was.

        Raises:
            NotFound: The file is not there any more.
            ConnectionLost: It ends again and again.
            ProtocolError: What the server sends does not fit what it has sent.

        Further errors as `HTTPResponse`. Cancellation: loses nothing.
        """
        while True:
            try:
                if self._response is None:
                    await self.open()
                return await self._next()
            except ConnectionLost:
                await self.close()
                self._resumes -= 1
                if self._resumes < 0:
                    raise

    async def _next(self) -> bytes:
        if self._response is None:
            raise StopAsyncIteration
        part = await anext(self._response)
        self.done += len(part)
        self._resumes = RESUMES
        if self._progress is not None:
            self._progress(self.done, self.length)
        return part

    async def open(self) -> None:
        """Ask for the file, from where it has come to. Raises as iterating."""
        headers = {"Accept-Encoding": "identity"}
        if self.done:
            headers["Range"] = f"bytes={self.done}-"
        asked = self._http.request("GET", self._file.url, headers=headers)
        response = await self._stack.enter_async_context(asked)
        _raise_for(response, self._http.where, self._file, {_WHOLE, _PART, _NO_SUCH_RANGE})
        self._check_range(response)
        self._response = response

    def _check_range(self, response: HTTPResponse) -> None:
        if response.status == _WHOLE:
            begin, length = 0, response.length
        else:
            found = _RANGE.match(response.headers.get("Content-Range", ""))
            total = found[2] if found else "*"
            begin = int(found[1] or self.done) if found else -1
            length = int(total) if total != "*" else None
        if begin != self.done or (self.length is not None and length != self.length):
            raise ProtocolError(
                f"{self._http.where}: the file {self._file} does not go on at byte {self.done}: "
                f"the server sends {length} bytes from {begin}",
                hint="somebody has changed the file meanwhile: begin anew",
            )
        self.length = length

    async def close(self) -> None:
        """End the request that is under way."""
        self._response = None
        await self._stack.aclose()


@asynccontextmanager
async def download(
    http: HTTPClient, file: DatastoreFile, offset: int, progress: OnBytes | None
) -> AsyncGenerator[Download, None]:
    """Read a file, in parts, for the length of the scope.

    Args:
        http: The server, with the session's cookie.
        file: What is read.
        offset: From which byte.
        progress: Called with each part.

    Raises:
        NotFound: There is no such file.
        AuthenticationFailed: The session has expired.
        RemoteError: The server refuses.

    Further errors as `HTTPClient.request`. Cancellation: ends the request.
    """
    reading = Download(http, file, offset, progress)
    try:
        await reading.open()
        yield reading
    finally:
        with anyio.CancelScope(shield=True):
            await reading.close()


async def upload(
    http: HTTPClient,
    file: DatastoreFile,
    parts: AsyncIterable[bytes] | bytes,
    length: int | None,
    progress: OnBytes | None,
) -> None:
    """Write a file; what is there of that name is replaced.

    Args:
        http: The server, with the session's cookie.
        file: What is written; its folder is there.
        parts: What is written into it.
        length: Bytes of all parts; None where nobody knows before the last one.
        progress: Called with each part that the server has taken.

    Raises:
        NotFound: There is no such folder or datastore.
        AuthenticationFailed: The session has expired.
        RemoteError: The server refuses: the datastore is full, for one.
        ConnectionLost: With `maybe_done`: the file is there in part at most.

    Further errors as `HTTPClient.request`, and what iterating over `parts` raises.

    Cancellation: leaves the file there in part.
    """
    headers = {"Content-Type": "application/octet-stream"}
    if length is not None:
        headers["Content-Length"] = str(length)
    body = parts if isinstance(parts, bytes) else _counted(parts, length, progress)
    async with http.request("PUT", file.url, body=body, headers=headers) as response:
        _raise_for(response, http.where, file, _WRITTEN)


async def _counted(
    parts: AsyncIterable[bytes], length: int | None, progress: OnBytes | None
) -> AsyncGenerator[bytes, None]:
    done = 0
    async for part in parts:
        done += len(part)
        yield part
        if progress is not None:
            progress(done, length)


def _raise_for(response: HTTPResponse, where: str, file: DatastoreFile, well: set[int]) -> None:
    if response.status in well:
        return
    told = f"{response.status} {response.reason}".rstrip()
    if response.status == _ABSENT:
        raise NotFound(
            f"{where}: there is no {file} in {file.datacenter}: {told}",
            hint="do the names of the datacenter, the datastore and the file fit?",
        )
    raise RemoteError(f"{where}: {file} in {file.datacenter} is refused: {told}")
