"""The I/O threads of a domain's document: their numbers, and how each waits for work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lxml import etree

from aiovirt.config import DomainConfig, Node
from aiovirt.drivers.common.tree import node_of, put_node, remove_all
from aiovirt.errors import CallerError
from aiovirt.model.params import plain

__all__ = ["add_iothread", "check_iothread", "delete_iothread", "iothread_ids", "set_polling"]

_MOST: Final = 10_000
_POLLS: Final = {"poll_max_ns": "max", "poll_grow": "grow", "poll_shrink": "shrink"}
_POOLS: Final = ("thread_pool_min", "thread_pool_max")


def iothread_ids(config: DomainConfig) -> list[int]:
    """The numbers of the I/O threads: those that are named, and the lowest others."""
    named = list(_named(config))
    free = (number for number in range(1, _MOST) if number not in named)
    more = (config.iothreads or 0) - len(named)
    return sorted([*named, *(next(free) for _ in range(more))])


def _named(config: DomainConfig) -> Iterator[int]:
    for node in node_of(config).findall("iothreadids/iothread"):
        if (node.get("id") or "").isdigit():
            yield int(node.get("id") or 0)


def check_iothread(config: DomainConfig, number: int) -> None:
    """See that there is an I/O thread of that number.

    Raises:
        CallerError: There is none.
    """
    if number not in iothread_ids(config):
        raise CallerError(f"domain {config.name!r} has no I/O thread {number}")


def add_iothread(config: DomainConfig, number: int) -> None:
    """Add one of that number.

    Raises:
        CallerError: There is one, or it is no number of one.
    """
    if number < 1:
        raise CallerError("numbers of I/O threads begin with 1")
    if number in iothread_ids(config):
        raise CallerError(f"domain {config.name!r} has an I/O thread {number} already")
    _name_all(config, [*iothread_ids(config), number])


def delete_iothread(config: DomainConfig, number: int) -> None:
    """Take one away.

    Raises:
        CallerError: There is none, or a device uses it.
    """
    check_iothread(config, number)
    for disk in config.disks:
        if disk.driver.iothread == number:
            raise CallerError(f"disk {disk.target.dev!r} uses the I/O thread {number}")
    for controller in config.controllers:
        if controller.driver.iothread == number:
            raise CallerError(
                f"the {controller.type} controller {controller.index} uses the I/O thread {number}"
            )
    _name_all(config, set(iothread_ids(config)) - {number})
    remove_all(config, f"cputune/iothreadpin[@iothread='{number}']")


def _name_all(config: DomainConfig, numbers: Iterable[int]) -> None:
    """Let these be the I/O threads; what is said of those that stay is kept."""
    wanted = sorted(numbers)
    for number in set(_named(config)) - set(wanted):
        remove_all(config, f"iothreadids/iothread[@id='{number}']")
    for number in sorted(set(wanted) - set(_named(config))):
        put_node(config, "iothreadids", etree.Element("iothread", id=str(number)))
    config.iothreads = len(wanted) or None


def set_polling(config: DomainConfig, number: int, params: Mapping[str, object]) -> None:
    """Write how one waits: ``poll_max_ns``, ``poll_grow``, ``poll_shrink``, ``thread_pool_…``.

    Raises:
        CallerError: There is none, or no such parameter.
    """
    check_iothread(config, number)
    _name_all(config, iothread_ids(config))
    node = node_of(config).find(f"iothreadids/iothread[@id='{number}']")
    assert node is not None  # noqa: S101 - it was just named
    for name, given in params.items():
        word = _POLLS.get(name)
        value = plain(given)  # type: ignore[arg-type]
        if word is None and name not in _POOLS:
            raise CallerError(f"an I/O thread has no parameter {name!r}")
        if not isinstance(value, int) or value < 0:
            raise CallerError(f"{value!r} is no value of {name}")
        if word is None:
            node.set(name, str(value))
        else:
            _poll(node).set(word, str(value))


def _poll(node: Node) -> Node:
    found = node.find("poll")
    return etree.SubElement(node, "poll") if found is None else found
