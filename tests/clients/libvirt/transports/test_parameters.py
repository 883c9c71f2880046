"""What a URI says about the way to the daemon, and what is left for the driver."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.clients.libvirt.transports.parameters import (
    PARAMETERS,
    Mode,
    Proxy,
    Transport,
    VerifyHosts,
    read_parameters,
    remote_name,
)
from aiovirt.errors import ConfigError
from aiovirt.model.uri import URI

NAMES = [
    ("qemu+tls://h/system?no_verify=1", "qemu:///system"),
    ("qemu://h/system", "qemu:///system"),
    ("test+unix:///default", "test:///default"),
    ("qemu+ssh://u@h:2222/session?keyfile=/k&mode=direct", "qemu:///session"),
    ("xen+tcp://h:1/system?name=xen%3A%2F%2F%2Fother", "xen:///other"),
    ("test+tcp://localhost:5000/path/to%20a/host.xml", "test:///path/to%20a/host.xml"),
    ("qemu+unix:///system?socket=/s&driver_word=a%26b", "qemu:///system?driver_word=a%26b"),
    ("remote+ssh://h/", ""),
    ("qemu+ssh://h", "qemu:///"),
]


@pytest.mark.parametrize(("uri", "name"), NAMES)
def test_the_daemon_gets_the_uri_without_the_way_to_it(uri: str, name: str) -> None:
    assert remote_name(URI.parse(uri)) == name


@pytest.mark.parametrize(
    ("uri", "transport"),
    [
        ("qemu:///system", Transport.UNIX),
        ("qemu://h/system", Transport.TLS),
        ("qemu+tcp:///system", Transport.TCP),
        ("qemu+libssh://h/system", Transport.SSH),
        ("qemu+libssh2://h/system", Transport.SSH),
        ("qemu+ext:///system?command=/c", Transport.EXT),
    ],
)
def test_the_transport_follows_from_the_uri(uri: str, transport: Transport) -> None:
    assert read_parameters(URI.parse(uri)).transport is transport


def test_every_parameter_of_ssh_is_read() -> None:
    found = read_parameters(
        URI.parse(
            "qemu+ssh://h/system?name=n&auth=a&authfile=/a&mode=legacy&socket=/s&proxy=netcat"
            "&netcat=/nc&keyfile=/k&known_hosts=/kh&known_hosts_verify=auto&no_tty=1&no_verify=0"
            "&sshauth=privkey,agent"
        )
    )
    assert (found.mode, found.proxy) == (Mode.LEGACY, Proxy.NETCAT)
    assert found.known_hosts_verify is VerifyHosts.AUTO
    assert found.sshauth == ("privkey", "agent")
    assert found.no_tty
    assert not found.no_verify
    assert (found.socket, found.netcat, found.keyfile) == ("/s", "/nc", "/k")
    assert found.driver == {}


@pytest.mark.parametrize("transport", list(Transport))
@pytest.mark.parametrize("name", list(PARAMETERS))
def test_a_parameter_that_does_not_fit_the_transport_is_named(
    name: str, transport: Transport
) -> None:
    values = {
        "mode": "auto",
        "proxy": "auto",
        "known_hosts_verify": "auto",
        "sshauth": "agent",
        "no_tty": "1",
        "no_verify": "1",
    }
    more = "&command=/c" if transport is Transport.EXT and name != "command" else ""
    uri = URI.parse(f"qemu+{transport}:///system?{name}={values.get(name, '/x')}{more}")
    if transport in PARAMETERS[name]:
        read_parameters(uri)
        return
    with pytest.raises(ConfigError, match=f"'{name}'.*does not fit the transport") as caught:
        read_parameters(uri)
    assert caught.value.field == name


def test_the_page_about_connecting_has_every_parameter() -> None:
    page = (Path(__file__).parents[4] / "docs/connecting.md").read_text()
    table = page.partition("## Parameters")[2].partition("## SSH")[0]
    assert [name for name in PARAMETERS if f"`{name}`" not in table] == []


WRONG = [
    ("qemu+shs://h/system", "transport", "qemu+ssh"),
    ("qemu+carrier-pigeon://h/system", "transport", "known: unix"),
    ("qemu+unix://h/system", "host", "qemu+ssh://h/system"),
    ("qemu+tls://h/system?noverify=1", "noverify", "no_verify"),
    ("qemu+ssh://h/system?key_file=/k", "key_file", "keyfile"),
    ("qemu+ssh://h/system?command=/usr/bin/ssh", "command", "speaks SSH itself"),
    ("qemu+ssh://h/system?mode=legcy", "mode", "legacy"),
    ("qemu+ssh://h/system?proxy=fast", "proxy", "native"),
    ("qemu+ssh://h/system?sshauth=agent,gss", "sshauth", "password"),
    ("qemu+ssh://h/system?proxy=native&netcat=nc", "netcat", "one of both"),
    ("qemu+tls://h/system?no_verify=yes", "no_verify", "no_verify=1"),
    ("qemu+ssh://h/system?keyfile=", "keyfile", ""),
    ("qemu+ext:///system", "command", "?command="),
    ("qemu+tcp://h:0/system", "port", ""),
]


@pytest.mark.parametrize(("uri", "field", "hint"), WRONG)
def test_what_is_wrong_is_named_and_advised(uri: str, field: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_parameters(URI.parse(uri))
    assert caught.value.field == field
    assert hint in (caught.value.hint or "")
