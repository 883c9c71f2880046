"""A client that authenticates to a real libvirtd."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from libvirtlab.lab import Lab
from libvirtlab.sasl import PASSWORD, USER

from aiovirt.clients.credentials import answerers
from aiovirt.clients.libvirt import LibvirtClient, open_client
from aiovirt.clients.libvirt._auth_calls import authenticate_client
from aiovirt.clients.libvirt._authenticate import Peer
from aiovirt.errors import AuthenticationFailed
from aiovirt.model.credentials import Credentials, Login
from aiovirt.protocols.libvirt.procedure import Empty
from aiovirt.protocols.libvirt.tables import connect
from aiovirt.streams.line import Line

pytestmark = [pytest.mark.anyio, pytest.mark.real]

GOOD = Login(USER, PASSWORD)
HERE = Peer(None, encrypted=False, local=True)


@asynccontextmanager
async def authenticated(
    lab: Lab, credentials: Credentials, want: str | None = None
) -> AsyncIterator[LibvirtClient]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(lab.socket))
        sock.setblocking(False)
        async with open_client(Line(sock, peer="the lab", local=True)) as client:
            await authenticate_client(client, want=want, peer=HERE, credentials=credentials)
            yield client


@pytest.mark.parametrize(
    "want", [None, "sasl", "sasl.scram-sha-256", "sasl.SCRAM-SHA-1", "sasl.PLAIN"]
)
async def test_libvirtd_lets_us_in(sasl_libvirtd: Lab, want: str | None) -> None:
    async with authenticated(sasl_libvirtd, GOOD, want) as client:
        assert (await client.call(connect.AUTH_LIST, Empty())).types == [0]
        await client.call(connect.CONNECT_OPEN, connect.ConnectOpenArgs("test:///default", 0))


async def test_the_auth_file_is_that_of_virsh(sasl_libvirtd: Lab) -> None:
    credentials = answerers(None, authfile=str(sasl_libvirtd.auth_file), environ={})
    async with authenticated(sasl_libvirtd, credentials) as client:
        await client.call(connect.CONNECT_OPEN, connect.ConnectOpenArgs("test:///default", 0))


@pytest.mark.parametrize("want", ["sasl.scram-sha-256", "sasl.plain"])
async def test_libvirtd_refuses_a_wrong_password(sasl_libvirtd: Lab, want: str) -> None:
    with pytest.raises(AuthenticationFailed, match="authentication failed") as caught:
        async with authenticated(sasl_libvirtd, Login(USER, "wrong"), want):
            pass
    assert "saslpasswd2" in str(caught.value.hint)
    assert caught.value.libvirt
    assert caught.value.libvirt.code == 45


async def test_digest_md5_is_refused_by_us(sasl_libvirtd: Lab) -> None:
    with pytest.raises(AuthenticationFailed, match="DIGEST-MD5 is none that aiovirt has"):
        async with authenticated(sasl_libvirtd, GOOD, "sasl.digest-md5"):
            pass


async def test_a_libvirtd_that_wants_nothing(lab: Lab) -> None:
    async with authenticated(lab, Login()) as client:
        await client.call(connect.CONNECT_OPEN, connect.ConnectOpenArgs("test:///default", 0))
