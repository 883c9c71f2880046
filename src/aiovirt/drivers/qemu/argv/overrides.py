"""What a user says of QEMU's devices himself, past all that libvirt knows (``qemu:override``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from aiovirt.config import DomainConfig, QemuProperty

__all__ = ["overridden"]

_READERS: Final[dict[str, Callable[[str], object]]] = {
    "string": str,
    "signed": lambda text: int(text, 0),
    "unsigned": lambda text: int(text, 0),
    "bool": lambda text: text == "true",
}


def overridden(config: DomainConfig, alias: str, props: Mapping[str, object]) -> dict[str, object]:
    """The properties of a device as the user wants them."""
    changed = dict(props)
    for each in _properties(config, alias):
        name, kind = each.name or "", each.type or "string"
        if kind == "remove":
            changed.pop(name, None)
        else:
            changed[name] = _READERS[kind](each.value or "")
    return changed


def _properties(config: DomainConfig, alias: str) -> Iterator[QemuProperty]:
    own = (device for device in config.qemu_override.devices if device.alias == alias)
    return (each for device in own for each in device.properties)
