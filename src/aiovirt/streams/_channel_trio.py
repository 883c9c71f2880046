"""The channel on trio: the waiting task itself reads.

Whoever waits for a reply leads: it waits for the socket and reads for all.  The others follow, and
when the leader has its own reply, the next of them leads.  While nobody waits for a reply a task
of the channel leads, so that what comes unasked is handed on too.  It does not take over between
two calls of a busy caller: that would cost each call a switch of tasks.
"""

from __future__ import annotations

import socket
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import anyio
from trio import ClosedResourceError
from trio.lowlevel import (
    Abort,
    RaiseCancelT,
    Task,
    current_task,
    notify_closing,
    reschedule,
    wait_readable,
    wait_task_rescheduled,
    wait_writable,
)

from aiovirt._tasks import open_task_group
from aiovirt.streams.channel import Channel, OnData, OnEnd, Slot, Tasks

__all__ = ["TrioChannel"]

IDLE_AFTER_S = 0.005
"""How long after the last call the channel's own task leaves the reading to callers."""


class TrioChannel(Channel):
    """See `Channel`."""

    def __init__(self, sock: socket.socket, on_data: OnData, on_end: OnEnd) -> None:
        super().__init__(sock, on_data, on_end)
        self._followers: OrderedDict[_LeaderSlot, None] = OrderedDict()
        self._led = False
        self._calls = 0
        self._vacant: anyio.Event | None = None
        self._tasks: Tasks | None = None
        self._writing = False
        self._resumed: anyio.Event | None = None

    def begin(self, tasks: Tasks) -> None:
        """See `Channel.begin`."""
        self._tasks = tasks
        tasks.start_soon(self._read_while_idle)

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[None, None]:
        """See `Channel.run`."""
        async with open_task_group() as group:
            self.begin(group)
            try:
                yield
            finally:
                self._tasks = None
                group.cancel_scope.cancel()

    def pause(self) -> None:
        """See `Channel.pause`."""
        if self._resumed is None and not self.ended:
            self._resumed = anyio.Event()

    def resume(self) -> None:
        """See `Channel.resume`."""
        if self._resumed is not None:
            self._resumed.set()
            self._resumed = None

    def slot(self) -> Slot:
        """See `Channel.slot`."""
        self._calls += 1
        return _LeaderSlot(self)

    def end(self, error: Exception | None = None) -> None:
        """See `Channel.end`; a leader that belongs to another scope stops waiting, too."""
        super().end(error)
        self.resume()
        if self._sock.fileno() >= 0:
            notify_closing(self._sock)

    async def lead_or_follow(self, slot: _LeaderSlot) -> None:
        """Wait until something was read, or until it is the slot's turn to lead, or it is set."""
        if not self._led:
            await self._lead()
            return
        self._followers[slot] = None
        try:
            await slot.sleep()
        finally:
            del self._followers[slot]

    def pass_on(self) -> None:
        """Let the next lead: a follower, else the channel's own task."""
        if self._led:
            return
        for follower in self._followers:
            follower.wake()
            return
        if self._vacant is not None:
            self._vacant.set()

    async def _lead(self) -> None:
        """Read once, for all."""
        self._led = True
        try:
            if self._resumed is not None:
                await self._resumed.wait()
            await wait_readable(self._sock)
            if self._resumed is None:
                self._read_once()
        except ClosedResourceError:
            pass  # `end` woke us
        finally:
            self._led = False

    async def _read_while_idle(self) -> None:
        calls = self._calls if self.serves else -1  # a client's first call is on its way
        while not self.ended:
            busy, calls = calls != self._calls, self._calls
            if busy:
                await anyio.sleep(IDLE_AFTER_S)
            elif self._led or self._followers:
                await self._until_vacant()
            else:
                try:
                    await self._lead()
                finally:  # a waiter that is shielded goes on where this task is cancelled
                    self.pass_on()

    async def _until_vacant(self) -> None:
        self._vacant = anyio.Event()
        try:
            await self._vacant.wait()
        finally:
            self._vacant = None

    async def _write(self) -> None:
        """Send what waits; a task that is there only while something does."""
        try:
            while self._outgoing:
                with suppress(ClosedResourceError):  # `end` wakes us, and leaves nothing to send
                    await wait_writable(self._sock)
                self._flush_or_end()
        finally:
            self._writing = False

    def _flush_or_end(self) -> None:
        try:
            self._flush()
        except OSError as error:
            self.end(error)

    def _want_to_write(self) -> None:
        if not self._writing and self._tasks is not None:
            self._writing = True
            self._tasks.start_soon(self._write)


class _LeaderSlot(Slot):
    """A waiting place; its task sleeps by trio itself, since an event for each reply costs more."""

    __slots__ = ("_channel", "_is_set", "_sleeper")

    def __init__(self, channel: TrioChannel) -> None:
        self._channel = channel
        self._is_set = False
        self._sleeper: Task | None = None

    def set(self) -> None:
        self._is_set = True
        self.wake()

    def wake(self) -> None:
        """Let the follower look again whether it leads now."""
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is not None:
            reschedule(sleeper)

    async def sleep(self) -> None:
        """Wait until somebody wakes this follower."""
        self._sleeper = current_task()
        await wait_task_rescheduled(self._give_up)

    def _give_up(self, _raise_cancel: RaiseCancelT) -> Abort:
        self._sleeper = None
        return Abort.SUCCEEDED

    async def wait(self) -> None:
        channel = self._channel
        try:
            while not (self._is_set or channel.ended):
                await channel.lead_or_follow(self)
        finally:
            channel.pass_on()
