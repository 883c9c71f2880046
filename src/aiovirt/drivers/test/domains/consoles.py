"""Consoles and channels of domains of the host in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from aiovirt.drivers.test.domains.agent import hostname
from aiovirt.drivers.test.domains.base import DomainAbility
from aiovirt.drivers.test.domains.filling import is_real
from aiovirt.drivers.test.domains.living import alias_of
from aiovirt.drivers.test.domains.machine import Live
from aiovirt.drivers.test.domains.terminal import Shell, Terminal
from aiovirt.drivers.test.numbers import no_such_part
from aiovirt.interfaces import Consoles, ConsoleStream
from aiovirt.model.domain import DomainKey

__all__ = ["TestConsoles"]


class TestConsoles(DomainAbility, Consoles):
    """A shell on each console, an echo in each channel."""

    __test__ = False

    def open_console(
        self,
        domain: DomainKey,
        *,
        device: str | None = None,
        readonly: bool = False,
        force: bool = False,
        history: bool = True,
    ) -> AbstractAsyncContextManager[ConsoleStream]:
        """See `Consoles.open_console`."""
        live = self.running(domain)
        names = _consoles(live)
        name = device or (names[0] if names else "")
        if name not in names:
            raise no_such_part(
                f"domain {domain.name!r} has no console {name}".rstrip(),
                hint=f"it has {', '.join(names)}" if names else "add <serial type='pty'/>",
            )
        return _opened(_console(live, name), readonly=readonly, force=force, history=history)

    def open_channel(
        self, domain: DomainKey, *, name: str | None = None, force: bool = False
    ) -> AbstractAsyncContextManager[ConsoleStream]:
        """See `Consoles.open_channel`."""
        live = self.running(domain)
        for channel in live.config.channels:
            alias = alias_of(live.config, channel)
            if name in {None, alias, channel.target.name}:
                terminal = live.terminals.get(alias) or Terminal(alias, bytes)
                live.terminals[alias] = terminal
                return _opened(terminal, readonly=False, force=force, history=False)
        raise no_such_part(f"domain {domain.name!r} has no channel {name or ''}".rstrip())


def _consoles(live: Live) -> list[str]:
    """The names of the consoles; one of libvirt's test guests has one without saying so."""
    devices = (*live.config.serials, *live.config.consoles)
    names = dict.fromkeys(alias_of(live.config, device) for device in devices)
    return list(names) or ([] if is_real(live.config) else ["serial0"])


def _console(live: Live, name: str) -> Terminal:
    if name not in live.terminals:
        shell = Shell(hostname(live.config))
        live.terminals[name] = Terminal(name, shell.feed, shell.greeting)
    return live.terminals[name]


@asynccontextmanager
async def _opened(
    terminal: Terminal, *, readonly: bool, force: bool, history: bool
) -> AsyncIterator[ConsoleStream]:
    async with terminal.open(readonly=readonly, force=force, history=history) as stream:
        yield stream
