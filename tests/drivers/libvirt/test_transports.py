"""Every way to a real libvirtd, and what is said of every usual mistake on the way."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

import pytest
from clirun import Done, environment
from counterparts import program
from libvirtlab import Lab, sasl
from libvirtlab.lab import Transport, free_port

import aiovirt
from aiovirt.errors import AuthenticationFailed
from aiovirt.model.credentials import Login

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

TRANSPORTS: list[Transport] = ["unix", "tcp", "tls", "ssh"]
PROXIES = ["auto", "native", "netcat"]
Made: TypeAlias = "Callable[[Lab, Path], str]"


def listed(uri: str, *before: str) -> Done:
    """Run ``aiovirt -c URI list --all`` as users do, in a process of its own."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "aiovirt", "-c", uri, "list", "--all"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(SSH_AUTH_SOCK="", PYTHONPATH=str(Path(aiovirt.__file__).parents[1])),
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def refused(done: Done) -> tuple[str, str]:
    """Return the error and the hint, which are all that was said."""
    assert (done.status, done.out) == (1, ""), done
    error, hint = done.err.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    return error, hint


# --- it works -----------------------------------------------------------------------------------


@pytest.fixture
def _asyncssh() -> None:
    """Load it before a loop runs: one of its modules starts a program when it is imported."""
    import_module("asyncssh")


@pytest.mark.anyio
@pytest.mark.usefixtures("_asyncssh")
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_transport_reaches_the_daemon(lab: Lab, transport: Transport) -> None:
    async with aiovirt.open(lab.uri(transport)) as host:
        assert await host.hostname() == lab.hostname


@pytest.mark.anyio
@pytest.mark.usefixtures("_asyncssh")
@pytest.mark.parametrize("proxy", PROXIES)
async def test_ssh_reaches_it_by_every_program_there(lab: Lab, proxy: str) -> None:
    async with aiovirt.open(lab.uri("ssh", proxy=proxy)) as host:
        assert await host.hostname() == lab.hostname


@pytest.mark.anyio
@pytest.mark.parametrize("transport", ["unix", "tls"])
async def test_a_password_opens_it(sasl_libvirtd: Lab, transport: Transport) -> None:
    login = Login(sasl.USER, sasl.PASSWORD)
    async with aiovirt.open(sasl_libvirtd.uri(transport), credentials=login) as host:
        assert await host.hostname() == sasl_libvirtd.hostname


@pytest.mark.anyio
async def test_a_wrong_password_does_not(sasl_libvirtd: Lab) -> None:
    login = Login(sasl.USER, "nonsense")
    with pytest.raises(AuthenticationFailed, match="SCRAM-SHA-512"):
        async with aiovirt.open(sasl_libvirtd.uri("unix"), credentials=login):
            pytest.fail("it was opened")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_command_line_lists_at_the_first_try(lab: Lab, transport: Transport) -> None:
    done = listed(lab.uri(transport))
    assert (done.status, done.err) == (0, "")
    assert done.out.split()[:3] == ["Id", "Name", "State"]


@pytest.mark.parametrize("transport", ["unix", "tls"])
def test_the_command_line_reads_the_password(sasl_libvirtd: Lab, transport: Transport) -> None:
    done = listed(sasl_libvirtd.uri(transport, authfile=str(sasl_libvirtd.auth_file)))
    assert (done.status, done.err) == (0, "")


# --- it does not ----------------------------------------------------------------------------------


def elsewhere(lab: Lab, transport: Transport, port: int) -> str:
    """Return the lab's URI with another port."""
    ours = {"tcp": lab.tcp_port, "tls": lab.tls_port, "ssh": lab.ssh_port}[transport]
    return lab.uri(transport).replace(f":{ours}/", f":{port}/")


def unknowing(lab: Lab, folder: Path) -> str:
    known = folder / "known_hosts"
    known.write_text("")
    return lab.uri("ssh", known_hosts=str(known))


def abandoned(lab: Lab, folder: Path) -> str:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "sock"))
    return lab.uri("unix", socket=str(folder / "sock"))


MISTAKES: dict[str, tuple[Made, str, str]] = {
    "unknown host key": (unknowing, "SSH host key of localhost:", "add this line to"),
    "wrong key": (
        lambda lab, _: lab.uri("ssh", keyfile=str(lab.folder / "ssh/stranger")),
        "does not let us in; we tried",
        "ssh-copy-id",
    ),
    "missing key": (
        lambda lab, _: lab.uri("ssh", keyfile=str(lab.folder / "ssh/nosuch")),
        "ssh/nosuch, for ",
        "is its path right?",
    ),
    "no socket": (
        lambda lab, folder: lab.uri("unix", socket=str(folder / "nosuch")),
        "there is no socket",
        "does the daemon run?",
    ),
    "libvirtd down": (abandoned, "nobody listens at the socket", "does the daemon run?"),
    "nobody at the TCP port": (
        lambda lab, _: elsewhere(lab, "tcp", free_port()),
        "refuses the connection",
        "libvirtd-tcp.socket",
    ),
    "nobody at the TLS port": (
        lambda lab, _: elsewhere(lab, "tls", free_port()),
        "refuses the connection",
        "libvirtd-tls.socket",
    ),
    "nobody at the SSH port": (
        lambda lab, _: elsewhere(lab, "ssh", free_port()),
        "refuses the connection",
        "does sshd run there",
    ),
    "TLS at the SSH port": (
        lambda lab, _: elsewhere(lab, "tls", lab.ssh_port),
        "does not speak TLS",
        "does TLS listen on that port?",
    ),
    "TLS at the TCP port": (
        lambda lab, _: elsewhere(lab, "tls", lab.tcp_port),
        "during the TLS handshake",
        "does TLS listen on that port?",
    ),
    "TCP at the TLS port": (
        lambda lab, _: elsewhere(lab, "tcp", lab.tls_port),
        "ended",
        "for this transport?",
    ),
    "TCP at the SSH port": (
        lambda lab, _: elsewhere(lab, "tcp", lab.ssh_port),
        "sent a packet of",
        "for this transport?",
    ),
    "SSH at the TCP port": (
        lambda lab, _: elsewhere(lab, "ssh", lab.tcp_port),
        "ended the connection",
        "does an SSH server listen on that port",
    ),
    "expired certificate": (
        lambda lab, _: lab.uri("tls", pkipath=str(lab.folder / "pki/expired")),
        "has expired on ",
        "have the certificate renewed",
    ),
    "certificate of a stranger": (
        lambda lab, _: lab.uri("tls", pkipath=str(lab.folder / "pki/stranger")),
        "refused our client certificate",
        "did the server's CA sign it",
    ),
    "no certificates": (
        lambda lab, folder: lab.uri("tls", pkipath=str(folder)),
        "cacert.pem is missing",
        "clientcert.pem and clientkey.pem",
    ),
    "no such driver": (
        lambda lab, _: lab.uri("unix", "xen:///system"),
        "no connection driver available for xen:///system",
        "has no such driver",
    ),
    "no such host": (
        lambda _, __: "qemu+tcp://no-such-host.invalid/system",
        "no host of the name no-such-host.invalid",
        "check its spelling",
    ),
    "misspelt parameter": (
        lambda lab, _: lab.uri("unix", sockett="/x"),
        "the unknown parameter 'sockett'",
        "did you mean socket?",
    ),
}


@pytest.mark.parametrize(("uri", "error", "hint"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_usual_mistake_is_told_with_what_to_do(
    lab: Lab, tmp_path: Path, uri: Made, error: str, hint: str
) -> None:
    said = refused(listed(uri(lab, tmp_path)))
    assert error in said[0]
    assert hint in said[1]


@pytest.fixture
def closed_socket(tmp_path: Path) -> Iterator[Path]:
    """A socket that somebody listens at, and nobody may use."""
    path = tmp_path / "closed"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.chmod(0)
        yield path


def test_no_permission_on_the_socket(lab: Lab, closed_socket: Path) -> None:
    """Root without its capabilities may as little as anybody."""
    humble = (str(program("setpriv")), "--bounding-set=-all", "--inh-caps=-all", "--")
    error, hint = refused(listed(lab.uri("unix", socket=str(closed_socket)), *humble))
    assert "may not be used by this user" in error
    assert "group libvirt" in hint


@pytest.mark.parametrize("transport", ["unix", "tls"])
def test_wrong_password(sasl_libvirtd: Lab, tmp_path: Path, transport: Transport) -> None:
    wrong = tmp_path / "auth.conf"
    wrong.write_text(sasl_libvirtd.auth_file.read_text().replace(sasl.PASSWORD, "nonsense"))
    error, hint = refused(listed(sasl_libvirtd.uri(transport, authfile=str(wrong))))
    assert "authentication failed" in error
    assert "the name or the password is wrong" in hint
    assert "nonsense" not in error + hint


def test_no_password(sasl_libvirtd: Lab, tmp_path: Path) -> None:
    empty = tmp_path / "auth.conf"
    empty.write_text("")
    error, hint = refused(listed(sasl_libvirtd.uri("tls", authfile=str(empty))))
    assert "nobody knows the name" in error
    assert "AIOVIRT_PASSWORD" in hint
