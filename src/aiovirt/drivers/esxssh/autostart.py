"""Which machines start with the host: ``vim-cmd hostsvc/autostartmanager``."""

from __future__ import annotations

from aiovirt.drivers.esxssh.host import EsxHost
from aiovirt.drivers.esxssh.inventory import Machine
from aiovirt.protocols.esxcli import VimObject, VimReference

__all__ = ["Autostart"]

DELAY_S = "120"
"""Seconds before the next one is started: the host's own default."""

_FOLDER = "hostsvc/autostartmanager"
_ON, _OFF = "PowerOn", "none"


class Autostart:
    """The host's list of machines that it starts, and whether it heeds it."""

    def __init__(self, host: EsxHost) -> None:
        self._host = host

    async def numbers(self) -> frozenset[int]:
        """The numbers of the machines that start with the host; none while it heeds no list."""
        what = "tell what starts with it"
        defaults = await self._host.look(f"{_FOLDER}/get_defaults", what=what)
        if defaults.get("enabled") is not True:
            return frozenset()
        return frozenset(number for number, _, action in await self._entries() if _starts(action))

    async def _entries(self) -> list[tuple[int, int, str]]:
        """Number, place and action of each machine in the list."""
        what = "tell what starts with it"
        found = await self._host.vim(f"{_FOLDER}/get_autostartseq", what=what)
        entries = [each for part in found if isinstance(part, tuple) for each in part]
        return [
            (int(key.name), each.number("startOrder") or 0, each.text("startAction") or "")
            for each in entries
            if isinstance(each, VimObject) and (key := _machine(each)) is not None
        ]

    async def set(self, machine: Machine, *, autostart: bool) -> None:
        """Let a machine start with the host, behind all others, or not.

        The host begins to heed its list when the first machine is put into it.
        """
        verb = "let domain {!r} start with it" if autostart else "let domain {!r} not start with it"
        what = verb.format(machine.key.name)
        if autostart:
            await self._host.vim(f"{_FOLDER}/enable_autostart", "true", what=what)
        orders = [order for number, order, _ in await self._entries() if number != machine.vmid]
        order = str(max([0, *orders]) + 1) if autostart else "-1"
        words = (
            str(machine.vmid),
            _ON if autostart else _OFF,
            DELAY_S,
            order,
            "systemDefault",
            DELAY_S,
            "systemDefault",
        )
        await self._host.vim(f"{_FOLDER}/update_autostartentry", *words, what=what)


def _machine(entry: VimObject) -> VimReference | None:
    key = entry.reference("key")
    return key if key is not None and key.name.isdecimal() else None


def _starts(action: str) -> bool:
    return action.lower() == _ON.lower()
