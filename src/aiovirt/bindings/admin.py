"""The rows of `Admin`."""

from __future__ import annotations

from aiovirt.bindings.arguments import arg, bits, fixed
from aiovirt.bindings.binding import bind
from aiovirt.bindings.results import Result, field, listing
from aiovirt.bindings.values import Value, enumeration
from aiovirt.interfaces import Admin
from aiovirt.model.admin import AdminClientKey, ClientTransport
from aiovirt.protocols.libvirt.tables import admin as p
from aiovirt.protocols.libvirt.tables import structs
from aiovirt.protocols.xdr import Struct

__all__ = ["ROWS", "VERSION"]

PRESERVE = 1
"""libvirt's `VIR_DAEMON_SHUTDOWN_PRESERVE`."""

MILLION, THOUSAND = 1_000_000, 1000

VERSION = Value(
    lambda version: version[0] * MILLION + version[1] * THOUSAND + version[2],
    lambda wire: (wire // MILLION, wire // THOUSAND % THOUSAND, wire % THOUSAND),
)
NAMED = Value(lambda name: structs.Server(name), lambda wire: wire.name)  # noqa: PLW0108  # typed
TRANSPORT = enumeration(ClientTransport)
CLIENT = Value(
    lambda key: structs.Client(
        structs.Server(key.server), key.id, key.since, TRANSPORT.send(key.transport)
    ),
    lambda wire: AdminClientKey(
        wire.srv.name, wire.id, wire.timestamp, TRANSPORT.read(wire.transport)
    ),
)

NO_FLAGS = fixed("flags", 0)
NEED_RESULTS = fixed("need_results", 1)
SERVER = arg("server", "srv", NAMED)
THE_CLIENT = arg("client", "clnt", CLIENT)
PARAMS = arg("params")


def _setting(name: str, count: str) -> Result:
    """A text, and how many parts it has."""

    def send(kind: type[Struct], text: str) -> Struct:
        return kind(**{name: text, count: len(text.split())})

    return Result((name, count), lambda reply: (getattr(reply, name) or "").strip(), send)


ROWS = (
    bind(Admin.library_version, p.CONNECT_GET_LIB_VERSION, returns=field("lib_ver", VERSION)),
    bind(
        Admin.servers,
        p.CONNECT_LIST_SERVERS,
        NEED_RESULTS,
        NO_FLAGS,
        returns=listing("servers", NAMED),
    ),
    bind(
        Admin.find_server,
        p.CONNECT_LOOKUP_SERVER,
        arg("name"),
        NO_FLAGS,
        returns=field("srv", NAMED),
    ),
    bind(
        Admin.threadpool,
        p.SERVER_GET_THREADPOOL_PARAMETERS,
        SERVER,
        NO_FLAGS,
        returns=field("params"),
    ),
    bind(Admin.set_threadpool, p.SERVER_SET_THREADPOOL_PARAMETERS, SERVER, PARAMS, NO_FLAGS),
    bind(
        Admin.clients,
        p.SERVER_LIST_CLIENTS,
        SERVER,
        NEED_RESULTS,
        NO_FLAGS,
        returns=listing("clients", CLIENT),
    ),
    bind(
        Admin.find_client,
        p.SERVER_LOOKUP_CLIENT,
        SERVER,
        arg("number", "id"),
        NO_FLAGS,
        returns=field("clnt", CLIENT),
    ),
    bind(Admin.client_info, p.CLIENT_GET_INFO, THE_CLIENT, NO_FLAGS, returns=field("params")),
    bind(Admin.close_client, p.CLIENT_CLOSE, THE_CLIENT, NO_FLAGS),
    bind(
        Admin.client_limits,
        p.SERVER_GET_CLIENT_LIMITS,
        SERVER,
        NO_FLAGS,
        returns=field("params"),
    ),
    bind(Admin.set_client_limits, p.SERVER_SET_CLIENT_LIMITS, SERVER, PARAMS, NO_FLAGS),
    bind(
        Admin.log_outputs,
        p.CONNECT_GET_LOGGING_OUTPUTS,
        NO_FLAGS,
        returns=_setting("outputs", "noutputs"),
    ),
    bind(Admin.set_log_outputs, p.CONNECT_SET_LOGGING_OUTPUTS, arg("outputs"), NO_FLAGS),
    bind(
        Admin.log_filters,
        p.CONNECT_GET_LOGGING_FILTERS,
        NO_FLAGS,
        returns=_setting("filters", "nfilters"),
    ),
    bind(Admin.set_log_filters, p.CONNECT_SET_LOGGING_FILTERS, arg("filters"), NO_FLAGS),
    bind(Admin.update_tls, p.SERVER_UPDATE_TLS_FILES, SERVER, NO_FLAGS),
    bind(Admin.set_timeout, p.CONNECT_SET_DAEMON_TIMEOUT, arg("seconds", "timeout"), NO_FLAGS),
    bind(Admin.shut_down, p.CONNECT_DAEMON_SHUTDOWN, bits(preserve=PRESERVE)),
)
