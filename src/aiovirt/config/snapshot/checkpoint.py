"""`CheckpointConfig`: a point from which backups are taken, libvirt's ``<domaincheckpoint>``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from aiovirt.config import _rules
from aiovirt.config._children import Many, One, child, children
from aiovirt.config._codecs import MAX_UINT64
from aiovirt.config._document import Document
from aiovirt.config._forms import shaped
from aiovirt.config._laws import Only
from aiovirt.config._scalars import Number, Text, number, text
from aiovirt.config._values import WHOLE_SECONDS, Moment, moment
from aiovirt.config._view import View
from aiovirt.config.domain import DomainConfig
from aiovirt.config.snapshot.snapshot import DISK_NAME
from aiovirt.errors import XMLError

__all__ = ["CheckpointConfig", "CheckpointDisk"]

_NAME = shaped(r"[a-zA-Z0-9_\-][a-zA-Z0-9_\-.]*", "a name of letters, digits and _-. only")


class CheckpointDisk(View, tag="disk"):
    """What the checkpoint does about one disk.

    Attributes:
        name: The disk's target, such as ``vda``, or the path of its image.
        checkpoint: Whether a bitmap notes what is written from now on, or nothing does.
        bitmap: The bitmap's name; None takes the checkpoint's.
        size: How much was written since, in bytes; said by the driver when it is asked to.
    """

    name: Text = text("@name", form=DISK_NAME, required=True)
    checkpoint: Text = text("@checkpoint", known=("no", "bitmap"))
    bitmap: Text = text("@bitmap")
    size: Number = number("@size", high=MAX_UINT64)

    _laws_ = (Only(("bitmap",), ("bitmap", "size"), by="checkpoint", default="bitmap"),)


class CheckpointConfig(Document, tag="domaincheckpoint"):
    """A checkpoint of a domain: what is written after it is known, for incremental backups.

    Attributes:
        name: Its name; None lets the driver take the time.
        created: When it was made; said by the driver.
        parent: The name of the checkpoint that it follows; said by the driver.
        disks: What becomes of each disk; None means all of them.
        domain: The domain's configuration at that time; said by the driver.
    """

    _shown_ = ("name", "description", "created", "parent", "disks")

    name: Text = text("name", form=_NAME)
    description: Text = text("description")
    parent: Text = text("parent/name", form=_NAME, required=True)
    created: Moment = moment("creationTime", form=WHOLE_SECONDS)
    disks: Many[CheckpointDisk] = children("disks/disk", CheckpointDisk)
    domain: One[DomainConfig] = child("domain", DomainConfig)

    @classmethod
    def of(cls, name: str | None = None, *, disks: Iterable[str] = ()) -> Self:
        """A checkpoint of the disks with these targets; of none named, of all."""
        return cls(name=name, disks=[CheckpointDisk(name=each) for each in disks])

    def _rules_(self) -> Iterator[XMLError]:
        """No disk stands there twice."""
        yield from _rules.twins(self.disks, lambda each: each.name, "the name", "another disk")
