"""vCenter's REST API without I/O: both ends of JSON by HTTP from one table.

It is what VMware calls the vSphere Automation API.  Tags are there and nowhere else.  Paths are
those below ``/rest``, which vCenter 6.5 to 8 have; ``/api`` came with 7.0.
"""

from __future__ import annotations

from aiovirt.protocols.vsphere.rest.exchange import (
    CONTENT_TYPE,
    ROOT,
    RestBody,
    RestMethod,
    encode_body,
    encode_value,
    read_body,
    read_value,
    target_of,
)
from aiovirt.protocols.vsphere.rest.faults import (
    RestFault,
    RestFaultKind,
    encode_fault,
    read_fault,
)

__all__ = [
    "CONTENT_TYPE",
    "ROOT",
    "RestBody",
    "RestFault",
    "RestFaultKind",
    "RestMethod",
    "encode_body",
    "encode_fault",
    "encode_value",
    "read_body",
    "read_fault",
    "read_value",
    "target_of",
]
