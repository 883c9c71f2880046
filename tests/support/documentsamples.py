"""Documents that are no domains, each with its parts in one of their forms: for the walks.

Every one of them is valid by libvirt's grammar and has no problem of ours.
"""

from __future__ import annotations

from collections.abc import Iterator

UUID = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
WWN = "0x1234567890abcdef"

_VIRTUALPORTS = [
    (
        "<virtualport type='802.1Qbg'><parameters managerid='11' typeid='0x1' typeidversion='2' "
        f'instanceid="{UUID}"/></virtualport>'
    ),
    "<virtualport type='802.1Qbh'><parameters profileid='a'/></virtualport>",
    f"<virtualport type='openvswitch'><parameters interfaceid='{UUID}'/></virtualport>",
    f"<virtualport type='midonet'><parameters interfaceid='{UUID}'/></virtualport>",
    "<virtualport/>",
]
_TRAFFIC = (
    "<bandwidth classID='1'><inbound average='1' burst='2'/><outbound peak='1'/></bandwidth>"
    "<vlan trunk='yes'><tag id='1' nativeMode='tagged'/></vlan>"
)
_DNS = (
    "<dns enable='yes'><forwarder addr='1.1.1.1'/><txt name='a' value='b'/>"
    "<srv service='a' protocol='tcp' target='b' port='1'/>"
    "<host ip='1.1.1.1'><hostname>a</hostname></host></dns>"
)
_NETWORKS = [
    "",
    (
        "<forward mode='nat' dev='a'><nat><address start='1.1.1.1' end='1.1.1.2'/>"
        "<port start='1' end='2'/></nat><interface dev='a'/></forward>"
    ),
    "<forward mode='bridge'/><bridge name='br0'/>",
    (
        "<forward mode='hostdev' managed='yes'><driver name='vfio'/>"
        "<address type='pci' domain='0' bus='4' slot='0' function='1'/></forward>"
    ),
    "<forward mode='hostdev'><pf dev='a'/></forward>",
    f"<portgroup name='a' default='yes'>{_VIRTUALPORTS[0]}{_TRAFFIC}</portgroup>",
    f"{_TRAFFIC}<metadata/><port isolated='yes'/><mac address='52:54:00:12:34:56'/>",
    f"<bridge stp='on' delay='0' zone='a'/><mtu size='1400'/><domain name='a'/>{_DNS}",
    (
        "<ip address='192.168.1.1' netmask='255.255.255.0' localPtr='yes'><tftp root='/a'/><dhcp>"
        "<range start='192.168.1.2' end='192.168.1.9'><lease expiry='1' unit='hours'/></range>"
        "<host mac='52:54:00:12:34:56' name='a' ip='192.168.1.10'/><bootp file='a' server='b'/>"
        "</dhcp></ip>"
    ),
    (
        "<ip family='ipv6' address='fd00::1' prefix='64'><dhcp>"
        "<host id='0:1:0:1:18:aa:62:fe:0:16:3e:44:55:66' ip='fd00::2'><lease expiry='0'/></host>"
        "</dhcp></ip>"
    ),
    "<route address='192.168.1.0' prefix='24' gateway='192.168.1.2' metric='1'/>",
    (
        "<dnsmasq:options xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>"
        "<dnsmasq:option value='a'/></dnsmasq:options>"
    ),
    *_VIRTUALPORTS,
]
_PLUGS = [
    "",
    "<plug type='network' bridge='a' macTableManager='kernel'/>",
    "<plug type='direct' dev='a' mode='vepa'/>",
    "<plug type='hostdev-pci' managed='yes'><driver name='vfio'/><address bus='1'/></plug>",
    f"{_TRAFFIC}<port isolated='yes'/><rxfilters trustGuest='yes'/><group>a</group>",
]
_HOST = "<host name='a' port='1'/>"
_TARGET = (
    "<target><path>/a</path><permissions><mode>0644</mode><owner>-1</owner></permissions></target>"
)
_AUTH = "<auth type='chap' username='a'><secret usage='b'/></auth>"
_IQN = "iqn.2013-06.com.example"
_POOLS = {
    "dir": (
        "<source><vendor name='a'/><product name='b'/></source>",
        f"{_TARGET}<features><cow state='no'/></features>",
    ),
    "fs": (
        "<source><device path='/a'/><format type='ext4'/></source>",
        (
            f"{_TARGET}<fs:mount_opts xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'>"
            "<fs:option name='a'/></fs:mount_opts>"
        ),
    ),
    "netfs": (
        f"<source>{_HOST}<dir path='/a'/><format type='nfs'/><protocol ver='4'/></source>",
        _TARGET,
    ),
    "logical": (
        "<source><name>a</name><device path='/a'/><format type='lvm2'/></source>",
        _TARGET,
    ),
    "disk": (
        (
            "<source><device path='/a' part_separator='yes'><freeExtent start='1' end='2'/>"
            "</device><format type='gpt'/></source>"
        ),
        _TARGET,
    ),
    "iscsi": (
        (
            f"<source>{_HOST}<device path='{_IQN}'/><initiator><iqn name='a'/></initiator>"
            f"{_AUTH}</source>"
        ),
        _TARGET,
    ),
    "iscsi-direct": (
        f"<source>{_HOST}<device path='{_IQN}:a'/><initiator><iqn name='a'/></initiator></source>",
        "",
    ),
    "scsi": ("<source><adapter type='scsi_host' name='host0'/></source>", _TARGET),
    "mpath": ("", _TARGET),
    "rbd": (
        f"<source><name>a</name>{_HOST}</source>",
        (
            "<refresh><volume allocation='default'/></refresh>"
            "<rbd:config_opts xmlns:rbd='http://libvirt.org/schemas/storagepool/rbd/1.0'>"
            "<rbd:option name='a' value='b'/></rbd:config_opts>"
        ),
    ),
    "sheepdog": (f"<source><name>a</name>{_HOST}</source>", ""),
    "gluster": (f"<source><name>a</name>{_HOST}<dir path='/a'/></source>", ""),
    "zfs": ("<source><name>a</name><device path='/a'/></source>", ""),
    "vstorage": ("<source><name>a</name></source>", _TARGET),
}
_ADAPTERS = [
    f"<adapter type='fc_host' parent='a' managed='yes' wwnn='{WWN}' wwpn='{WWN}'/>",
    "<adapter><parentaddr unique_id='1'><address bus='0x1' slot='0x02'/></parentaddr></adapter>",
]
_SECRET = f"<secret type='passphrase' uuid='{UUID}'/>"
_CIPHER = "<cipher name='a' size='1' mode='b' hash='c'/><ivgen name='d' hash='e'/>"
_TIMES = "<timestamps><atime>1</atime><mtime>1.5</mtime></timestamps>"
_VOLUMES = [
    "<capacity>1</capacity><target/>",
    (
        "<capacity unit='GiB'>1</capacity><allocation>1</allocation><key>a</key>"
        "<source><device path='/a'><extent start='1' end='2'/></device></source>"
        f"<target><path>/a</path><format type='qcow2'/>{_TIMES}<permissions/><compat>1.1</compat>"
        "<nocow/><clusterSize unit='KiB'>64</clusterSize><features><lazy_refcounts/></features>"
        f"<encryption format='luks'>{_SECRET}{_CIPHER}</encryption></target>"
    ),
    (
        f"<target/><backingStore><path>/a</path><format type='raw'/><permissions/>{_TIMES}"
        "</backingStore>"
    ),
]
_USAGES = [
    "",
    "<usage type='volume'><volume>/a</volume></usage>",
    *(f"<usage type='{kind}'><name>a</name></usage>" for kind in ("ceph", "tls", "vtpm")),
    "<usage type='iscsi'><target>a</target></usage>",
]
_PLACE = "<address domain='0x0000' bus='0x00' slot='0x1f' function='0x0'/>"
_MDEV_TYPES = (
    "<capability type='mdev_types'><type id='a'><name>b</name><deviceAPI>vfio-pci</deviceAPI>"
    "<availableInstances>1</availableInstances></type></capability>"
)
_VPD = (
    "<capability type='vpd'><name>a</name><fields access='readonly'><serial_number>b"
    "</serial_number><vendor_field index='A'>c</vendor_field></fields><fields access='readwrite'>"
    "<asset_tag>d</asset_tag><system_field index='B'>e</system_field></fields></capability>"
)
_CHANNEL = "<cssid>0x0</cssid><ssid>0x0</ssid><devno>0x0001</devno>"
_IDS = "<product id='0x0001'>a</product><vendor id='0x8086'/>"
_PCI = "<class>0x020000</class><domain>0</domain><bus>0</bus><slot>1</slot><function>0</function>"
_BLOCKS = "<logical_block_size>512</logical_block_size><num_blocks>2</num_blocks>"
_CAPABILITIES = {
    "system": "<product>a</product><hardware><vendor>b</vendor>"
    f"<uuid>{UUID}</uuid></hardware><firmware><version>c</version></firmware>",
    "pci": f"{_PCI}{_IDS}<capability type='phys_function'>{_PLACE}</capability>"
    f"<capability type='virt_functions' maxCount='1'>{_PLACE}</capability>"
    f"<capability type='pci-bridge'/>{_MDEV_TYPES}{_VPD}<iommuGroup number='1'>{_PLACE}"
    "</iommuGroup><numa node='0'/><pci-express><link validity='cap' port='0' speed='2.5' "
    'width="1"/></pci-express>',
    "usb_device": f"<bus>1</bus><device>2</device>{_IDS}",
    "usb": "<number>0</number><class>1</class><subclass>2</subclass><protocol>3</protocol>",
    "net": "<interface>eth0</interface><address>52:54:00:12:34:56</address>"
    "<link speed='1' state='up'/><feature name='tso'/><capability type='80203'/>",
    "scsi_generic": "<char>/dev/sg0</char>",
    "scsi_host": "<host>1</host><unique_id>0</unique_id><capability type='vport_ops'>"
    "<max_vports>1</max_vports><vports>0</vports></capability><capability type='fc_host'>"
    f"<wwnn>{WWN}</wwnn><wwpn>{WWN}</wwpn></capability>",
    "scsi_target": "<target>a</target><capability type='fc_remote_port'><rport>a</rport>"
    f"<wwpn>{WWN}</wwpn></capability>",
    "scsi": "<host>0</host><bus>0</bus><target>0</target><lun>0</lun><type>disk</type>",
    "storage": f"<block>/dev/sda</block><bus>scsi</bus><size>1024</size>{_BLOCKS}"
    "<capability type='hotpluggable'/>",
    "drm": "<type>render</type>",
    "mdev": f"<type id='a'/><iommuGroup number='1'/><uuid>{UUID}</uuid><parent_addr>a"
    "</parent_addr><attr name='a' value='b'/>",
    "ccw": _CHANNEL,
    "css": f"{_CHANNEL}<channel_dev_addr>{_CHANNEL}</channel_dev_addr>{_MDEV_TYPES}",
    "vdpa": "<chardev>/dev/vhost-vdpa-0</chardev>",
    "ap_card": "<ap-adapter>0x01</ap-adapter>",
    "ap_queue": "<ap-adapter>0x01</ap-adapter><ap-domain>0x0001</ap-domain>",
    "ap_matrix": _MDEV_TYPES,
}
_REMOVABLE = (
    "<capability type='storage'><block>/dev/sr0</block><capability type='removable'>"
    f"<media_available>1</media_available><media_size>1</media_size>{_BLOCKS}</capability>"
    "</capability>"
)
_NODES = [
    "",
    (
        "<path>/sys/a</path><devnode type='dev'>/dev/a</devnode>"
        "<devnode type='link'>/dev/b</devnode>"
        "<parent>computer</parent><driver><name>a</name></driver>"
    ),
    f"<parent wwnn='{WWN}' wwpn='{WWN}'/>",
    _REMOVABLE,
    *(f"<capability type='{kind}'>{body}</capability>" for kind, body in _CAPABILITIES.items()),
]
_PORT = "<interface type='ethernet' name='{}'/>"
_MIIMON = "<miimon freq='1' downdelay='2' updelay='3' carrier='netif'/>"
_BOND = "<bond mode='802.3ad'>{}" + _PORT.format("eth1") + "</bond>"
_ON_VLAN = "<vlan tag='1'><interface name='eth0'/></vlan>"
_PORTS = [
    "<interface type='ethernet' name='a'><mac address='52:54:00:12:34:56'/></interface>",
    f'<interface type="bond" name="b"><link speed="1" state="up"/>{_BOND.format("")}</interface>',
    f"<interface type='vlan'>{_ON_VLAN}</interface>",
]
_V4 = (
    "<protocol family='ipv4'><dhcp peerdns='no'/><ip address='1.1.1.1' prefix='24'/>"
    "<route gateway='1.1.1.2'/></protocol>"
)
_V6 = "<protocol family='ipv6'><autoconf/><ip address='::1'/></protocol>"
_INTERFACES = [
    (
        f"<interface type='ethernet' name='a'><start mode='onboot'/><mtu size='1'/>{_V4}{_V6}"
        "<mac address='52:54:00:12:34:56'/></interface>"
    ),
    *(
        f"<interface type='bridge' name='a'><bridge stp='on' delay='0.1'>{port}</bridge>"
        "</interface>"
        for port in _PORTS
    ),
    f"<interface type='bond' name='a'>{_BOND.format(_MIIMON)}</interface>",
    "<interface type='bond' name='a'>"
    + _BOND.format("<arpmon interval='1' target='1.1.1.1' validate='all'/>")
    + "</interface>",
    f"<interface type='vlan'>{_ON_VLAN}</interface>",
]
_PROTOCOLS = {
    "mac": 'srcmacaddr="$MAC" protocolid="arp"',
    "vlan": 'vlanid="0x1"',
    "stp": 'root-cost="1"',
    **dict.fromkeys(("arp", "rarp"), 'opcode="Reply"'),
    "ip": 'srcipaddr="1.1.1.1" srcipmask="24"',
    "ipv6": 'srcipaddr="::1" type="1"',
    **dict.fromkeys(("tcp", "tcp-ipv6"), 'dstportstart="22" flags="SYN/ACK"'),
    **dict.fromkeys(("udp", "sctp", "udp-ipv6", "sctp-ipv6"), 'dstportstart="$P"'),
    **dict.fromkeys(("icmp", "icmpv6"), 'type="8" code="0"'),
    **dict.fromkeys(("igmp", "all", "esp", "ah", "udplite"), 'ipset="a" ipsetflags="src,dst"'),
    **dict.fromkeys(("all-ipv6", "esp-ipv6", "ah-ipv6", "udplite-ipv6"), 'dscp="1"'),
}
_FILTERS = [
    f"<uuid>{UUID}</uuid><filterref filter='a'><parameter name='IP' value='1.1.1.1'/></filterref>",
    "<rule action='drop' direction='inout' priority='-1' statematch='false'/>",
    *(
        f"<rule action='accept' direction='in'><{tag} {values}/></rule>"
        for tag, values in _PROTOCOLS.items()
    ),
]
_KEPT = (
    "<domain type='kvm'><name>a</name><memory>1</memory><os><type>hvm</type></os></domain>",
    f"<domain><uuid>{UUID}</uuid></domain>",
)
_INACTIVE = _KEPT[0].replace("domain", "inactiveDomain")
_SNAPSHOTS = [
    "",
    (
        "<name>a</name><description>b</description><state>running</state><parent><name>c</name>"
        "</parent><creationTime>1</creationTime><memory snapshot='external' file='/a'/>"
        f"<active>1</active>{_KEPT[0]}{_INACTIVE}"
    ),
    f"<memory snapshot='no'/>{_KEPT[1]}",
    "<memory file='/a'/>",
    *(
        f"<disks><disk {disk}</disk></disks>"
        for disk in (
            'name="vda" snapshot="no">',
            'name="/a" snapshot="internal">',
            'name="vda" snapshot="external" type="file"><driver type="qcow2"/><source file="/a"/>',
            'name="vda" type="block"><source dev="/a"/>',
            'name="vda" type="network"><source protocol="nbd"><host name="a"/></source>',
        )
    ),
]
_CHECKPOINTS = [
    "",
    (
        "<name>a</name><parent><name>b</name></parent><creationTime>1</creationTime>"
        f"<disks><disk name='vda' checkpoint='bitmap' bitmap='a' size='1'/></disks>{_KEPT[0]}"
    ),
    "<disks><disk name='vda' checkpoint='no'/></disks>",
]
_LUKS = f"<encryption format='luks'>{_SECRET}</encryption>"
_BACKUPS = [
    "<domainbackup/>",
    *(
        f"<domainbackup mode='push'><incremental>a</incremental><disks><disk name='vda' {disk}"
        "</disk></disks></domainbackup>"
        for disk in (
            'backup="no">',
            f'type="file"><driver type="raw"/><target file="/a">{_LUKS}</target>',
            'type="block" backupmode="incremental" incremental="a"><target dev="/a"/>',
        )
    ),
    "<domainbackup mode='pull'><server transport='unix' socket='/a'/></domainbackup>",
    *(
        "<domainbackup mode='pull'><server name='a' port='1' tls='yes'/><disks>"
        f"<disk name='vda' {disk}</disk></disks></domainbackup>"
        for disk in (
            'exportname="a" exportbitmap="b">',
            f'type="file"><driver type="qcow2"/><scratch file="/a">{_LUKS}</scratch>',
            'type="block" backup="yes"><scratch dev="/a"/>',
        )
    ),
]
_OWNER = f"<owner><name>a</name><uuid>{UUID}</uuid></owner><mac address='52:54:00:12:34:56'/>"


def _pools() -> Iterator[str]:
    sized = "<capacity unit='GiB'>1</capacity><available>1</available>"
    for kind, (source, rest) in _POOLS.items():
        yield f"<pool type='{kind}'><name>a</name>{sized}{source}{rest}</pool>"
    for adapter in _ADAPTERS:
        source = f"<source>{adapter}</source>"
        yield f"<pool type='scsi'><name>a</name>{source}{_TARGET}</pool>"


DOCUMENTS: dict[str, list[str]] = {
    "network": [f"<network><name>a</name>{parts}</network>" for parts in _NETWORKS],
    "networkport": [
        f"<networkport><uuid>{UUID}</uuid>{_OWNER}{parts}</networkport>"
        for parts in (*_PLUGS, *_VIRTUALPORTS)
    ],
    "storagepool": list(_pools()),
    "storagevol": [f"<volume><name>a</name>{parts}</volume>" for parts in _VOLUMES],
    "secret": [f"<secret>{usage}</secret>" for usage in _USAGES],
    "nodedev": [f"<device><name>a</name>{parts}</device>" for parts in _NODES],
    "interface": _INTERFACES,
    "nwfilter": [f"<filter name='a' chain='root'>{parts}</filter>" for parts in _FILTERS],
    "nwfilterbinding": [
        (
            f"<filterbinding>{_OWNER}<portdev name='a'/><linkdev name='b'/><filterref filter='c'/>"
            "</filterbinding>"
        )
    ],
    "domainsnapshot": [f"<domainsnapshot>{parts}</domainsnapshot>" for parts in _SNAPSHOTS],
    "domaincheckpoint": [f"<domaincheckpoint>{parts}</domaincheckpoint>" for parts in _CHECKPOINTS],
    "domainbackup": _BACKUPS,
}
"""Documents by the name of libvirt's grammar for them."""
