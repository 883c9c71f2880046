"""Files of a host by its shell: read whole, written whole with their length checked, removed.

There is no SFTP on a host; ``cat`` and the shell's own words do it.
"""

from __future__ import annotations

import hashlib
import posixpath
import secrets
import shlex

import anyio

from aiovirt.drivers.esxssh.datastores import Datastores
from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.drivers.esxssh.link import Output
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    Busy,
    InvalidState,
    NotFound,
    RemoteError,
)
from aiovirt.protocols.esxcli import DatastorePath

__all__ = ["HostFiles"]

_TAKEN = 81
"""The status by which a script says that the file is there already."""

_CHANGED, _NOT_OFF = 82, 83
"""The statuses by which it says that others changed the file, or started its machine."""

_WRITE = """\
file={file}; part={part}
give_up() {{ rm -f "$part"; exit "$1"; }}
trap 'give_up 1' HUP INT TERM
{check}
cat > "$part" && [ "$(wc -c < "$part")" -eq {size} ] || {{
  echo "the file was not written whole" >&2; give_up 1
}}
{last_check}
mv -f "$part" "$file" || give_up 1
"""
_NEW = 'if [ -e "$file" ]; then exit 81; fi; mkdir -p "${file%/*}" || exit 1'

_AS_KNOWN = """\
vim-cmd vmsvc/power.getstate {vmid} | grep -q 'Powered off' || give_up 83
[ "$(sha256sum < "$file" | cut -c -64)" = {digest} ] || give_up 82
"""


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
        await self._write(path, data, check=_NEW if new else "")

    async def replace(self, path: DatastorePath, old: bytes, new: bytes, vmid: int) -> None:
        """Write the file of a machine whole, or leave it as it was.

        Just before, the host is asked whether it is as it was read, and its machine off.

        Args:
            path: Where.
            old: What was read.
            new: What is in it then.
            vmid: The machine's number.

        Raises:
            Busy: Others changed it meanwhile.
            InvalidState: The machine is not off (any more).
            AiovirtError: The host could not.

        Cancellation: it is as it was, or as it shall be.
        """
        digest = hashlib.sha256(old).hexdigest()
        await self._write(path, new, last_check=_AS_KNOWN.format(vmid=vmid, digest=digest))

    async def _write(
        self, path: DatastorePath, data: bytes, *, check: str = "", last_check: str = ""
    ) -> None:
        place = await self._datastores.locate(path)
        part = posixpath.join(posixpath.dirname(place), f".{secrets.token_hex(8)}.part")
        script = _WRITE.format(
            file=shlex.quote(place),
            part=shlex.quote(part),
            check=check,
            size=len(data),
            last_check=last_check,
        )
        output = await self._host.link.run(script, f"write {path}", data=data)
        if output.status:
            raise self._refused(path, place, output)

    def _refused(self, path: DatastorePath, place: str, output: Output) -> AiovirtError:
        where = self._host.where
        if output.status == _TAKEN:
            return AlreadyExists(
                f"there is a file {path} on {where} already",
                hint="it may be a machine that is not registered: "
                f"vim-cmd solo/registervm {shlex.quote(place)} there registers it",
            )
        if output.status == _CHANGED:
            return Busy(f"somebody else changed {path} on {where} just now", hint="try it again")
        if output.status == _NOT_OFF:
            return InvalidState(f"the machine of {path} on {where} was started just now")
        return RemoteError(f"{where} did not write {path}: {output.complaints}")

    async def check_there(self, path: str, hint: str) -> None:
        """See that a file is there.

        Args:
            path: As ``[datastore1] web1/web1.vmdk``, or on the host.
            hint: What to do where it is not.

        Raises:
            NotFound: It is not, or its datastore is not.
        """
        place = path
        if path.startswith("["):
            place = await self._datastores.locate(DatastorePath.parse(path))
        line = f"[ -e {shlex.quote(place)} ]"
        if (await self._host.link.run(line, f"find {path}")).status:
            raise NotFound(f"{self._host.where} has no file {path}", hint=hint)

    async def remove(self, path: DatastorePath) -> None:
        """Remove a file; one that is not there is no error. Cancellation: waited out."""
        with anyio.CancelScope(shield=True):
            place = await self._datastores.locate(path)
            await self._host.run(["rm", "-f", place], f"remove {path}")
