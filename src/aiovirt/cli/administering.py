"""``aiovirt admin``: verbs about a libvirt daemon itself, named as virt-admin's."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from aiovirt.cli.arguments import ContextArg, about
from aiovirt.cli.credentials import ask
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Column, Plain, Row, Rows
from aiovirt.cli.session import Context

if TYPE_CHECKING:
    from aiovirt.objects.admin import AdminConnection

__all__ = ["admin_uri"]

URI_VARIABLE = "AIOVIRT_ADMIN_DEFAULT_URI"
"""The environment variable that names the daemon when no option does."""

ServerArg = Annotated[str, about("One of the daemon's servers, such as libvirtd.")]
ClientArg = Annotated[int, about("The client's number.")]
CountArg = Annotated[int | None, Parameter(help="How many.", validator=Number(gte=0))]


def admin_uri(context: Context) -> str:
    """The daemon that is meant: the option, else the environment, else the host's libvirtd."""
    given = context.settings.connect or os.environ.get(URI_VARIABLE)
    return given or f"libvirtd:///{'session' if os.geteuid() else 'system'}"


@asynccontextmanager
async def _connected(context: Context) -> AsyncIterator[AdminConnection]:
    """Open the daemon's admin API."""
    opener = import_module("aiovirt.admin").open
    async with opener(admin_uri(context), credentials=ask) as daemon:
        yield daemon


def _figures(name: str, values: Mapping[str, object], width: int) -> Plain:
    text = "\n".join(f"{key:<{width}}: {value}" for key, value in values.items())
    return Plain(text, {"name": name, **values}, [name])


def _did(name: str, result: str, sentence: str) -> Plain:
    return Plain(sentence, {"name": name, "result": result}, [name], chatter=True)


async def uri(*, context: ContextArg) -> Plain:
    """Print the URI of the daemon that is asked.

    For example:

        aiovirt admin uri
    """
    async with _connected(context) as daemon:
        text = str(daemon.uri)
    return Plain(text, {"uri": text}, [text])


async def version(*, context: ContextArg) -> Plain:
    """Print the daemon's version.

    For example:

        aiovirt admin version
    """
    async with _connected(context) as daemon:
        text = ".".join(map(str, await daemon.version()))
    return Plain(f"Running against daemon: {text}", {"daemon": text}, [text])


async def server_list(*, context: ContextArg) -> Rows:
    """List the daemon's servers.

    For example:

        aiovirt admin server-list
    """
    async with _connected(context) as daemon:
        names = [server.name for server in await daemon.servers()]
    rows = [{"id": place, "name": name} for place, name in enumerate(names)]
    return Rows([Column("id", "Id"), Column("name", "Name")], rows)


async def server_threadpool_info(server: ServerArg, *, context: ContextArg) -> Plain:
    """Show the workers that serve calls.

    For example:

        aiovirt admin server-threadpool-info libvirtd
    """
    async with _connected(context) as daemon:
        values = await (await daemon.server(server)).threadpool()
    return _figures(server, values, 15)


async def server_threadpool_set(
    server: ServerArg,
    *,
    min_workers: CountArg = None,
    max_workers: CountArg = None,
    priority_workers: CountArg = None,
    context: ContextArg,
) -> Plain:
    """Change how many workers serve calls.

    For example:

        aiovirt admin server-threadpool-set libvirtd --max-workers 40
    """
    if (min_workers, max_workers, priority_workers) == (None, None, None):
        raise UsageError("server-threadpool-set needs something to change", hint="--max-workers 40")
    async with _connected(context) as daemon:
        await (await daemon.server(server)).set_threadpool(
            min_workers=min_workers, max_workers=max_workers, prio_workers=priority_workers
        )
    return _did(server, "changed", f"Workers of server {server} changed")


def _since(row: Row) -> str:
    """A moment, as virt-admin shows it."""
    since = row["since"]
    moment = datetime.fromtimestamp(since if isinstance(since, int) else 0, UTC).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S%z}"


async def client_list(server: ServerArg, *, context: ContextArg) -> Rows:
    """List who is connected.

    For example:

        aiovirt admin client-list libvirtd
    """
    async with _connected(context) as daemon:
        clients = await (await daemon.server(server)).clients()
    rows = [
        {
            "name": str(one.id),
            "id": one.id,
            "transport": one.transport.name.lower(),
            "since": one.since,
        }
        for one in clients
    ]
    return Rows(
        [
            Column("id", "Id"),
            Column("transport", "Transport"),
            Column("since", "Connected since", show=_since),
        ],
        rows,
    )


async def client_info(server: ServerArg, client: ClientArg, *, context: ContextArg) -> Plain:
    """Show who a client is.

    For example:

        aiovirt admin client-info libvirtd 7
    """
    async with _connected(context) as daemon:
        found = await (await daemon.server(server)).client(client)
        values = {
            "id": found.id,
            "connection_time": _since({"since": found.since}),
            "transport": found.transport.name.lower(),
            **await found.info(),
        }
    shown = {name: _word(value) for name, value in values.items()}
    text = "\n".join(f"{name:<15}: {value}" for name, value in shown.items())
    return Plain(text, {**values, "since": found.since}, [str(found.id)])


def _word(value: object) -> object:
    """A truth as virt-admin shows it."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


async def client_disconnect(server: ServerArg, client: ClientArg, *, context: ContextArg) -> Plain:
    """End a client's connection.

    For example:

        aiovirt admin client-disconnect libvirtd 7
    """
    async with _connected(context) as daemon:
        await (await (await daemon.server(server)).client(client)).disconnect()
    return _did(str(client), "disconnected", f"Client '{client}' disconnected from {server}")


async def server_clients_info(server: ServerArg, *, context: ContextArg) -> Plain:
    """Show how many clients there may be, and are.

    For example:

        aiovirt admin server-clients-info libvirtd
    """
    async with _connected(context) as daemon:
        values = await (await daemon.server(server)).client_limits()
    return _figures(server, values, 20)


async def server_clients_set(
    server: ServerArg,
    *,
    max_clients: CountArg = None,
    max_unauth_clients: CountArg = None,
    context: ContextArg,
) -> Plain:
    """Change how many clients there may be.

    For example:

        aiovirt admin server-clients-set libvirtd --max-clients 10000
    """
    if (max_clients, max_unauth_clients) == (None, None):
        raise UsageError("server-clients-set needs something to change", hint="--max-clients 9000")
    async with _connected(context) as daemon:
        await (await daemon.server(server)).set_client_limits(
            max_clients=max_clients, max_unauthenticated=max_unauth_clients
        )
    return _did(server, "changed", f"Limits of clients of server {server} changed")


async def server_update_tls(server: ServerArg, *, context: ContextArg) -> Plain:
    """Let a server read its certificates anew.

    For example:

        aiovirt admin server-update-tls libvirtd
    """
    async with _connected(context) as daemon:
        await (await daemon.server(server)).update_tls()
    return _did(server, "updated", f"TLS files of server {server} updated")


async def daemon_log_filters(
    filters: Annotated[str | None, about("What to log of which part; '' for the default.")] = None,
    *,
    context: ContextArg,
) -> Plain:
    """Show or change what is logged of which part.

    For example:

        aiovirt admin daemon-log-filters
        aiovirt admin daemon-log-filters "1:qemu 3:rpc"
    """
    async with _connected(context) as daemon:
        if filters is not None:
            await daemon.set_log_filters(filters or None)
            return _did("filters", "changed", "Logging filters changed")
        text = await daemon.log_filters()
    return Plain(f" Logging filters: {text}", {"filters": text}, [text])


async def daemon_log_outputs(
    outputs: Annotated[str | None, about("Where the log goes; '' for the default.")] = None,
    *,
    context: ContextArg,
) -> Plain:
    """Show or change where the log goes.

    For example:

        aiovirt admin daemon-log-outputs
        aiovirt admin daemon-log-outputs 1:file:/var/log/libvirt/libvirtd.log
    """
    async with _connected(context) as daemon:
        if outputs is not None:
            await daemon.set_log_outputs(outputs or None)
            return _did("outputs", "changed", "Logging outputs changed")
        text = await daemon.log_outputs()
    return Plain(f" Logging outputs: {text}", {"outputs": text}, [text])


async def daemon_timeout(
    seconds: Annotated[int, Parameter(help="Seconds; 0 for never.", validator=Number(gte=0))],
    *,
    context: ContextArg,
) -> Plain:
    """Let the daemon end after so long without clients and guests.

    For example:

        aiovirt admin daemon-timeout 120
    """
    async with _connected(context) as daemon:
        await daemon.set_timeout(seconds)
    return _did("timeout", "changed", f"Daemon ends after {seconds} s" if seconds else "Never")


async def daemon_shutdown(
    *,
    preserve: Annotated[bool, about("First let its guests be kept.")] = False,
    context: ContextArg,
) -> Plain:
    """Let the daemon end; since libvirt 11.2.

    For example:

        aiovirt admin daemon-shutdown
    """
    async with _connected(context) as daemon:
        await daemon.shut_down(preserve=preserve)
    return _did("daemon", "asked", "Daemon is shutting down")
