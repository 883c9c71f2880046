"""Every typed command and its result against the schema and the answers of a running QEMU."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import monitors
import msgspec
import pytest

from aiovirt.clients.qmp import connect_qmp
from aiovirt.errors import QMPCommandError
from aiovirt.protocols.qmp import commands
from aiovirt.protocols.qmp.commands import Command
from aiovirt.protocols.qmp.schema import Schema

pytestmark = pytest.mark.real

MACHINE = [
    *("-machine", "q35", "-vnc", "none", "-object", "iothread,id=io0"),
    *("-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0,id=nic0"),
    *("-blockdev", "null-co,node-name=disk0,size=1048576"),
    *("-device", "virtio-blk-pci,drive=disk0,id=blk0", "-device", "virtio-balloon-pci"),
    *("-device", "pcie-root-port,id=port0", "-device", "VGA"),
]

_EXAMPLES: list[Command[object]] = [
    commands.QueryCpuModelExpansion("static", commands.CpuModel("qemu64")),
    commands.QueryCommandLineOptions("name"),
    commands.QueryBlockstats(query_nodes=True),
    commands.QueryNamedBlockNodes(flat=True),
    commands.QueryRxFilter("nic0"),
    commands.QomListTypes(implements="device", abstract=True),
    commands.QomList("/machine"),
    commands.QomGet("/machine", "type"),
    commands.QomSet("/machine", "graphics", value=False),
    commands.DeviceListProperties("virtio-net-pci"),
    commands.Screendump("/dev/fdset/1", device="vga0", head=0, format="png"),
    commands.SendKey(["ctrl", "alt", 42], hold_time=100),
    commands.WatchdogSetAction("pause"),
    commands.SetPassword("vnc", "secret", connected="keep"),
    commands.ExpirePassword("spice", "+30"),
    commands.AddClient("vnc", "fd0", skipauth=True, tls=False),
    commands.Balloon(1 << 30),
    commands.AddFd(1, "x"),
    commands.RemoveFd(1, 2),
    commands.Getfd("fd0"),
    commands.Closefd("fd0"),
    commands.DeviceAdd("e1000", "nic1", "pci.0", {"mac": "52:54:00:00:00:01"}),
    commands.DeviceDel("nic1"),
    commands.NetdevAdd("tap", "net1", {"fd": "fd0", "vhost": True}),
    commands.NetdevDel("net1"),
    commands.ObjectAdd("secret", "s0", {"data": "secret", "format": "raw"}),
    commands.ObjectDel("s0"),
    commands.BlockdevAdd("qcow2", "d1", {"file": {"driver": "file", "filename": "/x.qcow2"}}),
    commands.BlockdevDel("d1"),
    commands.JobDismiss("make-2"),
    commands.BlockResize(1 << 20, node_name="d1"),
    commands.SetLink("nic0", up=False),
    commands.CalcDirtyRate(1, mode="dirty-bitmap"),
    commands.QueryStats("vcpu", [commands.StatsProvider(provider="kvm")]),
    commands.HumanMonitorCommand("info status", cpu_index=0),
]
_WITH_EXAMPLE = {type(example) for example in _EXAMPLES}


def typed_commands() -> list[type[Command[object]]]:
    found = [getattr(commands, name) for name in commands.__all__]
    return [each for each in found if issubclass(each, Command) and each is not Command]


def every_command() -> list[Command[object]]:
    plain = [each() for each in typed_commands() if each not in _WITH_EXAMPLE]
    return [*_EXAMPLES, *plain]


@pytest.fixture(scope="module")
def answers(qemu: Path) -> dict[str, object]:
    """What a real machine answers to every query that takes no arguments, and its schema."""

    async def collect() -> dict[str, object]:
        found: dict[str, object] = {}
        with monitors.machine(qemu, *MACHINE) as sock:
            async with connect_qmp(sock) as qmp:
                for each in typed_commands():
                    if each.qmp_name.startswith("query-"):
                        found[each.qmp_name] = await _answer(qmp.execute, each.qmp_name)
        return found

    return anyio.run(collect)


async def _answer(execute: Callable[[str], Awaitable[object]], name: str) -> object:
    try:
        return await execute(name)
    except QMPCommandError as error:
        return error


@pytest.fixture(scope="module")
def schema(answers: dict[str, object]) -> Schema:
    entries = answers["query-qmp-schema"]
    assert isinstance(entries, list)
    return Schema(entries)


@pytest.mark.parametrize("command", every_command(), ids=lambda command: command.qmp_name)
def test_a_command_fits_the_schema(command: Command[object], schema: Schema) -> None:
    arguments = msgspec.to_builtins(command.arguments())
    assert schema.check_command(command.qmp_name, arguments) == []


@pytest.mark.parametrize("kind", typed_commands(), ids=lambda kind: kind.qmp_name)
def test_a_results_members_are_the_schemas(kind: type[Command[object]], schema: Schema) -> None:
    known = schema.result_members(kind.qmp_name)
    for field in result_fields(kind.result):
        assert field.encode_name in known
        assert not (field.required and known[field.encode_name]), f"{field.name} is optional"


def result_fields(result: object) -> tuple[msgspec.structs.FieldInfo, ...]:
    args = getattr(result, "__args__", None)
    kind = args[0] if args else result
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return msgspec.structs.fields(kind)
    return ()


def queries() -> list[type[Command[object]]]:
    return [each for each in typed_commands() if each.qmp_name.startswith("query-")]


@pytest.mark.parametrize("kind", queries(), ids=lambda kind: kind.qmp_name)
def test_a_real_answer_is_read(kind: type[Command[object]], answers: dict[str, object]) -> None:
    answer = answers[kind.qmp_name]
    if isinstance(answer, QMPCommandError):
        assert answer.error_class == "GenericError", answer  # a parameter is missing
        assert "missing" in answer.description
    else:
        msgspec.convert(answer, kind.result)


@pytest.mark.parametrize("kind", queries(), ids=lambda kind: kind.qmp_name)
def test_a_real_answer_fits_the_schema(
    kind: type[Command[object]], answers: dict[str, object], schema: Schema
) -> None:
    answer = answers[kind.qmp_name]
    if not isinstance(answer, QMPCommandError):
        assert schema.check_result(kind.qmp_name, answer) == []


def test_no_command_is_there_twice() -> None:
    names = [each.qmp_name for each in typed_commands()]
    assert len(set(names)) == len(names)


def test_secrets_are_not_shown() -> None:
    assert "geheim" not in repr(commands.SetPassword("vnc", "geheim"))
    assert "geheim" not in repr(commands.ObjectAdd("secret", "s0", {"data": "geheim"}))
