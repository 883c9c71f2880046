"""From a URI to an open session: who we are, what the server is, what of it is meant."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiovirt.clients.credentials import answerers
from aiovirt.clients.vsphere import (
    Inventory,
    Password,
    RecentTasks,
    TLSTrust,
    VSphereClient,
    VSphereFault,
    VSphereTarget,
    open_client,
)
from aiovirt.drivers.esx.alarms import Alarms
from aiovirt.drivers.esx.confirming import confirm
from aiovirt.drivers.esx.faults import Place, refusal
from aiovirt.drivers.esx.inventory import Tree
from aiovirt.drivers.esx.machines import Machines
from aiovirt.drivers.esx.managed import check_vcenter
from aiovirt.drivers.esx.parameters import Parameters, read_parameters
from aiovirt.drivers.esx.scope import resolve, whole_host
from aiovirt.drivers.esx.session import Session
from aiovirt.drivers.esx.watched import WATCHED
from aiovirt.drivers.esx.watcher import Watcher
from aiovirt.errors import AuthenticationFailed, ConfigError
from aiovirt.interfaces import OpenOptions
from aiovirt.model.credentials import CredentialKind, CredentialRequest, Secret
from aiovirt.model.uri import URI

__all__ = ["open_session"]

log = logging.getLogger("aiovirt.esx")

SERVICE: Final = "esx"
"""The service's name in libvirt's auth file, of vCenters as well."""

_NAMES: Final = {"esx": "root", "vpx": "administrator"}
"""The account's name where none is told, as libvirt has it."""

_KINDS: Final = {"esx": "HostAgent", "vpx": "VirtualCenter"}
"""The scheme of a URI -> what the server must be (`AboutInfo.apiType`)."""


@asynccontextmanager
async def open_session(uri: URI, options: OpenOptions) -> AsyncIterator[Session]:
    """Log in, and know the inventory, for the length of the ``async with``.

    Raises:
        ConfigError: The URI is wrong, or of the wrong kind for this server.
        AuthenticationFailed: Name or password are wrong or missing, or the certificate is.
        AiovirtError: The server cannot be reached.
    """
    parameters = read_parameters(uri)
    if not uri.host:
        raise ConfigError(
            f"the connection URI {uri} names no host",
            field="host",
            hint=f"{uri.driver}://USER@HOST/ is one",
        )
    if uri.driver == "esx" and uri.path.strip("/"):
        log.warning("the path of %s is ignored: an ESX host has none", uri)
    target = await _target(uri, parameters, options)
    place = Place(uri.host, lambda ref: f"{ref.kind} {ref.value}")
    try:
        async with open_client(target) as client:
            _check_kind(uri, client)
            async with client.open_inventory(WATCHED) as inventory:
                session = _session(uri, options, parameters, client, inventory)
                if parameters.vcenter is not None and session.scope.host is not None:
                    await check_vcenter(client, session.scope.host, parameters.vcenter)
                try:
                    yield session
                finally:
                    session.closed = True
                    session.watcher.close()
    except VSphereFault as error:
        raise refusal(error, "let us in", place) from error


async def _target(uri: URI, parameters: Parameters, options: OpenOptions) -> VSphereTarget:
    ask = answerers(options.credentials, authfile=parameters.authfile)
    host = uri.host or ""

    async def asked(kind: CredentialKind, prompt: str, default: str | None) -> str | Secret | None:
        return await ask(CredentialRequest(kind, SERVICE, host, prompt, default=default))

    user = uri.user
    if user is None:
        name = _NAMES[uri.driver]
        told = await asked(CredentialKind.USERNAME, f"Enter username for {host} [{name}]", name)
        user = told.reveal() if isinstance(told, Secret) else told or name
    prompt = f"Enter {user}'s password for {host}"
    password = await asked(CredentialKind.PASSPHRASE, prompt, None)
    if password is None:
        raise AuthenticationFailed(
            f"nobody knows the password of {user} at {host}",
            hint=f"put it into libvirt's auth file, section [auth-{SERVICE}-{host}], or give "
            "aiovirt.Login or a callback as credentials",
        )
    secret = password if isinstance(password, Secret) else Secret(password)
    return VSphereTarget(
        host=host,
        login=Password(user, secret),
        port=uri.port,
        tls=parameters.transport == "https",
        trust=TLSTrust(
            ca_file=None if parameters.cacert is None else str(parameters.cacert),
            thumbprint=parameters.thumbprint,
            no_verify=parameters.no_verify,
        ),
        proxy=parameters.proxy,
        readonly=options.readonly,
    )


def _check_kind(uri: URI, client: VSphereClient) -> None:
    """See that the server is what the URI takes it for."""
    about = client.content.about
    if about.api_type == _KINDS[uri.driver]:
        return
    found = "a vCenter" if about.api_type == "VirtualCenter" else "an ESX host"
    wanted = "an ESX host" if uri.driver == "esx" else "a vCenter"
    other = "vpx" if uri.driver == "esx" else "esx"
    raise ConfigError(
        f"{uri.driver}://{uri.host} is for {wanted}, and there is {found} ({about.full_name})",
        field="scheme",
        hint=f"write {other}:// instead of {uri.driver}://",
    )


def _session(
    uri: URI,
    options: OpenOptions,
    parameters: Parameters,
    client: VSphereClient,
    inventory: Inventory,
) -> Session:
    """What the abilities get; nothing is awaited here, so that no change is missed."""
    tree = Tree(inventory)
    scope = whole_host(tree)
    if uri.driver == "vpx":
        scope = resolve(uri, tree, client.content.root_folder)
    machines = Machines(uri.host or "")
    watcher = Watcher(machines, lambda machine: scope.holds(machine, tree), inventory.get)
    for ref in inventory.of_kind("VirtualMachine"):
        watcher.begin(ref, inventory.get(ref) or {})
    inventory.subscribe(watcher.changed)
    inventory.on_connection(watcher.connected)
    confirm(client, inventory, watcher)
    return Session(
        *(uri, options, parameters, client, inventory, tree, scope, machines, watcher),
        tasks=None if client.content.task_manager is None else client.follow(RecentTasks()),
        alarms=None
        if client.content.alarm_manager is None
        else Alarms(client, inventory, watcher, tree, scope),
    )
