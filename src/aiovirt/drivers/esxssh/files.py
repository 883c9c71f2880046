"""Files of a host by its shell: read whole, written whole with their length checked, removed.

There is no SFTP on a host; ``cat`` and the shell's own words do it.
"""

from __future__ import annotations

import posixpath
import secrets
import shlex

import anyio

from aiovirt.drivers.esxssh.datastores import Datastores
from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.errors import AlreadyExists, RemoteError
from aiovirt.protocols.esxcli import DatastorePath

__all__ = ["HostFiles"]

_TAKEN = 81
"""The status by which a script says that the file is there already."""

_WRITE = """\
file={file}; part={part}
{check}
cat > "$part" && [ "$(wc -c < "$part")" -eq {size} ] && mv -f "$part" "$file" && exit 0
rm -f "$part"; echo "the file was not written whole" >&2; exit 1
"""
_NEW = 'if [ -e "$file" ]; then exit 81; fi; mkdir -p "${file%/*}" || exit 1'


class HostFiles:
    """Small files in datastores, such as those that describe machines."""

    def __init__(self, host: EsxHost, datastores: Datastores) -> None:
        self._host = host
        self._datastores = datastores

    async def read(self, path: DatastorePath) -> bytes:
        """A whole file, which must be text.

        Raises:
            NotFound: It is not there.
        """
        place = await self._datastores.locate(path)
        output = await self._host.link.run(f"cat {shlex.quote(place)}", f"read {path}")
        if output.status:
            self._host.checked(output, f"read {path}")
        return output.data

    async def write(self, path: DatastorePath, data: bytes, *, new: bool = False) -> None:
        """Write a file whole, or leave it as it was.

        Args:
            path: Where.
            data: What is in it then.
            new: It must not be there yet; its folder is made.

        Raises:
            AlreadyExists: It is there, and shall be new.
            AiovirtError: The host could not.
        """
        place = await self._datastores.locate(path)
        part = posixpath.join(posixpath.dirname(place), f".{secrets.token_hex(8)}.part")
        script = _WRITE.format(
            file=shlex.quote(place),
            part=shlex.quote(part),
            check=_NEW if new else "",
            size=len(data),
        )
        output = await self._host.link.run(script, f"write {path}", data=data)
        if output.status == _TAKEN:
            raise AlreadyExists(
                f"there is a file {path} on {self._host.where} already",
                hint="it may be a machine that is not registered: "
                f"vim-cmd solo/registervm {shlex.quote(place)} there registers it",
            )
        if output.status:
            raise RemoteError(f"{self._host.where} did not write {path}: {output.complaints}")

    async def remove(self, path: DatastorePath) -> None:
        """Remove a file; one that is not there is no error. Cancellation: waited out."""
        with anyio.CancelScope(shield=True):
            place = await self._datastores.locate(path)
            await self._host.run(["rm", "-f", place], f"remove {path}")
