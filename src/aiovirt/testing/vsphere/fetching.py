"""``Fetch``: the method of every object by which VMware's own bindings read one property.

It is in no documentation of VMware's, so the table of methods does not have it.
"""

from __future__ import annotations

from typing import ClassVar, Final

from aiovirt.protocols.vsphere import Arguments, Method
from aiovirt.protocols.vsphere.documents import Document
from aiovirt.protocols.vsphere.reading import read_exactly

__all__ = ["FETCH", "FetchArgs", "read_fetch"]


class FetchArgs(Arguments, frozen=True, kw_only=True, gc=False):
    """What Fetch takes."""

    WIRE: ClassVar[str] = "prop:string"
    prop: str


FETCH: Final[Method[FetchArgs, object]] = Method(
    "Fetch", "ManagedObject", FetchArgs, "any?", privilege="System.Anonymous"
)


def read_fetch(data: bytes) -> FetchArgs:
    """Read the body of a request that calls it.

    Raises:
        ProtocolError: It is no such call.
    """
    document = Document("the request")
    document.feed(data)
    found: FetchArgs = read_exactly(FetchArgs, document.close())
    return found
