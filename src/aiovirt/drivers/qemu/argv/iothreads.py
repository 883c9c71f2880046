"""Threads of QEMU's own that serve disks and controllers."""

from __future__ import annotations

from collections.abc import Iterator

from aiovirt.config import DomainConfig, Iothread, element
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.words import as_json

__all__ = ["iothreads"]


def iothreads(guest: Guest) -> Iterator[str]:
    """The threads, by the numbers that the domain gives them."""
    for number, node in _numbered(guest.config):
        options = {"qom-type": "iothread", "id": f"iothread{number}", **_pool(node)}
        yield from ("-object", as_json(options))


def _numbered(config: DomainConfig) -> list[tuple[int, Iothread | None]]:
    """The numbers that are named, and the lowest others up to how many there are."""
    named: dict[int, Iothread | None] = {
        thread.id or 0: thread for thread in config.iothread_ids.iothreads
    }
    wanted = max(config.iothreads or 0, len(named))
    number = 1
    while len(named) < wanted:
        named.setdefault(number, None)
        number += 1
    return sorted(named.items())


def _pool(thread: Iothread | None) -> dict[str, object]:
    if thread is None:
        return {}
    return {
        "thread-pool-min": thread.thread_pool_min,
        "thread-pool-max": thread.thread_pool_max,
        **_polling(thread),
    }


def _polling(thread: Iothread) -> dict[str, object]:
    """How it polls, which is of newer libvirt: no view has it."""
    node = element(thread)
    poll = None if node is None else node.find("poll")
    said = {} if poll is None else {word: poll.get(name) for word, name in _POLLING.items()}
    return {word: int(value) for word, value in said.items() if value is not None}


_POLLING = {"poll-grow": "grow", "poll-shrink": "shrink", "poll-max-ns": "max"}
