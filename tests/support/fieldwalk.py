"""The walk: what sets every field of every view to values of all kinds.

What is refused when it is set is written past the field as well, as a document may have it.
`silent` names the values that make a document wrong by libvirt's grammar without a problem of
ours: there may be none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from lxml import etree

from aiovirt.config import Document, DomainConfig, View, _codecs, _tree, element, problems
from aiovirt.config._children import Child, Children, Via
from aiovirt.config._scalars import Presence, Scalar, SizeScalar, WordList
from aiovirt.config._view import Field
from aiovirt.config.devices._address import AddressField
from aiovirt.errors import XMLError
from aiovirt.model.addresses import (
    CcidAddress,
    CcwAddress,
    DriveAddress,
    IsaAddress,
    MmioAddress,
    OtherAddress,
    PciAddress,
    SpaprVioAddress,
    UnassignedAddress,
    UsbAddress,
    VirtioSerialAddress,
)
from aiovirt.model.units import Bytes, KiB

MADE_BY = 3
"""By how many values an element that is not there is made: None makes none."""

DOMAINS = tuple(
    f"aiovirt.config.{name}"
    for name in (
        *("boot", "clock", "cpu", "devices", "domain", "features", "memory", "metadata"),
        *("capabilitypolicy", "containers", "numa", "passthrough", "perf", "security", "sysinfo"),
        "tuning",
    )
)
"""The modules with the views that domains are made of."""

AnyField = Field[Any, Any]
Path = tuple[tuple[str, int | None], ...]

NEWER: dict[tuple[str, str], tuple[object, ...]] = {
    ("CPUTopology", "clusters"): (),
    ("Loader", "format"): (),
    ("Nvram", "format"): (),
    ("VideoModel", "blob"): (),
    ("Graphics", "passwd"): (),  # of rdp
    ("DomainConfig", "type"): ("parallels",),  # an old name of vz, which libvirt still reads
    ("VideoModel", "type"): ("parallels",),
    ("OperatingSystem", "arch"): ("loongarch64",),
    ("Disk", "type"): ("vhostvdpa",),
    ("DiskTarget", "bus"): ("nvme",),
    ("DiskSource", "protocol"): ("ssh",),
    ("Disk", "throttle_filters"): (),
    ("Nvram", "type"): ("vhostvdpa",),
    ("DiskSlice", "offset"): (2**32, 2**63, 2**64 - 1),  # which libvirt reads in 64 bits
    ("Interface", "backend_type"): ("default",),
    ("Controller", "type"): ("nvme",),
    ("Watchdog", "model"): ("itco",),
    ("Sound", "model"): ("virtio",),
    ("Panic", "model"): ("pvpanic",),
}
"""What libvirt accepts and the grammar that tests run with is too old for: the words of a field,
or all of it.  It must not be a problem, so it is left out."""

NEWER_TWICE = {"watchdog"}
"""What libvirt allows several of and that grammar does not."""

TEXTS = [
    *("", "x", "a b", "a\nb", "/a", "/", "rel/x", "0", "+5", "0x1", "é", "1-2", "a.b:c", "-1"),
    *("127.0.0.1", "::1", "a,b", "vda", "reset", "2030-01-31T15:30:00", "2030-13-01T00:00:00"),
    *("0x1234567890abcdef", "a" * 20),
]
WRONG_WORDS = ["", "x", "a b"]
TIMES = [datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, 0, 0, 0, 5, tzinfo=UTC)]
NUMBERS = [
    *(-2, -1, 0, 1, 255, 256, 999, 1000, 32767, 32768, 65535, 65536),
    *(2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1, 2**64),
]
SIZES = [Bytes(0), Bytes(1025), KiB(2**32 - 1), KiB(2**32), Bytes(2**63 - 1024)]
ADDRESSES = [
    *(PciAddress(), PciAddress(2**32 - 1, 255, 31, 7, multifunction=True), PciAddress(slot=15)),
    *(DriveAddress(), DriveAddress(99, 99, 99, 99999), CcidAddress(99, 99)),
    *(VirtioSerialAddress(), VirtioSerialAddress(99, 99, 99)),
    *(UsbAddress(), UsbAddress(999, "1.2.3.4"), UsbAddress(1, "x"), UsbAddress(1, "1.2.3.4.5")),
    *(IsaAddress(), IsaAddress(0xFFFF, 15), SpaprVioAddress(), SpaprVioAddress(2**32 - 1)),
    *(CcwAddress(), CcwAddress(0xFE, 3, 0xFFFF), CcwAddress(1)),
    *(
        MmioAddress(),
        UnassignedAddress(),
        OtherAddress("x"),
        OtherAddress(""),
        OtherAddress("dimm"),
    ),
]


def _of_scalar(field: Scalar[Any, Any]) -> list[object]:
    if field.codec in {_codecs.YES_NO, _codecs.ON_OFF}:
        return [True, False]
    if field.codec.expected.startswith("a time since"):
        return [*TIMES, *TEXTS]
    if field.codec is _codecs.MAC:
        return ["52:54:00:12:34:56", "53:54:00:12:34:56", "00:00:00:00:00:00"]
    if field.codec.expected.startswith("a number"):
        return [*NUMBERS]
    return [*field.known, *WRONG_WORDS] if field.known else [*TEXTS]


def _of_words(field: WordList) -> list[object]:
    known = list(field.one.known)
    return [known[:1], known[:2], known[:1] * 2, ["x"], ["a b"], [""]]


VALUES: list[tuple[type[AnyField], Callable[[Any], list[object]]]] = [
    (SizeScalar, lambda _: list(SIZES)),
    (Scalar, _of_scalar),
    (WordList, _of_words),
    (Presence, lambda _: [True]),
    (Child, lambda field: [field.kind()]),
    (Children, lambda field: [[field.kind()]]),
    (AddressField, lambda _: list(ADDRESSES)),
]


def _values(view: View, field: AnyField) -> Iterator[object]:
    newer = NEWER.get((type(view).__name__, field.name))
    if newer == ():
        return
    yield None
    for kind, values in VALUES:
        if isinstance(field, kind):
            yield from (value for value in values(field) if value not in (newer or ()))
            return


def _fields(view: View) -> Iterator[AnyField]:
    yield from (field for field in type(view)._fields_.values() if not isinstance(field, Via))


def reach(view: View, path: Path = ()) -> Iterator[Path]:
    """Where there are views below this one, those that writing would make included.

    Of these only what stands right below something that is there: what is further down is walked
    where a sample has it.  A domain in another document is left out: it has a walk of its own.
    """
    if path and isinstance(view, DomainConfig):
        return
    yield path
    for field in _fields(view) if view else ():
        if isinstance(field, Child):
            yield from reach(field.read(view), (*path, (field.name, None)))
        elif isinstance(field, Children):
            for index, part in enumerate(field.read(view)):
                yield from reach(part, (*path, (field.name, index)))


def at(view: View, path: Path) -> View:
    """The view at the end of the path."""
    for name, index in path:
        part = getattr(view, name)
        view = part if index is None else part[index]
    return view


def _put(view: View, field: AnyField, value: object) -> None:
    """Set the field, or write a refused text past it; other refused values are left out."""
    try:
        setattr(view, field.name, value)
    except XMLError:
        if not isinstance(field, Scalar) or isinstance(field, SizeScalar):
            return
        node = field.locate(view)
        if field.attribute is None:
            _tree.set_text(node, str(value))
        else:
            node.set(field.attribute, str(value))


def is_silent(schema: etree.RelaxNG, config: Document, near: View | None = None) -> bool:
    """Whether a wrong document has no problem; where one is likely may be said."""
    if schema.validate(element(config)):
        return False
    return not any(True for view in (near or config, config) for _ in problems(view))


def silent(schema: etree.RelaxNG, base: Document, paths: Iterable[Path]) -> list[str]:
    """The values that make the domain wrong without a problem."""
    found = []
    for path in paths:
        there = bool(at(base, path))
        for field in _fields(at(base, path)):
            # an element that is not there is made by any value: what the values are is one matter
            for value in islice(_values(at(base, path), field), None if there else MADE_BY):
                config = base.copy()
                view = at(config, path)
                _put(view, field, value)
                if is_silent(schema, config, view):
                    found.append(f"{type(view).__name__}.{field.name} = {value!r}")
    return found


def nodes(config: Document) -> Iterator[Any]:
    """All elements of a document."""
    root = element(config)
    assert root is not None
    yield from root.iter(etree.Element)


def kinds(base: type[View]) -> list[type[View]]:
    """All classes below this one."""
    return [kind for each in base.__subclasses__() for kind in (each, *kinds(each))]


ROOM = "aiovirt.config."


def ours() -> set[type[View]]:
    """All views of libvirt's documents that have been loaded and have an element."""
    return {kind for kind in kinds(View) if kind.__module__.startswith(ROOM) and kind._tag_}
