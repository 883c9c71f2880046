"""The documents that `virsh_qemu.toml` needs: a guest with something of everything, and more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from labsamples import guest_xml

from aiovirt.testing.agentguest import agent_guest_xml, initrd_with_agent
from aiovirt.testing.tinyguest import build

__all__ = ["DOCUMENTS"]

UUID = "7c1e5a0e-6f0b-4a53-9f4c-0d5a1f6e2b01"
MAC = "52:54:00:11:22:33"

PORTS = "<controller type='pci' index='0' model='pcie-root'/>" + "".join(
    f"<controller type='pci' index='{at}' model='pcie-root-port'/>" for at in range(1, 17)
)
"""Room for what is plugged in."""

DEVICES = f"""
<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>
<controller type='scsi' model='virtio-scsi'/>
{PORTS}
<interface type='bridge'><mac address='{MAC}'/><source bridge='lab0'/>
  <model type='virtio'/></interface>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<graphics type='vnc' port='-1'/><video><model type='vga'/></video>
<memballoon model='virtio'/>
"""


def _identified(xml: str) -> str:
    """Give a guest a UUID of its own, so that it may be described anew."""
    return xml.replace("</name>", f"</name><uuid>{UUID}</uuid>", 1)


def _deep(folder: Path) -> str:
    xml = guest_xml(disks=(folder / "disk.qcow2",), devices=DEVICES)
    return _identified(xml).replace(
        "<vcpu>1</vcpu>", "<vcpu current='2'>4</vcpu><iothreads>1</iothreads>"
    )


def _memory(_folder: Path) -> str:
    """Return a guest with places for more memory, and some that can grow."""
    device = (
        "<memory model='virtio-mem'><target><size unit='MiB'>128</size><node>0</node>"
        "<block unit='MiB'>2</block><requested unit='KiB'>0</requested></target>"
        "<alias name='ua-virtiomem'/></memory>"
    )
    xml = guest_xml(devices=device + "<memballoon model='virtio'/>", memory_mib=192)
    return (
        _identified(xml)
        .replace("<memory ", "<maxMemory slots='4' unit='MiB'>1024</maxMemory><memory ", 1)
        .replace(
            "</features>",
            "</features><cpu><numa><cell id='0' cpus='0' memory='64' unit='MiB'/></numa></cpu>",
        )
    )


def _agent(folder: Path) -> str:
    tiny = build()
    return agent_guest_xml(tiny, initrd_with_agent(tiny, folder / "agent.img"), "vm1")


def _copy(folder: Path) -> str:
    return (
        f"<disk type='file'><source file='{folder}/copied.qcow2'/>"
        "<driver name='qemu' type='qcow2'/></disk>"
    )


def _second(folder: Path) -> str:
    return (
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source file='{folder}/disk2.qcow2'/><target dev='sdb' bus='scsi'/>"
        "<alias name='ua-second'/></disk>"
    )


def _pull(folder: Path, more: str = "") -> str:
    return (
        f"<domainbackup mode='pull'>{more}<server transport='unix' socket='{folder}/nbd'/>"
        f"<disks><disk name='vda' backup='yes' type='file'><scratch file='{folder}/scratch'/>"
        "</disk></disks></domainbackup>"
    )


DOCUMENTS: dict[str, Callable[[Path], str]] = {
    "deep.xml": _deep,
    "memory.xml": _memory,
    "agent.xml": _agent,
    "disk2.xml": _second,
    "copy.xml": _copy,
    "nic.xml": lambda _: (
        f"<interface type='bridge'><mac address='{MAC}'/><source bridge='lab0'/>"
        "<model type='virtio'/><link state='down'/></interface>"
    ),
    "watchdog.xml": lambda _: "<watchdog model='i6300esb' action='poweroff'/>",
    "dimm.xml": lambda _: (
        "<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target></memory>"
    ),
    "snapshot.xml": lambda _: (
        "<domainsnapshot><name>named</name><description>by its document</description>"
        "</domainsnapshot>"
    ),
    "checkpoint.xml": lambda _: "<domaincheckpoint><name>cp1</name></domaincheckpoint>",
    "checkpoint2.xml": lambda _: "<domaincheckpoint><name>cp3</name></domaincheckpoint>",
    "push.xml": lambda folder: (
        "<domainbackup><disks><disk name='vda' type='file'>"
        f"<target file='{folder}/pushed.qcow2'/><driver type='qcow2'/></disk></disks>"
        "</domainbackup>"
    ),
    "pull.xml": _pull,
    "incremental.xml": lambda folder: _pull(folder, "<incremental>cp2</incremental>"),
    "keys": lambda _: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample someone\n",
}
"""Names of documents to what makes them."""
