"""The fake ESX host is strict: it refuses what ESX refuses, and knows no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from esxshell import disks, network, system, vim
from esxshell.lab import furnish
from esxshell.state import Host, Refusal

VMX = 'config.version = "8"\nvirtualHW.version = "14"\ndisplayName = "web1"\n'
DEVICES = 'scsi0.present = "TRUE"\nethernet0.present = "TRUE"\n'


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Return an empty host, without a server."""
    furnish(tmp_path, "8.0.2")
    return Host(tmp_path, json.loads((tmp_path / "state.json").read_text()))


def registered(host: Host, text: str = VMX) -> str:
    """Register a machine; its number."""
    path = host.mount("datastore1") / "web1.vmx"
    path.write_text(text)
    return vim.run(host, ["solo/registervm", str(path)]).strip()


def test_what_commands_need_is_among_their_options() -> None:
    network.check_tables()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vmsvc/nonsense"], "Invalid command"),
        (["vmsvc/power.on"], "Insufficient arguments"),
        (["vmsvc/power.on", "1", "2"], "Too many arguments"),
        (["vmsvc/power.on", "7"], 'Unable to find a VM corresponding to "7"'),
        (["vmsvc/snapshot.create", "1", "-n"], "invalid option"),
        (["vmsvc/snapshot.create", "1", "a", "", "maybe"], "Invalid boolean"),
        (["vmsvc/snapshot.remove", "1", "9"], "could not be found"),
        (["vmsvc/power.off", "1"], "Power off failed"),
        (["vmsvc/power.shutdown", "1"], "vim.fault.InvalidPowerState"),
        (["solo/registervm", "/nowhere/x.vmx"], "vim.fault.NotFound"),
        (["hostsvc/autostartmanager/enable_autostart", "perhaps"], "Invalid boolean"),
        (["hostsvc/maintenance_mode_exit"], "vim.fault.InvalidState"),
        (["vmsvc/device.connection", "1", "4000"], "Insufficient arguments"),
        (["vmsvc/device.connection", "1", "4000", "perhaps"], "Invalid boolean"),
        (["vmsvc/device.connection", "1", "4001", "true"], "not found"),
        (["vmsvc/device.connection", "1", "4000", "true"], "vim.fault.InvalidPowerState"),
        (["vmsvc/device.diskaddexisting", "1", "/x.vmdk", "0", "7"], "InvalidDeviceSpec"),
        (["vmsvc/device.diskaddexisting", "1", "/x.vmdk", "1", "0"], "InvalidDeviceSpec"),
        (["vmsvc/device.diskaddexisting", "1", "/nowhere/x.vmdk", "0", "0"], "FileNotFound"),
        (["vmsvc/device.diskremove", "1", "0", "0"], "Insufficient arguments"),
        (["vmsvc/device.diskremove", "1", "0", "0", "x.vmdk"], "Invalid boolean"),
        (["vmsvc/device.diskremove", "1", "0", "0", "false"], "InvalidDeviceSpec"),
    ],
)
def test_vim_cmd_refuses(host: Host, words: list[str], said: str) -> None:
    registered(host, VMX + DEVICES)
    with pytest.raises(Refusal) as caught:
        vim.run(host, words)
    assert said in caught.value.text
    assert caught.value.status == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["network", "nonsense"], "Unknown command or namespace"),
        (["network", "nic", "list", "--all"], "Invalid option"),
        (["network", "vswitch", "standard", "add"], "Missing required parameter -v"),
        (["--formatter=yaml", "system", "version", "get"], "Invalid formatter"),
        (["network", "vswitch", "standard", "add", "-v", "vSwitch0"], "already exists"),
        (["network", "vswitch", "standard", "remove", "-v", "vSwitch0"], "busy"),
        (["system", "version", "get", "more"], "Unexpected argument"),
    ],
)
def test_esxcli_refuses(host: Host, words: list[str], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        system.run(host, words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-c", "1M", "-d", "fat", "x.vmdk"], "Invalid disk format"),
        (["-c", "1000", "x.vmdk"], "not a multiple"),
        (["-c", "1M"], "Missing"),
        (["-c", "1M", "-i", "a.vmdk", "x.vmdk"], "one action"),
        (["-U", "gone.vmdk"], r"\(25\)"),
        (["-Z", "x.vmdk"], "unrecognized option"),
    ],
)
def test_vmkfstools_refuses(host: Host, words: list[str], said: str) -> None:
    with pytest.raises(Refusal, match=said) as caught:
        disks.run(host, words)
    assert caught.value.to_stderr


def test_a_disk_is_there_once(host: Host) -> None:
    path = str(host.mount("datastore1") / "x.vmdk")
    disks.run(host, ["-c", "1M", "-d", "thin", path])
    with pytest.raises(Refusal, match=r"\(39\)"):
        disks.run(host, ["-c", "1M", path])


def test_a_file_that_is_none_is_not_registered(host: Host) -> None:
    for text in ("nonsense\n", 'displayName = "web1"\n'):
        with pytest.raises(Refusal, match="InvalidVmConfig"):
            registered(host, text)


def test_a_machine_is_registered_once(host: Host) -> None:
    assert registered(host) == "1"
    with pytest.raises(Refusal, match="AlreadyExists"):
        registered(host)
