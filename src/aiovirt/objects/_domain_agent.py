"""Work in a domain's guest by its agent: programs, files, file systems that stand still, …."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal

import anyio

from aiovirt.errors import AgentHung, AgentNotReady, InvalidState, Unsupported
from aiovirt.interfaces import Definition, GuestWork
from aiovirt.model.credentials import Secret
from aiovirt.model.guestwork import FoundAddress, GuestExit, GuestProgram
from aiovirt.model.storage import Progress
from aiovirt.objects import _guest_tools as tools
from aiovirt.objects._domain_guest import AddressSource, DomainGuest
from aiovirt.objects._domain_monitor import DomainMonitor
from aiovirt.objects._guest_address import wait_for_address
from aiovirt.objects._guest_files import get_file, put_file, read_file, write_file
from aiovirt.objects._guest_freeze import frozen
from aiovirt.objects._guest_process import GuestProcess, open_process, run

__all__ = ["DomainAgent"]

LOOK_S = 0.2
"""Seconds between two attempts to reach an agent that is awaited."""

READ_LIMIT = 16 * 1024 * 1024


class DomainAgent(DomainGuest, DomainMonitor):
    """The part of `Domain` that works in its guest; it needs nothing but the agent's commands.

    So it works with every driver that passes them on. Every verb raises `AgentNotReady` when
    nobody in the guest has opened the agent's channel, `AgentHung` when the agent does not answer,
    `AgentDisabled` when it may not do that, and `GuestAgentError` with its own words when it
    cannot.
    """

    async def wait_agent(self, *, timeout_s: float = 120.0) -> None:
        """Wait until its agent answers, as after a start.

        Raises:
            AgentNotReady: It was not there in time.
            AgentHung: It was there and did not answer in time.
            AgentError: The domain has no channel for it.
            InvalidState: The domain does not run.
        """
        ends = anyio.current_time() + timeout_s
        while True:
            try:
                await self._ping()
            except (AgentNotReady, AgentHung):
                if anyio.current_time() + LOOK_S > ends:
                    raise
                await anyio.sleep(LOOK_S)
            else:
                return

    async def _ping(self) -> None:
        """See that somebody in the guest answers."""
        if tools.tools_of(self._driver) is None:
            await self.agent_command("guest-ping")
        else:
            await self.guest_info()

    # --- programs -----------------------------------------------------------------------------

    async def guest_exec(
        self, argv: Sequence[str], *, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> GuestExit:
        """Run a program in the guest to its end.

            ended = await vm.guest_exec(["/bin/uname", "-r"])

        Args:
            argv: The program's path, and its arguments; there is no shell in between.
            stdin: What it reads, at most 2 MiB.
            env: Its whole environment, such as ``{"PATH": "/bin"}``; the agent's own if None.

        Returns:
            How it has ended, with what it has written, of which the agent keeps 16 MiB.

        Cancellation: it is killed.
        """
        work = tools.tools_of(self._driver)
        if work is not None:
            return await work.run_program(self.key, argv, stdin=stdin, env=env)
        return await run(self.agent_command, argv, stdin=stdin, env=env)

    async def guest_log_in(self, user: str, password: str | Secret) -> None:
        """Say which account of the guest programs and files are of from now on.

        VMware Tools want one; QEMU's agent works as root without any.

        Raises:
            AuthenticationFailed: The guest does not know it.
            Unsupported: The guest asks for none.
        """
        secret = password if isinstance(password, Secret) else Secret(password)
        await self._driver.ability(GuestWork).log_in(self.key, user, secret)

    async def guest_programs(self) -> Sequence[GuestProgram]:
        """What runs in the guest, and what `guest_exec` has run in the last minutes."""
        return await self._driver.ability(GuestWork).programs(self.key)

    async def guest_end_program(self, pid: int) -> None:
        """End a program of the guest, as by SIGKILL.

        Raises:
            NotFound: There is none of that number.
        """
        await self._driver.ability(GuestWork).end_program(self.key, pid)

    def guest_process(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[GuestProcess]:
        """Run a program in the guest for the length of the block, and follow it meanwhile.

            async with vm.guest_process(["/usr/bin/apt-get", "upgrade", "--yes"]) as process:
                await process.stdin.aclose()
                async for piece in process.stdout: ...
                ended = await process.wait()

        At the end of the block it is killed if it still runs, with all that it has started, and
        what was kept for it in the guest's ``/tmp`` is removed. The guest needs a POSIX shell.

        Args:
            argv: The program, and its arguments.
            env: Its whole environment, with a ``PATH``; the agent's own if None.

        Cancellation: as at the end of the block.
        """
        return open_process(self.agent_command, argv, env=env)

    # --- files --------------------------------------------------------------------------------

    async def guest_get(
        self, path: str, target: str | os.PathLike[str], *, progress: Progress | None = None
    ) -> int:
        """Copy a file of the guest to this host; how many bytes that were.

        Args:
            path: The file in the guest.
            target: The file here, which is there whole or as it was before.
            progress: Is told how far it has got.

        Raises:
            HostError: It cannot be written here.

        Cancellation: `target` is as it was.
        """
        work = tools.tools_of(self._driver)
        if work is not None:
            return await tools.get_file(work, self.key, path, target, progress)
        return await get_file(self.agent_command, path, target, progress)

    async def guest_put(
        self, source: str | os.PathLike[str], path: str, *, progress: Progress | None = None
    ) -> int:
        """Copy a file of this host into the guest; how many bytes that were.

        Args:
            source: The file here.
            path: The file in the guest; it is written anew.
            progress: Is told how far it has got.

        Raises:
            HostError: It cannot be read here.

        Cancellation: a part of it is in the guest.
        """
        work = tools.tools_of(self._driver)
        if work is not None:
            return await tools.put_file(work, self.key, source, path, progress)
        return await put_file(self.agent_command, source, path, progress)

    async def guest_read(self, path: str, *, limit: int = READ_LIMIT) -> bytes:
        """What is in a file of the guest.

        Args:
            path: The file.
            limit: How many bytes it has at most.

        Raises:
            LimitExceeded: It has more.
        """
        work = tools.tools_of(self._driver)
        if work is not None:
            return await tools.read_file(work, self.key, path, limit)
        return await read_file(self.agent_command, path, limit)

    async def guest_write(self, path: str, data: bytes, *, append: bool = False) -> None:
        """Write a file of the guest anew, or at its end if `append`.

        Raises:
            Unsupported: VMware Tools write no file's end.

        Cancellation: a part of it is written.
        """
        work = tools.tools_of(self._driver)
        if work is not None:
            if append:
                raise Unsupported(self._driver.name, "writing at the end of a guest's file")
            await work.write_file(self.key, path, data, len(data))
            return
        await write_file(self.agent_command, path, data, append=append)

    # --- file systems -------------------------------------------------------------------------

    def frozen_filesystems(
        self, *mountpoints: str, thaw_within_s: float = 60.0
    ) -> AbstractAsyncContextManager[int]:
        """Its file systems have written what they have, and stand still for the block's length.

            async with vm.frozen_filesystems() as count:
                await vm.snapshots.create(disk_only=True)

        They are thawed in any case: after an error, after a cancellation, and by an agent that was
        lost meanwhile and is there again within `thaw_within_s` seconds.

        Args:
            mountpoints: Only these.
            thaw_within_s: How long an agent may be lost at the end.

        Raises:
            AgentError: At the end: they could not be thawed.

        Cancellation: they are thawed first.
        """

        async def freeze() -> int:
            return await self.freeze_filesystems(*mountpoints)

        return frozen(self.key.name, freeze, self.thaw_filesystems, thaw_within_s)

    # --- its place in the network -------------------------------------------------------------

    async def wait_ip(
        self,
        *,
        kind: Literal["ipv4", "ipv6"] | None = None,
        sources: Collection[AddressSource] = ("lease", "agent", "arp"),
        timeout_s: float = 120.0,
    ) -> FoundAddress:
        """Wait for an address by which it is reached: whoever of the sources knows one first tells.

            address = await vm.wait_ip()

        Addresses of the loopback, of one link alone, and of interfaces that only the guest has,
        such as a bridge of its own, are none.

        Args:
            kind: Only of this kind.
            sources: Who is asked.
            timeout_s: How long.

        Raises:
            Unresponsive: Nobody has told one; the text says of each source why not.
            InvalidState: The domain does not run, or has no network interface.
        """
        config = await self._driver.ability(Definition).config(self.key)
        macs = {str(each.mac).lower() for each in config.interfaces}
        if not macs:
            raise InvalidState(f"domain {self.key.name!r} has no network interface")
        return await wait_for_address(
            self.key.name,
            self.interface_addresses,
            macs,
            sources=sources,
            kind=kind,
            timeout_s=timeout_s,
        )
