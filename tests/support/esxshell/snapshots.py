"""``vim-cmd vmsvc/snapshot.…``."""

from __future__ import annotations

import re
from typing import Any

from esxshell.machines import OFF, ON, now
from esxshell.printing import UNSET, Ref, Typed, show
from esxshell.state import Host, Record, Refusal, fault

_SAID = {ON: "powered on", OFF: "powered off", "suspended": "suspended"}
_TRUE = frozenset({"1", "true", "yes"})
_FALSE = frozenset({"0", "false", "no"})


def _boolean(word: str) -> bool:
    if word.lower() not in _TRUE | _FALSE:
        raise Refusal(f"Invalid boolean value '{word}'.")
    return word.lower() in _TRUE


def _below(machine: Record, parent: int | None) -> list[Record]:
    return [each for each in machine["snapshots"] if each["parent"] == parent]


def _find(machine: Record, identifier: str) -> Record:
    for each in machine["snapshots"]:
        if str(each["id"]) == identifier:
            return dict(each)
    text = "The object or item referred to could not be found."
    raise Refusal(fault("vim.fault.NotFound", text))


def info(host: Host, number: str) -> str:
    """The tree as an object; one without snapshots has nothing set."""
    machine = host.machine(number)
    if not machine["snapshots"]:
        return "Get Snapshot:\n(vim.vm.SnapshotInfo) null\n"
    roots = [_node(number, machine, each) for each in _below(machine, None)]
    fields = {
        "currentSnapshot": _ref(number, machine["current"]) if machine["current"] else UNSET,
        "rootSnapshotList": Typed("vim.vm.SnapshotTree", roots),
    }
    return f"Get Snapshot:\n{show(Typed('vim.vm.SnapshotInfo', fields))}\n"


def _ref(number: str, identifier: int) -> Ref:
    return Ref("vim.vm.Snapshot", f"{number}-snapshot-{identifier}")


def _node(number: str, machine: Record, snapshot: Record) -> Typed:
    children = [_node(number, machine, each) for each in _below(machine, snapshot["id"])]
    fields: dict[str, Any] = {
        "snapshot": _ref(number, snapshot["id"]),
        "vm": Ref("vim.VirtualMachine", number),
        "name": snapshot["name"],
        "description": snapshot["description"],
        "id": snapshot["id"],
        "createTime": snapshot["created"],
        "state": snapshot["state"],
        "quiesced": snapshot["quiesced"],
        "backupManifest": UNSET,
        "childSnapshotList": Typed("vim.vm.SnapshotTree", children) if children else UNSET,
        "replaySupported": False,
    }
    return Typed("vim.vm.SnapshotTree", fields)


def tree(host: Host, number: str) -> str:
    """The tree as text, with a word misspelt as ESX has it."""
    machine = host.machine(number)
    return "Get Snapshot:\n" + "".join(_branch(machine, None, 0))


def _short(created: str) -> str:
    """A time of the API as the tree has it."""
    year, month, day, hour, minute, second = map(int, re.findall("[0-9]+", created)[:6])
    return f"{month}/{day}/{year} {hour}:{minute}:{second}"


def _branch(machine: Record, parent: int | None, depth: int) -> list[str]:
    dashes, lines = "--" * depth, []
    for each in _below(machine, parent):
        lines += [
            f"{dashes}|-{'CHILD' if depth else 'ROOT'}\n",
            f"{dashes}--Snapshot Name        : {each['name']}\n",
            f"{dashes}--Snapshot Id        : {each['id']}\n",
            f"{dashes}--Snapshot Desciption  : {each['description']}\n",
            f"{dashes}--Snapshot Created On  : {_short(each['created'])}\n",
            f"{dashes}--Snapshot State       : {_SAID[each['state']]}\n",
            *_branch(machine, each["id"], depth + 1),
        ]
    return lines


def create(host: Host, number: str, *words: str) -> str:
    """Make a snapshot."""
    name, description, memory, quiesced = (*words, *("", "", "0", "0")[len(words) :])
    machine = host.machine(number)
    with_memory = _boolean(memory) and machine["power"] == ON
    if _boolean(quiesced) and machine["power"] == ON and not machine["guest"]["tools"]:
        raise Refusal("Create Snapshot:\nCreate snapshot failed")
    identifier = machine["snapshot"]
    machine["snapshot"] += 1
    state = machine["power"] if with_memory or machine["power"] == "suspended" else OFF
    machine["snapshots"].append(
        {
            "id": identifier,
            "name": name,
            "description": description,
            "created": now(),
            "state": state,
            "quiesced": _boolean(quiesced),
            "parent": machine["current"],
            "settings": machine["settings"],
        }
    )
    machine["current"] = identifier
    return "Create Snapshot:\n"


def revert(host: Host, number: str, identifier: str, suppress: str) -> str:
    """Go back to a snapshot."""
    machine = host.machine(number)
    found = _find(machine, identifier)
    machine["current"] = found["id"]
    machine["settings"] = found["settings"]
    machine["power"] = OFF if _boolean(suppress) else found["state"]
    machine["booted"] = now() if machine["power"] == ON else ""
    return "Revert Snapshot:\n" + "".join(_branch(machine, None, 0))


def remove(host: Host, number: str, identifier: str, children: str = "0") -> str:
    """Remove a snapshot; those made from it go to its parent, or with it."""
    machine = host.machine(number)
    found = _find(machine, identifier)
    gone = {found["id"]}
    if _boolean(children):
        while (
            more := {each["id"] for each in machine["snapshots"] if each["parent"] in gone} - gone
        ):
            gone |= more
    machine["snapshots"] = [each for each in machine["snapshots"] if each["id"] not in gone]
    for each in machine["snapshots"]:
        if each["parent"] in gone:
            each["parent"] = found["parent"]
    if machine["current"] in gone:
        machine["current"] = found["parent"]
    return "Remove Snapshot:\n" + "".join(_branch(machine, None, 0))


def remove_all(host: Host, number: str) -> str:
    """Remove all snapshots."""
    machine = host.machine(number)
    machine["snapshots"], machine["current"] = [], None
    return "Remove All Snapshots:\n"
