"""The rows of `HostInfo`."""

from __future__ import annotations

from aiovirt.bindings.arguments import arg, fixed, room
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import field, parameters, whole
from aiovirt.bindings.values import TRUTH, VERSION, terminated
from aiovirt.interfaces import HostInfo
from aiovirt.model.host import SecurityModel
from aiovirt.protocols.libvirt.tables import connect as p
from aiovirt.protocols.libvirt.tables import node as n

__all__ = ["ROWS"]

LABEL = terminated(257)
"""libvirt's VIR_SECURITY_LABEL_BUFLEN has room for so much."""

ROWS = (
    bind(HostInfo.hostname, p.CONNECT_GET_HOSTNAME, returns=field("hostname")),
    bind(HostInfo.capabilities, p.CONNECT_GET_CAPABILITIES, returns=field("capabilities")),
    bind(
        HostInfo.domain_capabilities,
        p.CONNECT_GET_DOMAIN_CAPABILITIES,
        arg("emulator", "emulatorbin"),
        arg("arch"),
        arg("machine"),
        arg("virt_type", "virttype"),
        fixed("flags", 0),
        returns=field("capabilities"),
    ),
    bind(HostInfo.driver_type, p.CONNECT_GET_TYPE, returns=field("type")),
    bind(HostInfo.library_version, p.CONNECT_GET_LIB_VERSION, returns=field("lib_ver", VERSION)),
    bind(HostInfo.canonical_uri, p.CONNECT_GET_URI, returns=field("uri")),
    bind(HostInfo.is_secure, p.CONNECT_IS_SECURE, returns=field("secure", TRUTH)),
    bind(HostInfo.sysinfo, p.CONNECT_GET_SYSINFO, fixed("flags", 0), returns=field("sysinfo")),
    bind(
        HostInfo.max_vcpus,
        p.CONNECT_GET_MAX_VCPUS,
        arg("virt_type", "type"),
        returns=field("max_vcpus"),
    ),
    bind(
        HostInfo.security_model,
        n.NODE_GET_SECURITY_MODEL,
        returns=whole(SecurityModel, model=("model", LABEL), doi=("doi", LABEL)),
    ),
    bind(
        HostInfo.sev_info,
        n.NODE_GET_SEV_INFO,
        room("nparams", 64),
        fixed("flags", 0),
        returns=parameters(),
    ),
    bind(
        HostInfo.set_identity,
        p.CONNECT_SET_IDENTITY,
        arg("identity", "params"),
        fixed("flags", 0),
    ),
)
