"""Domains, each with one part in one of its forms: what a walk over all fields starts from.

Every one of them is valid by libvirt's grammar and has no problem of ours.
"""

from __future__ import annotations

from collections.abc import Iterator

DOMAIN = (
    '<domain type="kvm"><name>a</name><memory>1024</memory><vcpu>2</vcpu>'
    "<os>{os}</os>{parts}<devices>{devices}</devices></domain>"
)

_HVM = "<type>hvm</type>"
_COMMANDLINE = (
    '<qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">'
    '<qemu:arg value="a"/><qemu:env name="A"/></qemu:commandline>'
)
_PARTS = [
    '<maxMemory slots="1">2048</maxMemory>',
    "<memoryBacking><hugepages/></memoryBacking>",
    '<features><hyperv><relaxed state="on"/></hyperv></features>',
    '<features><hyperv mode="passthrough"/></features>',
    '<features><kvm><hidden state="on"/></kvm></features>',
    '<cpu><topology sockets="1" cores="2" threads="1"/></cpu>',
    '<cpu mode="custom" match="exact"><model>x</model></cpu>',
    '<cpu><model>x</model><feature policy="require" name="a"/></cpu>',
    '<cpu><numa><cell cpus="0" memory="1"/></numa></cpu>',
    *(f'<clock offset="{word}"/>' for word in ("utc", "localtime", "variable")),
    '<clock offset="timezone" timezone="UTC"/>',
    '<clock offset="absolute" start="1"/>',
    *(
        f'<clock offset="utc"><timer name="{name}"/></clock>'
        for name in ("platform", "rtc", "tsc", "hpet", "pit", "armvtimer", "kvmclock")
    ),
    _COMMANDLINE,
]
_SYSTEMS = [
    f"{_HVM}<loader>/a</loader><nvram/>",
    f'{_HVM}<loader type="pflash">/a</loader><nvram>/a</nvram>',
    f"{_HVM}<kernel>/a</kernel>",
    f'{_HVM}<bootmenu enable="yes"/>',
    *(f"<type>{word}</type>" for word in ("xen", "linux", "xenpvh", "exe")),
]
_DISK_SOURCES = {
    "file": '<source file="/a"/>',
    "block": '<source dev="/a"/>',
    "dir": '<source dir="/a"/>',
    "volume": '<source pool="a" volume="b"/>',
    "vhostuser": '<source type="unix" path="/a"/>',
    "nvme": '<source type="pci" namespace="1"><address bus="1" slot="0"/></source>',
    "network": '<source protocol="nbd"><host name="h"/></source>',
}
_NETWORK_SOURCES = [
    '<source protocol="rbd"/>',
    '<source protocol="iscsi" name="a"><host name="h"/></source>',
    '<source protocol="gluster" name="a"><host transport="unix" socket="/a"/></source>',
]
_INTERFACE_SOURCES = {
    "network": '<source network="a"/>',
    "bridge": '<source bridge="a"/>',
    "user": "",
    "ethernet": "",
    "direct": '<source dev="a" mode="vepa"/>',
    "vhostuser": '<source type="unix" path="/a" mode="server"/>',
    "internal": '<source name="a"/>',
    "mcast": '<source address="224.0.0.1" port="1"/>',
    "client": '<source address="1.1.1.1" port="1"/>',
    "server": '<source address="1.1.1.1" port="1"/>',
    "udp": '<source address="1.1.1.1" port="1"><local address="1.1.1.1" port="1"/></source>',
    "vdpa": '<source dev="/a"/>',
    "null": "",
}
_PORTS = (
    '<ip family="ipv4" address="1.1.1.1"/><portForward proto="tcp"><range start="1"/></portForward>'
)
_CHARACTER_SOURCES = {
    **dict.fromkeys(("dev", "file", "pipe", "unix"), '<source path="/a"/>'),
    "tcp": '<source mode="bind" host="h" service="1"/>',
    "pty": "",
    "spiceport": '<source channel="a.b"/>',
}
_CHANNEL_TARGETS = [
    '<target type="virtio"/>',
    '<target type="xen"/>',
    '<target type="guestfwd" address="1.1.1.1" port="1"/>',
]
_BRIDGES = ("pci-root", "pcie-root", "pci-bridge", "pcie-root-port", "pcie-expander-bus")
_SMALL = [
    '<input type="tablet" bus="usb"/>',
    '<input type="passthrough" bus="virtio"><source evdev="/a"/></input>',
    '<input type="evdev"><source dev="/a"/></input>',
    '<rng model="virtio"><rate bytes="1"/><backend model="random">/a</backend></rng>',
    '<rng model="virtio"><backend model="builtin"/></rng>',
    '<rng model="virtio"><backend model="egd" type="unix"><source path="/a"/></backend></rng>',
    '<memballoon model="virtio"/>',
    '<watchdog model="i6300esb"/>',
    '<sound model="ich9"/>',
    '<panic model="isa"/>',
    '<vsock><cid auto="no" address="4"/></vsock>',
    *(f'<controller type="{kind}"/>' for kind in ("ide", "fdc", "scsi", "usb", "xenbus")),
    '<controller type="virtio-serial"/>',
    '<controller type="usb" model="ich9-uhci1"><master startport="0"/></controller>',
    *(f'<controller type="pci" model="{model}"/>' for model in _BRIDGES),
    *(f'<video><model type="{model}"/></video>' for model in ("vga", "virtio", "qxl")),
]


def _disks() -> Iterator[str]:
    target = '<target dev="vda"/>'
    for kind, source in _DISK_SOURCES.items():
        yield f'<disk type="{kind}">{source}{target}</disk>'
    for source in _NETWORK_SOURCES:
        yield f'<disk type="network">{source}{target}</disk>'
    for device in ("cdrom", "floppy", "lun"):
        yield f'<disk type="block" device="{device}"><source dev="/a"/>{target}</disk>'


def _interfaces() -> Iterator[str]:
    for kind, source in _INTERFACE_SOURCES.items():
        yield f'<interface type="{kind}">{source}</interface>'
    for name in ("qemu", "vhost", "kvm", "vfio"):
        yield f'<interface type="user"><driver name="{name}"/></interface>'
    yield f'<interface type="user">{_PORTS}</interface>'


def _characters() -> Iterator[str]:
    for kind, source in _CHARACTER_SOURCES.items():
        yield f'<serial type="{kind}">{source}</serial>'
    yield from (f'<{tag} type="pty"/>' for tag in ("console", "parallel"))
    yield from (f'<channel type="pty">{target}</channel>' for target in _CHANNEL_TARGETS)


def _displays() -> Iterator[str]:
    for kind in ("sdl", "vnc", "spice", "rdp", "desktop", "egl-headless", "dbus"):
        yield f'<graphics type="{kind}"/>'
    yield '<graphics type="vnc" socket="/a"/>'
    yield '<graphics type="vnc" port="1"/>'
    for listen in ('"address"', '"network" network="a"', '"socket"', '"none"'):
        yield f'<graphics type="spice"><listen type={listen}/></graphics>'


BARE = DOMAIN.format(os=_HVM, parts="", devices="")

SAMPLES = [
    *(DOMAIN.format(os=_HVM, parts=part, devices="") for part in _PARTS),
    *(DOMAIN.format(os=system, parts="", devices="") for system in _SYSTEMS),
    *(
        DOMAIN.format(os=_HVM, parts="", devices=device)
        for device in (*_disks(), *_interfaces(), *_characters(), *_displays(), *_SMALL)
    ),
]
