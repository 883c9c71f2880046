"""Programs and files of guests by VMware Tools, with an account of the guest."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiovirt.clients.credentials import PASSWORD_VARIABLE, USERNAME_VARIABLE, answerers
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.guestfacts import guest_of
from aiovirt.drivers.esx.guestprograms import run_program, windows_shell
from aiovirt.drivers.esx.guestshells import PosixShell
from aiovirt.drivers.esx.machine import Machine
from aiovirt.drivers.esx.session import EsxAbility, Session
from aiovirt.drivers.esx.toolbox import Toolbox
from aiovirt.errors import AuthenticationFailed, CallerError, Unsupported
from aiovirt.interfaces import GuestReading, GuestWork
from aiovirt.model.credentials import CredentialKind, CredentialRequest, Login, Secret
from aiovirt.model.domain import DomainKey
from aiovirt.model.guestwork import GuestExit, GuestProgram
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.guest import GuestProcessInfo

__all__ = ["EsxGuestWork"]

SERVICE: Final = "guest"
"""Whose account is asked for: ``[auth-guest-DOMAIN]`` in libvirt's auth file."""

_MANAGERS: Final = ("authManager", "fileManager", "processManager")
_WINDOWS: Final = "windowsGuest"


class EsxGuestWork(EsxAbility, GuestWork):
    """See `GuestWork`.

    The account is that of `log_in`, else that of libvirt's auth file, section
    ``[auth-guest-DOMAIN]``, else a callback is asked.  The server's own account is never tried.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._accounts: dict[Ref, tuple[str, Secret]] = {}
        self._managers: Mapping[str, Ref] = {}

    async def log_in(self, domain: DomainKey, user: str, password: Secret) -> None:
        """See `GuestWork.log_in`."""
        machine = self.session.machines.get(domain)
        await guest_of(self.session, machine)
        tools = Toolbox(self.session, machine, user, password, await self._known_managers())
        await tools.check()
        self._accounts[machine.ref] = user, password

    # --- programs -------------------------------------------------------------------------------

    async def run_program(
        self,
        domain: DomainKey,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
    ) -> GuestExit:
        """See `GuestWork.run_program`: a shell of the guest writes its streams into files.

        In Windows the shell is ``cmd.exe``, and the program's path is a whole one.

        Raises:
            CallerError: A shell of the guest cannot be told these words.
        """
        if not argv:
            raise CallerError("a program needs a name")
        machine = self.session.machines.get(domain)
        told = await guest_of(self.session, machine)
        tools = await self._tools(machine)
        if told.guest_family == _WINDOWS:
            return await run_program(tools, await windows_shell(tools, argv), argv, stdin, env)
        return await run_program(tools, PosixShell(), argv, stdin, env)

    async def programs(self, domain: DomainKey) -> Sequence[GuestProgram]:
        """See `GuestWork.programs`."""
        tools = await self._entered(domain)
        return [_program(each) for each in await tools.processes()]

    async def end_program(self, domain: DomainKey, pid: int) -> None:
        """See `GuestWork.end_program`."""
        tools = await self._entered(domain)
        await tools.kill(pid)

    # --- files ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def read_file(self, domain: DomainKey, path: str) -> AsyncGenerator[GuestReading, None]:
        """See `GuestWork.read_file`."""
        tools = await self._entered(domain)
        async with tools.read(path) as reading:
            yield reading

    async def write_file(
        self, domain: DomainKey, path: str, parts: AsyncIterable[bytes] | bytes, length: int
    ) -> None:
        """See `GuestWork.write_file`."""
        tools = await self._entered(domain)
        await tools.write(path, parts, length)

    # --- accounts -------------------------------------------------------------------------------

    async def _entered(self, domain: DomainKey) -> Toolbox:
        """The Tools of a guest that has some."""
        machine = self.session.machines.get(domain)
        await guest_of(self.session, machine)
        return await self._tools(machine)

    async def _tools(self, machine: Machine) -> Toolbox:
        account = self._accounts.get(machine.ref)
        if account is None:
            account = await self._ask(machine.name)
        user, password = account
        return Toolbox(self.session, machine, user, password, await self._known_managers())

    async def _ask(self, name: str) -> tuple[str, Secret]:
        """The account of a guest.

        Raises:
            AuthenticationFailed: Nobody knows one.
        """
        given = self.session.options.credentials
        # Neither a Login nor the environment says whose it is: both are of the server.
        hidden = {USERNAME_VARIABLE, PASSWORD_VARIABLE}
        environ = {key: value for key, value in os.environ.items() if key not in hidden}
        ask = answerers(
            None if isinstance(given, Login) else given,
            authfile=self.session.parameters.authfile,
            environ=environ,
        )
        user, password = [
            await ask(CredentialRequest(kind, SERVICE, name, prompt))
            for kind, prompt in (
                (CredentialKind.USERNAME, f"Enter username for the guest of {name}"),
                (CredentialKind.PASSPHRASE, f"Enter its password in the guest of {name}"),
            )
        ]
        if user is None or password is None:
            raise AuthenticationFailed(
                f"nobody knows an account of the guest of domain {name!r}",
                hint="log in, or put one into libvirt's auth file, section "
                f"[auth-{SERVICE}-{name}]",
            )
        secret = password if isinstance(password, Secret) else Secret(password)
        return (user.reveal() if isinstance(user, Secret) else user), secret

    async def _known_managers(self) -> Mapping[str, Ref]:
        """The server's managers of guests.

        Raises:
            Unsupported: It has none.
        """
        manager = self.session.content.guest_operations_manager
        if manager is None:
            raise Unsupported(DRIVER, "work in guests", "vSphere has it from version 5.0 on")
        if not self._managers:
            found = await self.session.get(manager, *_MANAGERS, what="tell who minds its guests")
            self._managers = {name: found[name] for name in _MANAGERS}
        return self._managers


def _program(info: GuestProcessInfo) -> GuestProgram:
    return GuestProgram(
        pid=info.pid,
        name=info.name,
        owner=info.owner,
        command=info.cmd_line,
        started=info.start_time,
        ended=info.end_time,
        status=info.exit_code,
    )
