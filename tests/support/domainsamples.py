"""Domains, each with one part in one of its forms: what a walk over all fields starts from.

Every one of them is valid by libvirt's grammar and has no problem of ours.
"""

from __future__ import annotations

from collections.abc import Iterator

DOMAIN = (
    "<domain type='kvm'><name>a</name><memory>1024</memory><vcpu>2</vcpu>"
    "<os>{os}</os>{parts}<devices>{devices}</devices></domain>"
)

_HVM = "<type>hvm</type>"
_COMMANDLINE = (
    "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
    "<qemu:arg value='a'/><qemu:env name='A'/></qemu:commandline>"
)
_UUID = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
_DISTANCES = "<distances><sibling id='0' value='10'/></distances>"
_CACHE = (
    "<cache level='1' associativity='direct' policy='writeback'>"
    "<size value='1' unit='KiB'/><line value='8' unit='B'/></cache>"
)
_WAYS = (
    "<interconnects><latency initiator='0' target='0' type='read' value='1'/>"
    "<bandwidth initiator='0' target='0' cache='1' type='access' value='1' unit='KiB'/>"
    "</interconnects>"
)
_PINS = (
    "<shares>1</shares><period>1000</period><quota>-1</quota><vcpupin vcpu='0' cpuset='0'/>"
    "<emulatorpin cpuset='0'/><iothreadpin iothread='1' cpuset='0'/>"
)
_SCHEDULES = (
    "<emulatorsched scheduler='idle'/><vcpusched vcpus='0' scheduler='fifo' priority='1'/>"
    "<iothreadsched iothreads='1' scheduler='batch'/>"
)
_RESOURCE_CONTROL = (
    "<cachetune vcpus='0'><cache id='0' level='3' type='both' size='1' unit='KiB'/>"
    "<monitor level='3' vcpus='0'/></cachetune>"
    "<memorytune vcpus='1'><node id='0' bandwidth='10'/><monitor vcpus='1'/></memorytune>"
)
_SYSINFO = {
    "smbios": (
        "<bios><entry name='vendor'>a</entry></bios><system><entry name='uuid'>a</entry></system>"
        "<baseBoard><entry name='asset'>a</entry></baseBoard>"
        "<chassis><entry name='sku'>a</entry></chassis><oemStrings><entry>a</entry></oemStrings>"
    ),
    "fwcfg": "<entry name='a'>b</entry><entry name='a' file='/a'/>",
}
_DOMAINS = "http://libvirt.org/schemas/domain"
_NAMESPACES = [
    (
        f"<qemu:capabilities xmlns:qemu='{_DOMAINS}/qemu/1.0'><qemu:add capability='a'/>"
        "<qemu:del capability='b'/></qemu:capabilities>"
    ),
    f"<qemu:deprecation xmlns:qemu='{_DOMAINS}/qemu/1.0' behavior='omit'/>",
    (
        f"<qemu:override xmlns:qemu='{_DOMAINS}/qemu/1.0'><qemu:device alias='a'><qemu:frontend>"
        "<qemu:property name='a' type='string' value='b'/></qemu:frontend></qemu:device>"
        "</qemu:override>"
    ),
    (
        f"<lxc:namespace xmlns:lxc='{_DOMAINS}/lxc/1.0'><lxc:sharenet type='netns' value='a'/>"
        "<lxc:shareipc type='pid' value='1'/><lxc:shareuts type='name' value='a'/></lxc:namespace>"
    ),
    (
        f"<bhyve:commandline xmlns:bhyve='{_DOMAINS}/bhyve/1.0'><bhyve:arg value='a'/>"
        "</bhyve:commandline>"
    ),
    f"<xen:commandline xmlns:xen='{_DOMAINS}/xen/1.0'><xen:arg value='a'/></xen:commandline>",
    f"<vmware:datacenterpath xmlns:vmware='{_DOMAINS}/vmware/1.0'>a</vmware:datacenterpath>",
]
_PARTS = [
    "<maxMemory slots='1'>2048</maxMemory>",
    "<memoryBacking><hugepages/></memoryBacking>",
    "<features><hyperv><relaxed state='on'/></hyperv></features>",
    "<features><hyperv mode='passthrough'/></features>",
    "<features><kvm><hidden state='on'/></kvm></features>",
    "<cpu><topology sockets='1' cores='2' threads='1'/></cpu>",
    "<cpu mode='custom' match='exact'><model>x</model></cpu>",
    "<cpu><model>x</model><feature policy='require' name='a'/></cpu>",
    "<cpu><numa><cell cpus='0' memory='1'/></numa></cpu>",
    *(f"<clock offset='{word}'/>" for word in ("utc", "localtime", "variable")),
    "<clock offset='timezone' timezone='UTC'/>",
    "<clock offset='absolute' start='1'/>",
    *(
        f"<clock offset='utc'><timer name='{name}'/></clock>"
        for name in ("platform", "rtc", "tsc", "hpet", "pit", "armvtimer", "kvmclock")
    ),
    _COMMANDLINE,
    "<seclabel model='a' type='dynamic' relabel='yes'><baselabel>a</baselabel></seclabel>",
    "<seclabel type='static'><label>a</label></seclabel>",
    "<seclabel type='none'/>",
    "<keywrap><cipher name='aes' state='on'/></keywrap>",
    "<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>",
    "<launchSecurity type='s390-pv'/>",
    "<memoryBacking><hugepages><page size='1' nodeset='0'/></hugepages></memoryBacking>",
    "<cpu><model vendor_id='GenuineIntel'>x</model><maxphysaddr mode='emulate' bits='1'/></cpu>",
    f"<cpu><numa><cell cpus='0' memory='1'>{_DISTANCES}{_CACHE}</cell>{_WAYS}</numa></cpu>",
    "<vcpus><vcpu id='0' enabled='yes' hotpluggable='no' order='1'/></vcpus>",
    "<iothreads>1</iothreads><iothreadids><iothread id='1' thread_pool_min='1'/></iothreadids>",
    "<defaultiothread thread_pool_max='1'/>",
    f"<cputune>{_PINS}{_SCHEDULES}</cputune>",
    f"<cputune>{_RESOURCE_CONTROL}</cputune>",
    "<memtune><hard_limit unit='KiB'>1</hard_limit></memtune>",
    "<blkiotune><weight>100</weight><device><path>/a</path></device></blkiotune>",
    "<numatune><memory mode='strict' nodeset='0'/></numatune>",
    "<numatune><memnode cellid='0' mode='strict' nodeset='0'/></numatune>",
    "<resource><partition>/a</partition><fibrechannel appid='a'/></resource>",
    *(f"<sysinfo type='{kind}'>{parts}</sysinfo>" for kind, parts in _SYSINFO.items()),
    "<pm><suspend-to-mem enabled='no'/></pm><perf><event name='cmt' enabled='yes'/></perf>",
    "<features><capabilities policy='deny'><chown state='on'/></capabilities></features>",
    "<features><xen><e820_host state='on'/></xen></features>",
    "<idmap><uid start='0' target='1' count='1'/><gid start='0' target='1' count='1'/></idmap>",
    *_NAMESPACES,
]
_SYSTEMS = [
    f"{_HVM}<loader>/a</loader><nvram/>",
    f"{_HVM}<loader type='pflash'>/a</loader><nvram>/a</nvram>",
    f"{_HVM}<kernel>/a</kernel>",
    f"{_HVM}<bootmenu enable='yes'/>",
    f"{_HVM}<firmware><feature name='secure-boot' enabled='yes'/></firmware>",
    f"{_HVM}<nvram type='file'><source file='/a'/></nvram>",
    f"{_HVM}<acpi><table type='slic'>/a</table></acpi>",
    (
        "<type>exe</type><init>/a</init><initarg>a</initarg><initenv name='a'>b</initenv>"
        "<initdir>/a</initdir><inituser>a</inituser><initgroup>a</initgroup>"
    ),
    *(f"<type>{word}</type>" for word in ("xen", "linux", "xenpvh", "exe")),
]
_DISK_SOURCES = {
    "file": "<source file='/a'/>",
    "block": "<source dev='/a'/>",
    "dir": "<source dir='/a'/>",
    "volume": "<source pool='a' volume='b'/>",
    "vhostuser": "<source type='unix' path='/a'/>",
    "nvme": "<source type='pci' namespace='1'><address bus='1' slot='0'/></source>",
    "network": "<source protocol='nbd'><host name='h'/></source>",
}
_HOST = "<host name='h'/>"
_AUTH = f"<auth username='a'><secret type='ceph' uuid='{_UUID}'/></auth>"
_LUKS = "<encryption format='luks'><secret type='passphrase' usage='a'/></encryption>"
_SLICES = "<slices><slice type='storage' offset='0' size='1'/></slices>"
_LABELS = "<seclabel model='dac' relabel='no'/><seclabel><label>a</label></seclabel>"
_RESERVATIONS = (
    "<reservations managed='no'><source type='unix' path='/a' mode='client'/></reservations>"
)
_COOKIES = "<cookies><cookie name='a'>b</cookie></cookies>"
_RICH_SOURCES = {
    "file": f"<source file='/a' fdgroup='b'>{_SLICES}{_LABELS}{_LUKS}</source>",
    "block": f"<source dev='/a'>{_RESERVATIONS}</source>",
    "volume": "<source pool='a' volume='b' mode='host'/>",
    "vhostuser": "<source type='unix' path='/a'><reconnect enabled='yes' timeout='1'/></source>",
}
_LAST = "<backingStore/>"
_BELOW = {
    "file": f"<source file='/a'/>{_LAST}",
    "network": f"<source protocol='nbd'>{_HOST}</source>",
}
_MIRRORS = [
    "<mirror file='/a' format='raw' job='copy' ready='yes'/>",
    f"<mirror type='file' job='copy'><format type='raw'/><source file='/a'/>{_LAST}</mirror>",
]
_NETWORK_SOURCES = [
    f"<source protocol='rbd' name='a'><snapshot name='s'/><config file='/a'/>{_AUTH}</source>",
    f"<source protocol='iscsi' name='a'>{_HOST}<initiator><iqn name='a'/></initiator></source>",
    f"<source protocol='https' name='a' query='b'>{_HOST}{_COOKIES}<ssl verify='no'/></source>",
    f"<source protocol='ftp' name='a'>{_HOST}<readahead size='1'/><timeout seconds='1'/></source>",
    f"<source protocol='nfs' name='a'>{_HOST}<identity user='a' group='b'/></source>",
    f"<source protocol='vxhs' name='a' tls='yes'>{_HOST}</source>",
    "<source protocol='rbd'/>",
    "<source protocol='iscsi' name='a'><host name='h'/></source>",
    "<source protocol='gluster' name='a'><host transport='unix' socket='/a'/></source>",
]
_INTERFACE_SOURCES = {
    "network": "<source network='a'/>",
    "bridge": "<source bridge='a'/>",
    "user": "",
    "ethernet": "",
    "direct": "<source dev='a' mode='vepa'/>",
    "vhostuser": "<source type='unix' path='/a' mode='server'/>",
    "internal": "<source name='a'/>",
    "mcast": "<source address='224.0.0.1' port='1'/>",
    "client": "<source address='1.1.1.1' port='1'/>",
    "server": "<source address='1.1.1.1' port='1'/>",
    "udp": "<source address='1.1.1.1' port='1'><local address='1.1.1.1' port='1'/></source>",
    "vdpa": "<source dev='/a'/>",
    "null": "",
    "hostdev": "<source><address type='pci' bus='1' slot='0'/></source>",
    "vds": (f"<source switchid='{_UUID}' portid='1' portgroupid='a' connectionid='1'/>"),
}
_MORE_INTERFACES = [
    (
        "<interface type='hostdev'><source><address type='usb' bus='1' device='2'/></source>"
        "</interface>"
    ),
    (
        "<interface type='hostdev'><source missing='yes'><vendor id='0x1'/><product id='0x2'/>"
        "<address bus='1' device='2'/></source></interface>"
    ),
    (
        "<interface type='ethernet'><source><ip address='1.1.1.1'/>"
        "<route address='1.1.1.0' prefix='24' gateway='1.1.1.1'/></source></interface>"
    ),
    (
        "<interface type='vhostuser'><source type='unix' path='/a' mode='client'>"
        "<reconnect enabled='yes' timeout='1'/></source></interface>"
    ),
    (
        "<interface type='bridge'><source bridge='a' macTableManager='kernel'/>"
        f"<virtualport type='openvswitch'><parameters interfaceid='{_UUID}'/></virtualport>"
        "<bandwidth><inbound average='1'/></bandwidth><vlan><tag id='1'/></vlan></interface>"
    ),
    (
        "<interface type='user'><driver name='vhost'><host csum='on'/><guest ufo='off'/></driver>"
        "<guest dev='a' actual='b'/><backend type='passt' logFile='/a'/>"
        "<filterref filter='a'><parameter name='A' value='b'/></filterref></interface>"
    ),
    (
        "<interface type='user'><teaming type='persistent'/><rom bar='off'/><port isolated='yes'/>"
        "<tune><sndbuf>1</sndbuf></tune><coalesce><rx><frames max='1'/></rx></coalesce></interface>"
    ),
]
_PORTS = (
    "<ip family='ipv4' address='1.1.1.1'/><portForward proto='tcp'><range start='1'/></portForward>"
)
_CHARACTER_SOURCES = {
    **dict.fromkeys(("dev", "file", "pipe", "unix"), "<source path='/a'/>"),
    "tcp": "<source mode='bind' host='h' service='1'/>",
    "pty": "",
    "spiceport": "<source channel='a.b'/>",
}
_CHANNEL_TARGETS = [
    "<target type='virtio'/>",
    "<target type='xen'/>",
    "<target type='guestfwd' address='1.1.1.1' port='1'/>",
]
_BRIDGES = ("pci-root", "pcie-root", "pci-bridge", "pcie-root-port", "pcie-expander-bus")
_TPM_BACKENDS = [
    "<backend type='passthrough'><device path='/a'/></backend>",
    f"<backend type='emulator'><encryption secret='{_UUID}'/></backend>",
    "<backend type='emulator'><active_pcr_banks><sha1/></active_pcr_banks></backend>",
    "<backend type='external'><source type='unix' path='/a' mode='connect'/></backend>",
]
_MEMORY_SOURCES = [
    "<source><pagesize unit='KiB'>1</pagesize><nodemask>0</nodemask></source>",
    "<source><path>/a</path><alignsize unit='KiB'>1</alignsize><pmem/></source>",
]
_MEMORY_TARGET = (
    "<target><size unit='KiB'>1</size><node>0</node><label><size unit='KiB'>1</size></label>"
    "</target>"
)
_CERTIFICATES = "<certificate>a</certificate>" * 3
_AUDIOS = [
    *(
        f"<audio id='1' type='{kind}'><input/><output mixingEngine='no'/></audio>"
        for kind in ("none", "alsa", "coreaudio", "dbus", "jack", "oss", "pulseaudio", "sdl")
    ),
    "<audio id='1' type='spice'/>",
    "<audio id='1' type='file' path='/a'/>",
]
_PCI = "<address domain='0' bus='1' slot='0' function='0'/>"
_SCSI = "<adapter name='a'/><address bus='0' target='0' unit='0'/>"
_HOSTDEVS = {
    "pci": f"<source>{_PCI}</source><driver name='vfio'/><rom bar='on' file='/a'/>",
    "usb": "<source><vendor id='0x1'/><product id='0x2'/></source>",
    "scsi": f"<source>{_SCSI}</source>",
    "scsi_host": "<source protocol='vhost' wwpn='naa.5001405376e34ea5'/>",
}
_MORE_HOSTDEVS = [
    (
        f"<hostdev type='pci'><source>{_PCI}</source>"
        "<teaming type='transient' persistent='a'/></hostdev>"
    ),
    "<hostdev type='usb'><source><address bus='1' device='0x2'/></source></hostdev>",
    (
        "<hostdev type='scsi'><source protocol='iscsi' name='a'><host name='h' port='1'/>"
        f"{_AUTH}<initiator><iqn name='a'/></initiator></source></hostdev>"
    ),
    (f"<hostdev type='mdev' model='vfio-pci'><source><address uuid='{_UUID}'/></source></hostdev>"),
    *(
        f"<hostdev mode='capabilities' type='{kind}'><source>{source}</source></hostdev>"
        for kind, source in (
            ("storage", "<block>/a</block>"),
            ("misc", "<char>/a</char>"),
            ("net", "<interface>a</interface>"),
        )
    ),
]
_FILESYSTEMS = {
    "mount": "<source dir='/a'/>",
    "bind": "<source dir='/a'/>",
    "template": "<source name='a'/>",
    "file": "<source file='/a'/>",
    "block": "<source dev='/a'/>",
    "ram": "<source usage='1' units='KiB'/>",
}
_VIRTIOFS = (
    "<filesystem><driver type='virtiofs' queue='1'/><binary path='/a'><lock posix='on'/></binary>"
    "<source socket='/a'/><target dir='a'/></filesystem>"
)
_SMALL = [
    "<input type='tablet' bus='usb'/>",
    "<input type='passthrough' bus='virtio'><source evdev='/a'/></input>",
    "<input type='evdev'><source dev='/a'/></input>",
    "<rng model='virtio'><rate bytes='1'/><backend model='random'>/a</backend></rng>",
    "<rng model='virtio'><backend model='builtin'/></rng>",
    "<rng model='virtio'><backend model='egd' type='unix'><source path='/a'/></backend></rng>",
    "<memballoon model='virtio'/>",
    "<watchdog model='i6300esb'/>",
    "<sound model='ich9'/>",
    "<panic model='isa'/>",
    "<vsock><cid auto='no' address='4'/></vsock>",
    *(f"<controller type='{kind}'/>" for kind in ("ide", "fdc", "scsi", "usb", "xenbus")),
    "<controller type='virtio-serial'/>",
    "<controller type='usb' model='ich9-uhci1'><master startport='0'/></controller>",
    *(f"<controller type='pci' model='{model}'/>" for model in _BRIDGES),
    *(f"<video><model type='{model}'/></video>" for model in ("vga", "virtio", "qxl")),
    "<lease><lockspace>a</lockspace><key>b</key><target path='/a' offset='1'/></lease>",
    "<hub type='usb'/>",
    "<nvram><address type='spapr-vio' reg='0x3000'/></nvram>",
    "<iommu model='intel'><driver intremap='on' aw_bits='48'/></iommu>",
    "<shmem name='a'><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>",
    "<shmem name='a'><server path='/a'/><msi vectors='1'/></shmem>",
    *(f"<tpm model='tpm-tis'>{backend}</tpm>" for backend in _TPM_BACKENDS),
    *(f"<memory model='dimm'>{source}{_MEMORY_TARGET}</memory>" for source in _MEMORY_SOURCES),
    "<redirdev bus='usb' type='spicevmc'><boot order='1'/></redirdev>",
    "<redirfilter><usbdev allow='yes' class='0x08' version='1.1'/></redirfilter>",
    "<smartcard mode='host'/>",
    f"<smartcard mode='host-certificates'>{_CERTIFICATES}<database>/a</database></smartcard>",
    "<smartcard mode='passthrough' type='spicevmc'/>",
    *_AUDIOS,
    "<sound model='ich9'><codec type='micro'/><audio id='1'/></sound>",
]


def _disks() -> Iterator[str]:
    target = "<target dev='vda'/>"
    for kind, source in _DISK_SOURCES.items():
        yield f"<disk type='{kind}'>{source}{target}</disk>"
    for source in _NETWORK_SOURCES:
        yield f"<disk type='network'>{source}{target}</disk>"
    for device in ("cdrom", "floppy", "lun"):
        yield f"<disk type='block' device='{device}'><source dev='/a'/>{target}</disk>"
    for kind, source in _RICH_SOURCES.items():
        yield f"<disk type='{kind}'>{source}{target}</disk>"
    for kind, below in _BELOW.items():
        layer = f"<backingStore type='{kind}'><format type='qcow2'/>{below}</backingStore>"
        yield f"<disk type='file'><source file='/a'/>{layer}{target}</disk>"
    for mirror in _MIRRORS:
        yield f"<disk type='file'><source file='/a'/>{mirror}{target}</disk>"
    yield f"<disk>{target}<source file='/a'/>{_AUTH}{_LUKS}<transient/></disk>"


def _interfaces() -> Iterator[str]:
    for kind, source in _INTERFACE_SOURCES.items():
        yield f"<interface type='{kind}'>{source}</interface>"
    for name in ("qemu", "vhost", "kvm", "vfio"):
        yield f"<interface type='user'><driver name='{name}'/></interface>"
    yield f"<interface type='user'>{_PORTS}</interface>"
    yield from _MORE_INTERFACES


def _characters() -> Iterator[str]:
    for kind, source in _CHARACTER_SOURCES.items():
        yield f"<serial type='{kind}'>{source}</serial>"
    yield from (f'<{tag} type="pty"/>' for tag in ("console", "parallel"))
    yield from (f"<channel type='pty'>{target}</channel>" for target in _CHANNEL_TARGETS)


_SPICE = (
    "<image compression='off'/><jpeg compression='auto'/><zlib compression='never'/>"
    "<playback compression='on'/><streaming mode='all'/><clipboard copypaste='no'/>"
    "<mouse mode='client'/><filetransfer enable='no'/>"
)


def _displays() -> Iterator[str]:
    for kind in ("sdl", "vnc", "spice", "rdp", "desktop", "egl-headless", "dbus"):
        yield f"<graphics type='{kind}'/>"
    yield "<graphics type='vnc' socket='/a'/>"
    yield "<graphics type='spice'><channel name='main' mode='secure'/></graphics>"
    yield f"<graphics type='spice'>{_SPICE}</graphics>"
    yield "<graphics type='dbus' p2p='yes'><audio id='1'/></graphics>"
    yield "<graphics type='rdp' replaceUser='yes' multiUser='no'/>"
    yield "<video><driver name='qemu' vgaconf='on'/><model type='virtio'/></video>"
    yield "<graphics type='vnc' port='1'/>"
    for listen in ('"address"', '"network" network="a"', '"socket"', '"none"'):
        yield f"<graphics type='spice'><listen type={listen}/></graphics>"


def _passed() -> Iterator[str]:
    for kind, source in _HOSTDEVS.items():
        yield f"<hostdev mode='subsystem' type='{kind}'>{source}</hostdev>"
    yield from _MORE_HOSTDEVS
    for kind, source in _FILESYSTEMS.items():
        yield f"<filesystem type='{kind}'>{source}<target dir='a'/></filesystem>"
    yield _VIRTIOFS


BARE = DOMAIN.format(os=_HVM, parts="", devices="")

SAMPLES = [
    *(DOMAIN.format(os=_HVM, parts=part, devices="") for part in _PARTS),
    *(DOMAIN.format(os=system, parts="", devices="") for system in _SYSTEMS),
    *(
        DOMAIN.format(os=_HVM, parts="", devices=device)
        for device in (
            *_disks(),
            *_interfaces(),
            *_characters(),
            *_displays(),
            *_passed(),
            *_SMALL,
        )
    ),
]
