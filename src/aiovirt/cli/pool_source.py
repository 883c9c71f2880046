"""The options of ``pool-define-as`` and its like, and the document that they are put into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from xml.etree import ElementTree as ET

from cyclopts import Parameter

from aiovirt.cli.arguments import about

__all__ = ["NO_SOURCE", "Source", "pool_document", "printed", "put", "source_document"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a pool is made of, and where it is on the host."""

    source_host: Annotated[str | None, about("The server.")] = None
    source_path: Annotated[str | None, about("The folder that the server exports.")] = None
    source_dev: Annotated[str | None, about("The device.")] = None
    source_name: Annotated[str | None, about("The volume group, or what it is called.")] = None
    target: Annotated[str | None, about("Where it is on the host.")] = None
    source_format: Annotated[str | None, about("The format, such as nfs or ext4.")] = None
    auth_type: Annotated[str | None, about("How the server asks who we are.")] = None
    auth_username: Annotated[str | None, about("Whom we say we are.")] = None
    secret_usage: Annotated[str | None, about("The use of the secret with the password.")] = None
    secret_uuid: Annotated[str | None, about("The UUID of that secret.")] = None
    adapter_name: Annotated[str | None, about("The SCSI adapter, such as host0.")] = None
    adapter_wwnn: Annotated[str | None, about("The node name of the adapter.")] = None
    adapter_wwpn: Annotated[str | None, about("The port name of the adapter.")] = None
    adapter_parent: Annotated[str | None, about("The adapter that it is made on.")] = None
    adapter_parent_wwnn: Annotated[str | None, about("The node name of that one.")] = None
    adapter_parent_wwpn: Annotated[str | None, about("The port name of that one.")] = None
    adapter_parent_fabric_wwn: Annotated[str | None, about("The fabric of that one.")] = None
    source_protocol_ver: Annotated[str | None, about("The version of NFS.")] = None
    source_initiator: Annotated[str | None, about("The name we have for iSCSI.")] = None


NO_SOURCE = Source()
"""What a pool is made of when no option says so."""


def put(parent: ET.Element, tag: str, text: str | None = None, /, **attributes: str | None) -> None:
    """Add an element, unless neither its text nor an attribute is given."""
    given = {name: value for name, value in attributes.items() if value is not None}
    if text is not None or given:
        ET.SubElement(parent, tag, given).text = text


def printed(root: ET.Element) -> str:
    """The document as people read it."""
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def pool_document(name: str, kind: str, given: Source) -> str:
    """The configuration of a pool."""
    root = ET.Element("pool", {"type": kind})
    put(root, "name", name)
    source = ET.Element("source")
    put(source, "host", name=given.source_host)
    put(source, "dir", path=given.source_path)
    put(source, "device", path=given.source_dev)
    if given.source_initiator is not None:
        put(ET.SubElement(source, "initiator"), "iqn", name=given.source_initiator)
    _put_adapter(source, given)
    _put_auth(source, given)
    put(source, "name", given.source_name)
    put(source, "format", type=given.source_format)
    put(source, "protocol", ver=given.source_protocol_ver)
    if len(source):
        root.append(source)
    if given.target is not None:
        put(ET.SubElement(root, "target"), "path", given.target)
    return printed(root)


def _put_adapter(source: ET.Element, given: Source) -> None:
    if given.adapter_wwnn is not None and given.adapter_wwpn is not None:
        put(
            source,
            "adapter",
            type="fc_host",
            parent=given.adapter_parent,
            parent_wwnn=given.adapter_parent_wwnn,
            parent_wwpn=given.adapter_parent_wwpn,
            parent_fabric_wwn=given.adapter_parent_fabric_wwn,
            wwnn=given.adapter_wwnn,
            wwpn=given.adapter_wwpn,
        )
    elif given.adapter_name is not None:
        put(source, "adapter", type="scsi_host", name=given.adapter_name)


def _put_auth(source: ET.Element, given: Source) -> None:
    if given.auth_type is None or given.auth_username is None:
        return
    attributes = {"type": given.auth_type, "username": given.auth_username}
    auth = ET.SubElement(source, "auth", attributes)
    put(auth, "secret", usage=given.secret_usage, uuid=given.secret_uuid)


def source_document(host: str | None, port: str | None, initiator: str | None) -> str:
    """Where to look for what pools could be made of."""
    source = ET.Element("source")
    put(source, "host", name=host, port=port)
    if initiator is not None:
        put(ET.SubElement(source, "initiator"), "iqn", name=initiator)
    return printed(source)
