"""VMware's web services API (vim25) without I/O: both ends of SOAP from one table.

Types and methods are in `aiovirt.protocols.vsphere.tables`; `registry` finds them by name.
"""

from __future__ import annotations

from aiovirt.protocols.vsphere.envelope import (
    CONTENT_TYPE,
    encode_call,
    encode_fault,
    encode_result,
    soap_action,
)
from aiovirt.protocols.vsphere.method import Empty, Method
from aiovirt.protocols.vsphere.replies import ReplyReader, SoapFault, decode_reply
from aiovirt.protocols.vsphere.requests import Request, read_request
from aiovirt.protocols.vsphere.scalars import EncodeError
from aiovirt.protocols.vsphere.values import (
    Arguments,
    DataObject,
    DynamicData,
    Other,
    Ref,
    Typed,
    extra_fields,
)

__all__ = [
    "CONTENT_TYPE",
    "Arguments",
    "DataObject",
    "DynamicData",
    "Empty",
    "EncodeError",
    "Method",
    "Other",
    "Ref",
    "ReplyReader",
    "Request",
    "SoapFault",
    "Typed",
    "decode_reply",
    "encode_call",
    "encode_fault",
    "encode_result",
    "extra_fields",
    "read_request",
    "soap_action",
]
