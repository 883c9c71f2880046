"""The program aiovirt-ssh-helper: what a client runs on a remote host to reach the daemon there.

It joins its standard input and output to the daemon's socket, as libvirt's virt-ssh-helper does
(``aiovirt-ssh-helper [-r] URI``), or netcat (``aiovirt-ssh-helper -U SOCKET``): so that
``qemu+ssh://HOST/system?proxy=netcat&netcat=aiovirt-ssh-helper`` needs nothing else there.  A
daemon of the user is started when it does not run.
"""

from __future__ import annotations

import argparse
import os
import select
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio

from aiovirt.clients.libvirt.transports.parameters import read_parameters
from aiovirt.clients.libvirt.transports.sockets import Choice, Places, choose_socket
from aiovirt.clients.libvirt.transports.unix import connect_local
from aiovirt.errors import AiovirtError
from aiovirt.model.uri import URI

__all__ = ["join", "main"]

TIMEOUT_S = 30.0
PIECE = 64 * 1024
"""Bytes that are read at once, and that wait at most for the side that is slower."""

FAILED = 1
STDIN, STDOUT = 0, 1


def main(tokens: Sequence[str] | None = None) -> int:
    """Join standard input and output to the daemon's socket until one of them ends."""
    choice_of = _read(sys.argv[1:] if tokens is None else tokens)
    try:
        with anyio.run(partial(connect_local, choice_of(), TIMEOUT_S)) as sock:
            join(sock, STDIN, STDOUT)
    except AiovirtError as error:
        hint = f" ({error.hint})" if error.hint else ""
        sys.stderr.write(f"aiovirt-ssh-helper: {error}{hint}\n")
        return FAILED
    return 0


def _read(tokens: Sequence[str]) -> Callable[[], Choice]:
    """Read a command line: what gives the socket that it means."""
    parser = argparse.ArgumentParser(
        prog="aiovirt-ssh-helper",
        description="Joins standard input and output to the socket of this host's daemon.",
    )
    parser.add_argument("-r", "--readonly", action="store_true", help="the socket for readers")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("uri", nargs="?", metavar="URI", help="such as qemu:///system")
    where.add_argument("-U", dest="socket", type=Path, metavar="SOCKET", help="as netcat has it")
    given = parser.parse_args(tokens)
    if given.socket is not None:
        path: Path = given.socket
        return lambda: Choice(path, session=False, daemons=(), siblings=(path,))
    return partial(_chosen, given.uri, readonly=given.readonly)


def _chosen(text: str, *, readonly: bool) -> Choice:
    uri = URI.parse(text)
    places = Places.of_this_process()
    return choose_socket(uri, read_parameters(uri), readonly=readonly, places=places)


def join(sock: socket.socket, source: int, target: int) -> None:
    """Carry what `source` gives to a socket, and what that gives to `target`, until that ends.

    The end of `source` is told to the socket, which may go on sending.
    """
    number = sock.fileno()
    for descriptor in (number, source, target):
        os.set_blocking(descriptor, False)
    up, down = _Way(source, number), _Way(number, target)
    told = False
    while not down.over:
        if up.over and not told:
            told = True
            with suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
        wanted: dict[int, int] = {}
        for way in (up, down):
            way.want(wanted)
        poll = select.poll()
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        ready = dict(poll.poll())
        for way in (up, down):
            way.carry(ready)


class _Way:
    """One direction: what was read and not yet written."""

    def __init__(self, source: int, target: int) -> None:
        self._source = source
        self._target = target
        self._waiting = b""
        self._ended = False

    @property
    def over(self) -> bool:
        """Whether nothing will come any more, and all is written."""
        return self._ended and not self._waiting

    def want(self, wanted: dict[int, int]) -> None:
        """Say what is waited for."""
        if self._waiting:
            wanted[self._target] = wanted.get(self._target, 0) | select.POLLOUT
        elif not self._ended:
            wanted[self._source] = wanted.get(self._source, 0) | select.POLLIN

    def carry(self, ready: dict[int, int]) -> None:
        """Read and write what can be, without waiting."""
        if self._source in ready and not self._waiting and not self._ended:
            self._waiting = self._read()
        if self._waiting:
            self._write()

    def _read(self) -> bytes:
        try:
            data = os.read(self._source, PIECE)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        self._ended = not data
        return data

    def _write(self) -> None:
        try:
            sent = os.write(self._target, self._waiting)
        except BlockingIOError:
            return
        except OSError:  # nobody takes it any more
            self._ended, self._waiting = True, b""
            return
        self._waiting = self._waiting[sent:]


if __name__ == "__main__":
    sys.exit(main())
