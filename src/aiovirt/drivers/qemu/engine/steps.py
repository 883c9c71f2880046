"""From words of a command line to commands of the monitor that do the same to a running QEMU.

What a device needs is said once, where command lines are made: it is what its kind's part says
more with the device than without.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any, Final, NamedTuple

from aiovirt.drivers.qemu.argv import (
    chardevs,
    controllers,
    disks,
    display,
    modules,
    network,
    passthrough,
    shares,
    small,
)
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.words import options_of
from aiovirt.drivers.qemu.devices.zpci import ZPCI
from aiovirt.drivers.qemu.engine.backends import backend_of
from aiovirt.drivers.qemu.engine.monitor import BoundedMonitor
from aiovirt.drivers.qemu.store.settings import ANSWER_BOUND_S
from aiovirt.errors import AiovirtError

__all__ = ["PLUGGABLE", "Step", "carry_out", "do_as_one", "more_words", "steps_of", "take_back"]

_Part = Callable[[Guest], Iterator[str]]

PLUGGABLE: Final[dict[str, tuple[_Part, ...]]] = {
    "controller": (controllers.controllers,),  # the first: others are plugged into them
    "disk": (disks.disks,),
    "interface": (network.interfaces,),
    "serial": (chardevs.serials,),
    "channel": (chardevs.channels,),
    "console": (chardevs.consoles,),
    "input": (display.inputs,),
    "redirdev": (passthrough.redirections,),
    "hostdev": (passthrough.hostdevs,),
    "filesystem": (shares.filesystems,),
    "shmem": (shares.shmems,),
    "vsock": (shares.vsocks,),
    "memory": (modules.modules,),
    "watchdog": (small.watchdogs,),
    "rng": (small.rngs,),
    "panic": (small.panics,),
}
"""The kinds of devices that may come and go while a guest runs, and what says their words."""


UNLOCK_BOUND_S: Final = 120.0
"""How long a QEMU may take to open an encrypted image: a key is two seconds of a processor's work,
which others may need as well (QEMU's crypto/block-luks.c)."""


class Step(NamedTuple):
    """A command of the monitor, and what undoes it.

    Attributes:
        command: Its name.
        arguments: What it is given.
        undo: The command that undoes it and its arguments, or None where nothing is left.
        handed: A descriptor of ours that goes with it, or None.
        bound_s: How long QEMU may take.
    """

    command: str
    arguments: Mapping[str, object]
    undo: tuple[str, Mapping[str, object]] | None = None
    handed: int | None = None
    bound_s: float = ANSWER_BOUND_S

    async def do(self, monitor: BoundedMonitor) -> None:
        """Run it; errors as `BoundedMonitor.call`."""
        fds = () if self.handed is None else (self.handed,)
        await monitor.execute(self.command, self.arguments, fds=fds, bound_s=self.bound_s)


def more_words(kinds: set[str], before: Guest, after: Guest) -> list[tuple[str, str]]:
    """The options with their values that a guest has more than before.

    Args:
        kinds: The kinds of devices that it has more of, of `PLUGGABLE`.
        before: The guest without them.
        after: The guest with them.

    Raises:
        XMLError: The driver cannot do what a device asks.
    """
    mine = [part for kind, found in PLUGGABLE.items() if kind in kinds for part in found]
    parts = [controllers.functions, *mine]
    known = {_name(*pair) for part in parts for pair in _pairs(part(before))}
    said = [pair for part in parts for pair in _pairs(part(after)) if _name(*pair) not in known]
    # What stands behind the devices first: a device that was plugged in is the end of it.
    return sorted(said, key=lambda pair: pair[0] == "-device")


def _pairs(words: Iterator[str]) -> Iterator[tuple[str, str]]:
    return zip(words, words, strict=True)


def _name(option: str, value: str) -> tuple[str, object]:
    """By what a thing of QEMU's is known."""
    if value.startswith("{"):
        options = json.loads(value)
        return option, options.get("id") or options.get("node-name")
    return option, options_of(value)[1].get("id", value)


def steps_of(words: list[tuple[str, str]]) -> Iterator[Step]:
    """The commands that do what some options would have done at the start."""
    for option, value in words:
        yield from _STEPS[option](value)


def _object(value: str) -> Iterator[Step]:
    options = json.loads(value)
    yield Step("object-add", options, ("object-del", {"id": options["id"]}))


def _file(value: str) -> Iterator[Step]:
    options = options_of(value)[1]
    number = {"fdset-id": int(options["set"])}
    said = {**number, "opaque": options["opaque"]}
    yield Step("add-fd", said, ("remove-fd", number), handed=int(options["fd"]))


def _node(value: str) -> Iterator[Step]:
    options = json.loads(value)
    undo = ("blockdev-del", {"node-name": options["node-name"]})
    keyed = "encrypt" in options or "key-secret" in options
    bound_s = UNLOCK_BOUND_S if keyed else ANSWER_BOUND_S
    yield Step("blockdev-add", options, undo, bound_s=bound_s)


def _end(value: str) -> Iterator[Step]:
    kind, options = options_of(value)
    name = options.pop("id")
    arguments = {"id": name, "backend": backend_of(kind, options)}
    yield Step("chardev-add", arguments, ("chardev-remove", {"id": name}))


def _netdev(value: str) -> Iterator[Step]:
    options: dict[str, Any] = json.loads(value)
    yield from _hand_over(options)
    yield Step("netdev_add", options, ("netdev_del", {"id": options["id"]}))


def _device(value: str) -> Iterator[Step]:
    options: dict[str, Any] = json.loads(value)
    yield from _hand_over(options)
    # who tells of another one's numbers goes with that one, and has to go where there is none
    undo = ("device_del", {"id": options["id"]}) if options["driver"] == ZPCI else None
    yield Step("device_add", options, undo)


def _action(value: str) -> Iterator[Step]:
    yield Step("watchdog-set-action", {"action": value})


_STEPS: Final[dict[str, Callable[[str], Iterator[Step]]]] = {
    "-object": _object,
    "-add-fd": _file,
    "-blockdev": _node,
    "-chardev": _end,
    "-netdev": _netdev,
    "-device": _device,
    "-watchdog-action": _action,
}

_DESCRIPTORS: Final = ("fd", "fds", "vhostfd", "vhostfds")


def _hand_over(options: dict[str, Any]) -> Iterator[Step]:
    """Give QEMU the descriptors that some options name by our numbers, each under a name."""
    for word in _DESCRIPTORS:
        if word not in options:
            continue
        names = []
        for place, number in enumerate(str(options[word]).split(":")):
            name = {"fdname": f"{word}-{options['id']}-{place}"}
            yield Step("getfd", name, ("closefd", name), handed=int(number))
            names.append(name["fdname"])
        options[word] = ":".join(names)


# --- carrying them out ----------------------------------------------------------------------------


async def carry_out(monitor: BoundedMonitor, steps: Sequence[Step], undo: AsyncExitStack) -> None:
    """Run commands, each of which is undone if another one fails.

    Those with no descriptor are sent as one: what they make is no harm where one is refused.

    Raises:
        RemoteError: QEMU refused one.
    """
    for handing, group in itertools.groupby(steps, lambda step: step.handed is not None):
        together = list(group)
        undo.push_async_callback(take_back, monitor, together)
        if handing:
            for step in together:
                await step.do(monitor)
        else:
            await do_as_one(monitor, together)


async def do_as_one(monitor: BoundedMonitor, steps: Sequence[Step]) -> None:
    """Run commands that hand over no descriptor, sent as one; errors as `carry_out`."""
    bound_s = max(step.bound_s for step in steps)
    asked = [(step.command, step.arguments) for step in steps]
    for refusal in await monitor.execute_each(*asked, bound_s=bound_s):
        if refusal is not None:
            raise refusal


async def take_back(monitor: BoundedMonitor, steps: Sequence[Step]) -> None:
    """Undo commands, the last first; what is not there, or still in use, is no error."""
    undoing = [step.undo for step in reversed(steps) if step.undo is not None]
    if undoing:
        with suppress(AiovirtError):
            await monitor.execute_each(*undoing)
