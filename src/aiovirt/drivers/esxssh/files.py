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
from aiovirt.drivers.esxssh.failures import refusal
from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.drivers.esxssh.link import CHANGE_S, Output
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

_CHANGED, _NOT_OFF, _UNREAD = 82, 83, 84
"""The statuses by which it says that others changed the file, or started its machine, or that the
host does not take it."""

_WRITE = """\
file={file}; part={part}
give_up() {{ rm -f "$part"; exit "$1"; }}
trap 'give_up 1' HUP INT TERM
{check}
cat > "$part" && [ "$(wc -c < "$part")" -eq {size} ] && mv -f "$part" "$file" && exit 0
echo "the file was not written whole" >&2; give_up 1
"""
_NEW = 'if [ -e "$file" ]; then exit 81; fi; mkdir -p "${file%/*}" || exit 1'

_REPLACE = """\
file={file}; part={part}; copy="$part.copy"; old="$part.old"
give_up() {{
  rm -f "$part" "$copy"
  if [ -e "$old" ]; then mv -f "$old" "$file"; vim-cmd vmsvc/reload {vmid} > /dev/null 2>&1; fi
  exit "$1"
}}
trap 'give_up 1' HUP INT TERM
cat > "$part" && [ "$(wc -c < "$part")" -eq {size} ] || {{
  echo "the file was not written whole" >&2; give_up 1
}}
vim-cmd vmsvc/power.getstate {vmid} | grep -q 'Powered off' || give_up 83
[ "$(sha256sum < "$file" | cut -c -64)" = {digest} ] || give_up 82
cp -p "$file" "$copy" && mv -f "$copy" "$old" && mv -f "$part" "$file" || give_up 1
said=$(vim-cmd vmsvc/reload {vmid} 2>&1) || {{ echo "$said"; give_up 84; }}
case "$said" in *.fault.*) echo "$said"; give_up 84;; esac
rm -f "$old"
"""
"""What is renamed is whole.  The host puts the file back by itself, also when nobody waits."""


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
        place, part = await self._places(path)
        script = _WRITE.format(
            file=shlex.quote(place),
            part=shlex.quote(part),
            check=_NEW if new else "",
            size=len(data),
        )
        output = await self._host.link.run(script, f"write {path}", data=data)
        if output.status:
            raise self._refused(path, place, output)

    async def replace(self, path: DatastorePath, old: bytes, new: bytes, vmid: int) -> None:
        """Write the file of a machine whole and let the host read it anew, or leave it as it was.

        Just before, the host is asked whether it is as it was read, and its machine off.

        Args:
            path: Where.
            old: What was read.
            new: What is in it then.
            vmid: The machine's number.

        Raises:
            Busy: Others changed it meanwhile.
            InvalidState: The machine is not off (any more).
            AiovirtError: The host could not, or does not take it.

        Cancellation: it is as it was, or as it shall be, and the host knows it so.
        """
        place, part = await self._places(path)
        script = _REPLACE.format(
            file=shlex.quote(place),
            part=shlex.quote(part),
            size=len(new),
            vmid=vmid,
            digest=hashlib.sha256(old).hexdigest(),
        )
        what = f"write {path}"
        output = await self._host.link.run(script, what, bound_s=CHANGE_S, data=new)
        if output.status:
            raise self._refused(path, place, output)

    async def _places(self, path: DatastorePath) -> tuple[str, str]:
        """The host's path of a file, and one beside it for what is not whole yet."""
        place = await self._datastores.locate(path)
        return place, posixpath.join(posixpath.dirname(place), f".{secrets.token_hex(8)}.part")

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
            return InvalidState(f"the machine of {path} on {where} is not off any more")
        if output.status == _UNREAD:
            return refusal(output, f"{where} did not read the new {path}, which is as it was")
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
