"""The rows of `Secrets`."""

from __future__ import annotations

from aiovirt.bindings.arguments import arg, fixed, flags_and_bits, flags_and_filters
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, listing
from aiovirt.bindings.values import SECRET, UUID_BYTES, Value, document, number
from aiovirt.config import SecretConfig
from aiovirt.interfaces import Secrets
from aiovirt.model.constants import ConnectListAllSecretsFlags, SecretDefineFlags, SecretUsageType
from aiovirt.model.credentials import SecretBytes
from aiovirt.protocols.libvirt.tables import connect as c
from aiovirt.protocols.libvirt.tables import secret as p

__all__ = ["ROWS"]

_LIST = ConnectListAllSecretsFlags


class _Unshown(bytes):
    """Bytes on their way into a packet: what holds them may be shown in a traceback."""

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__


CONFIG = document(SecretConfig)
THE_SECRET = arg("secret", value=SECRET)
FOUND = field("secret", SECRET)
HIDDEN = Value(lambda value: _Unshown(value.reveal()), SecretBytes)
USAGE = number({item.name.lower(): item.value for item in SecretUsageType})

ROWS = (
    bind(
        Secrets.define,
        p.SECRET_DEFINE_XML,
        arg("config", "xml", CONFIG),
        flags_and_bits(SecretDefineFlags, validate=SecretDefineFlags.VALIDATE),
        returns=FOUND,
    ),
    bind(Secrets.undefine, p.SECRET_UNDEFINE, THE_SECRET),
    bind(
        Secrets.keys,
        c.CONNECT_LIST_ALL_SECRETS,
        fixed("need_results", 1),
        flags_and_filters(
            _LIST,
            ephemeral=(_LIST.EPHEMERAL, _LIST.NO_EPHEMERAL),
            private=(_LIST.PRIVATE, _LIST.NO_PRIVATE),
        ),
        returns=listing("secrets", SECRET),
    ),
    bind(
        Secrets.find_by_uuid,
        p.SECRET_LOOKUP_BY_UUID,
        arg("uuid", value=UUID_BYTES),
        returns=FOUND,
    ),
    bind(
        Secrets.find_by_usage,
        p.SECRET_LOOKUP_BY_USAGE,
        arg("usage", "usage_type", USAGE),
        arg("name", "usage_id"),
        returns=FOUND,
    ),
    bind(
        Secrets.config,
        p.SECRET_GET_XML_DESC,
        THE_SECRET,
        fixed("flags", 0),
        returns=field("xml", CONFIG),
    ),
    bind(
        Secrets.set_value,
        p.SECRET_SET_VALUE,
        THE_SECRET,
        arg("value", value=HIDDEN),
        fixed("flags", 0),
    ),
    bind(
        Secrets.value,
        p.SECRET_GET_VALUE,
        THE_SECRET,
        fixed("flags", 0),
        returns=field("value", HIDDEN),
    ),
)
