"""What the text of an attribute or element must look like: one `Form` for each kind.

The patterns are those of libvirt's grammars (basictypes.rng, domaincommon.rng).  A form is held
against what is set and by `problems`; what is read may be otherwise, as a newer libvirt may be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

__all__ = [
    "ABSOLUTE_PATH",
    "ALIAS",
    "ANY_MAC",
    "BRIDGE_NAME",
    "CLOCK_DELTA",
    "CPUSET",
    "DATE_TIME",
    "DEVICE_NAME",
    "DISK_DEVICE",
    "DISK_FILE",
    "DISK_TARGET",
    "DNS_NAME",
    "DUID",
    "FEATURE_NAME",
    "FILE_PATH",
    "FILTER_NAME",
    "FOLDER_PATH",
    "HOST",
    "IP",
    "IPV4",
    "IPV6",
    "IQN",
    "MODEL_NAME",
    "MODEL_WORD",
    "ONE_LINE",
    "POOL_NAME",
    "SECONDS",
    "SERIAL_NUMBER",
    "TIMEZONE",
    "UINT8",
    "UNICAST_MAC",
    "UUID_FORM",
    "VARIABLE_NAME",
    "VOLUME_NAME",
    "WORD",
    "WWN",
    "Form",
    "either",
    "printable",
    "shaped",
]


@dataclass(frozen=True, slots=True)
class Form:
    """What a text must look like.

    Attributes:
        accepts: Whether a text does.
        expected: What a right text is, in a few words.
    """

    accepts: Callable[[str], bool]
    expected: str


def shaped(pattern: str, expected: str) -> Form:
    """The form of texts that the pattern matches as a whole."""
    matches = re.compile(pattern).fullmatch
    return Form(lambda raw: matches(raw) is not None, expected)


def either(one: Form, other: Form) -> Form:
    """The form of texts that have one of two."""
    return Form(
        lambda raw: one.accepts(raw) or other.accepts(raw), f"{one.expected} or {other.expected}"
    )


def printable(most: int) -> Form:
    """The form of printable ASCII of a length that hardware has room for."""
    return shaped(rf"[ -~]{{0,{most}}}", f"at most {most} printable ASCII characters")


def _is_ipv4(raw: str) -> bool:
    return _is_ip(raw) and ":" not in raw


def _is_ipv6(raw: str) -> bool:
    return _is_ip(raw) and ":" in raw


def _is_ip(raw: str) -> bool:
    try:
        return ip_address(raw) is not None and "%" not in raw
    except ValueError:
        return False


ABSOLUTE_PATH = shaped(r"(/|[a-zA-Z]:\\)[^\n\r]+", "an absolute path")
FOLDER_PATH = shaped(r"/[^\n\r]*", "an absolute path")
FILE_PATH = shaped(r"[^\n\r]+", "a path")
DISK_FILE = either(ABSOLUTE_PATH, shaped(r"\[[^\]]+\] [^\n\r]+", "'[datastore] path'"))
DEVICE_NAME = shaped(r"[a-zA-Z0-9_.\-\\:/]+", "a device's name (letters, digits, _.-:/)")
DISK_DEVICE = either(ABSOLUTE_PATH, DEVICE_NAME)
BRIDGE_NAME = shaped(r"[a-zA-Z0-9_.\-\\:/ ]*", "a bridge's name (letters, digits, _.-:/)")
DISK_TARGET = shaped(
    r"(ioemu:)?(fd|hd|sd|vd|xvd|ubd|nvme)[a-zA-Z0-9_]+", "a name such as vda, sda, hda or fda"
)
ALIAS = shaped(r"[a-zA-Z0-9_\-.]+", "a name of letters, digits and _-. only")
WORD = shaped(r"[a-zA-Z0-9_+\-]+", "a word of letters, digits and _+- only")
MODEL_NAME = shaped(r"[a-zA-Z0-9_.\-]+", "a name of letters, digits and _.- only")
FEATURE_NAME = MODEL_NAME
MODEL_WORD = shaped(r"[a-zA-Z0-9_\-]+", "a word of letters, digits and _- only")
FILTER_NAME = shaped(r"[^\W\d][\w.\-]*", "a filter's name: a letter, then letters, digits, _.-")
VARIABLE_NAME = shaped(r"[a-zA-Z0-9_]+", "a name of letters, digits and _ only")
ONE_LINE = shaped(r"[^\n]+", "one line of text")
CPUSET = shaped(
    r"([0-9]+(-[0-9]+)?|\^[0-9]+)(,([0-9]+(-[0-9]+)?|\^[0-9]+))*", "CPUs such as 0-3,^2"
)
IP = Form(_is_ip, "an IP address")
IPV4 = Form(_is_ipv4, "an IPv4 address")
IPV6 = Form(_is_ipv6, "an IPv6 address")
DNS_NAME = shaped(r"[a-zA-Z0-9.\-]+", "a host or domain name")
DUID = shaped(
    r"0{1,2}:0?(1:0{1,2}:0?[a-fA-F1-9](:[a-fA-F0-9]{1,2}){10,12}"
    r"|2(:[a-fA-F0-9]{1,2}){5,128}"
    r"|3:0{1,2}:0?[a-fA-F1-9](:[a-fA-F0-9]{1,2}){6,8}"
    r"|4(:[a-fA-F0-9]{1,2}){16})",
    "a DUID such as 0:4:7e:7d:f0:7d:a8:bc:c5:d2:13:32:11:ed:16:ea:84:63",
)
IQN = shaped(
    r"iqn\.[0-9]{4}-(0[1-9]|1[0-2])\.[a-zA-Z0-9.\-]+(:[^\n\r]+)?",
    "an iSCSI name such as iqn.2013-06.com.example:target",
)
HOST = either(IP, DNS_NAME)
UNICAST_MAC = shaped(
    r"[a-fA-F0-9][02468aAcCeE](:[a-fA-F0-9]{2}){5}",
    "a MAC address of one card (no multicast), such as 52:54:00:12:34:56",
)
ANY_MAC = shaped(r"[a-fA-F0-9]{2}(:[a-fA-F0-9]{2}){5}", "a MAC address")
UUID_FORM = shaped(r"[a-fA-F0-9]{32}|[a-fA-F0-9]{8}-([a-fA-F0-9]{4}-){3}[a-fA-F0-9]{12}", "a UUID")
POOL_NAME = shaped(r"[^/\n]+", "a name without slash or line break")
VOLUME_NAME = shaped(r"(?!\.{1,2}$)[^/]+", "a volume's name, without slash")
SERIAL_NUMBER = shaped(r"[A-Za-z0-9_.+\- ]+", "letters, digits, spaces and _.+- only")
WWN = shaped(r"(0x)?[0-9a-fA-F]{16}", "16 hexadecimal digits")
UINT8 = shaped(r"0x[0-9a-fA-F]{1,2}|0*([0-9]{1,2}|1[0-9]{2}|2[0-4][0-9]|25[0-5])", "0 to 255")
TIMEZONE = shaped(r"[a-zA-Z0-9_.+\-/]+", "a time zone such as Europe/Paris")
SECONDS = shaped(r"[+-]?[0-9]+", "seconds")
CLOCK_DELTA = either(SECONDS, shaped("reset", "'reset'"))
DATE_TIME = shaped(
    r"[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?",
    "a time such as 2030-01-31T15:30:00",
)
