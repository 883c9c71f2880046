"""Lines by SSH to a real OpenSSH server, and what each usual mistake is called."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import asyncssh
import counterparts
import pytest
from ports import reserved_port
from sshds import SSHD, make_key, sshd, user

from aiovirt._tasks import open_task_group
from aiovirt.clients.libvirt.transports import open_line, read_parameters
from aiovirt.clients.libvirt.transports.shell import open_ssh, remote_script
from aiovirt.errors import (
    AiovirtError,
    AuthenticationFailed,
    ConfigError,
    ConnectionLost,
    NotFound,
    PermissionDenied,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.model.credentials import CredentialKind, CredentialRequest, Credentials, Secret
from aiovirt.model.uri import URI
from aiovirt.streams.line import Line
from aiovirt.streams.unix import UnixListener, UnixStream

pytestmark = [pytest.mark.anyio, pytest.mark.real]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SSHD]:
    with sshd(tmp_path_factory.mktemp("sshd") / "s") as running:
        yield running


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SSHD]:
    """A server that forwards no Unix sockets, and whose shell finds our own programs first."""
    folder = tmp_path_factory.mktemp("sshd") / "n"
    path = f"{folder}/bin:/usr/bin:/bin"
    with sshd(folder, "AllowStreamLocalForwarding no", f"SetEnv PATH={path}") as running:
        (folder / "bin").mkdir()
        yield running


@pytest.fixture(autouse=True)
def _no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a home without keys and configuration, and no agent."""
    (tmp_path / "home/.ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


def to(server: SSHD, path: Path | None = None, **more: str) -> URI:
    """Return a URI for a socket behind the server, with all that it takes; "" leaves one out."""
    given = {"keyfile": str(server.key), "known_hosts": str(server.known_hosts)} | more
    if path is not None:
        given["socket"] = str(path)
    parameters = {name: value for name, value in given.items() if value}
    return URI("qemu", "/system", "ssh", user(), "127.0.0.1", server.port, parameters)


async def failure(uri: URI, *, credentials: Credentials | None = None) -> AiovirtError:
    with pytest.raises(AiovirtError) as caught:
        async with open_line(uri, credentials=credentials, timeout_s=20):
            pass
    return caught.value


@asynccontextmanager
async def echo(path: Path) -> AsyncGenerator[None, None]:
    """Send back what comes to a Unix socket, and end when the other side does."""

    async def serve(stream: UnixStream) -> None:
        async with stream:
            async for data in stream:
                await stream.send(data)

    async def accept(listener: UnixListener) -> None:
        while True:
            group.start_soon(serve, await listener.accept())

    async with UnixListener(path) as listener, open_task_group() as group:
        group.start_soon(accept, listener)
        yield
        group.cancel_scope.cancel()


async def echoed(line: Line, data: bytes) -> bytes:
    stream, answer = UnixStream(line.sock), b""
    async with open_task_group() as group:
        group.start_soon(stream.send, data)
        while len(answer) < len(data):
            answer += await stream.receive()
    return answer


# --- ways through ------------------------------------------------------------------------------


async def test_the_socket_is_forwarded(server: SSHD, tmp_path: Path) -> None:
    async with echo(tmp_path / "s"), open_line(to(server, tmp_path / "s")) as line:
        assert await echoed(line, b"through") == b"through"
        assert (line.passes_descriptors, line.encrypted, line.local) == (False, True, False)
        assert line.peer == f"the libvirt daemon of {user()}@127.0.0.1:{server.port} by SSH"


async def test_megabytes_pass_both_ways_at_once(server: SSHD, tmp_path: Path) -> None:
    data = os.urandom(5_000_000)
    async with echo(tmp_path / "s"), open_line(to(server, tmp_path / "s")) as line:
        assert await echoed(line, data) == data


async def test_the_daemons_end_is_the_lines_end(server: SSHD, tmp_path: Path) -> None:
    async with UnixListener(tmp_path / "s") as listener:
        async with open_line(to(server, tmp_path / "s")) as line:
            async with await listener.accept() as theirs:
                await theirs.send(b"last")
            parts = [part async for part in UnixStream(line.sock)]
        assert b"".join(parts) == b"last"


async def test_leaving_ends_the_daemons_connection(server: SSHD, tmp_path: Path) -> None:
    async with UnixListener(tmp_path / "s") as listener:
        async with open_line(to(server, tmp_path / "s")):
            theirs = await listener.accept()
        async with theirs:
            assert [part async for part in theirs] == []


async def test_a_daemon_that_does_not_read_holds_the_sender(server: SSHD, tmp_path: Path) -> None:
    async with UnixListener(tmp_path / "s") as listener:
        async with open_line(to(server, tmp_path / "s")) as line:
            theirs = await listener.accept()
            with anyio.move_on_after(1) as scope:
                while True:
                    await UnixStream(line.sock).send(b"x" * 1_000_000)
            assert scope.cancelled_caught
        await theirs.aclose()


NETCAT = """\
#!/usr/bin/env python3
import os, selectors, socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[2])
watch = selectors.DefaultSelector()
watch.register(0, 1, (0, sock.fileno()))
watch.register(sock, 1, (sock.fileno(), 1))
while True:
    for key, _ in watch.select():
        data = os.read(key.data[0], 65536)
        if not data:
            sys.exit()
        os.write(key.data[1], data)
"""


def install(server: SSHD, name: str, text: str) -> Path:
    """Install a program for the server's users."""
    path = server.folder / "bin" / name
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("proxy", ["", "netcat"])
async def test_netcat_is_the_last_way(narrow: SSHD, tmp_path: Path, proxy: str) -> None:
    install(narrow, "nc", NETCAT)
    async with (
        echo(tmp_path / "it's"),
        open_line(to(narrow, tmp_path / "it's", proxy=proxy)) as line,
    ):
        assert await echoed(line, b"x" * 100_000) == b"x" * 100_000
    (narrow.folder / "bin/nc").unlink()


async def test_a_netcat_of_another_name_is_used(narrow: SSHD, tmp_path: Path) -> None:
    program = install(narrow, "my nc", NETCAT)
    uri = to(narrow, tmp_path / "s", netcat=str(program))
    async with echo(tmp_path / "s"), open_line(uri) as line:
        assert await echoed(line, b"x") == b"x"


async def test_libvirts_helper_gets_the_drivers_uri(narrow: SSHD, tmp_path: Path) -> None:
    install(narrow, "virt-ssh-helper", '#!/bin/sh\necho "$@"\nexec cat\n')
    async with UnixListener(tmp_path / "s"):
        uri = to(narrow, tmp_path / "s", proxy="native")
        async with open_line(uri, readonly=True) as line:
            assert await UnixStream(line.sock).receive() == b"-r qemu:///system\n"
    (narrow.folder / "bin/virt-ssh-helper").unlink()


async def test_what_the_remote_shell_prints_first_is_dropped(tmp_path: Path) -> None:
    noisy = tmp_path / "noisy"
    with sshd(
        noisy,
        "AllowStreamLocalForwarding no",
        'ForceCommand echo welcome; exec sh -c "$SSH_ORIGINAL_COMMAND"',
        f"SetEnv PATH={noisy}/bin:/usr/bin:/bin",
    ) as running:
        (noisy / "bin").mkdir()
        install(running, "nc", NETCAT)
        async with echo(tmp_path / "s"), open_line(to(running, tmp_path / "s")) as line:
            assert await echoed(line, b"clean") == b"clean"


async def test_the_last_words_of_a_helper_explain_a_lost_line(narrow: SSHD, tmp_path: Path) -> None:
    install(narrow, "virt-ssh-helper", "#!/bin/sh\necho cannot connect: no such daemon >&2\n")
    async with UnixListener(tmp_path / "s"):
        with pytest.raises(ConnectionLost) as caught:
            await until_lost(to(narrow, tmp_path / "s", proxy="native"))
    assert "cannot connect: no such daemon" in (caught.value.hint or "")
    (narrow.folder / "bin/virt-ssh-helper").unlink()


async def test_what_a_helper_says_before_it_ends_all_arrives(narrow: SSHD, tmp_path: Path) -> None:
    install(narrow, "virt-ssh-helper", "#!/bin/sh\nexec head -c 3000000 /dev/zero\n")
    async with UnixListener(tmp_path / "s"):
        for _ in range(5):
            async with open_line(to(narrow, tmp_path / "s", proxy="native")) as line:
                parts = [part async for part in UnixStream(line.sock)]
            assert sum(map(len, parts)) == 3_000_000
    (narrow.folder / "bin/virt-ssh-helper").unlink()


async def test_the_server_may_die_meanwhile(tmp_path: Path) -> None:
    with sshd(tmp_path / "d") as running:
        async with (
            UnixListener(tmp_path / "s") as listener,
            open_line(to(running, tmp_path / "s")) as line,
            await listener.accept() as theirs,
        ):
            running.kill()
            assert [part async for part in UnixStream(line.sock)] == []
            assert [part async for part in theirs] == []


async def until_lost(uri: URI) -> None:
    async with open_line(uri) as line:
        async for _ in UnixStream(line.sock):
            pass
        raise ConnectionLost("the daemon ended the connection", maybe_done=False)


def test_a_script_quotes_whatever_the_uri_says() -> None:
    uri = URI.parse("qemu+ssh://h/system?proxy=netcat&netcat=%24%28reboot%29&socket=/a%3B%60b%60")
    script = remote_script(
        uri, read_parameters(uri), paths=["/a;`b`"], session=False, readonly=False
    )
    assert "'$(reboot)' -U" in script
    assert "'/a;`b`'" in script


# --- usual mistakes ----------------------------------------------------------------------------


async def test_an_unknown_host_key_is_shown_with_the_line_to_add(
    server: SSHD, tmp_path: Path
) -> None:
    error = await failure(to(server, tmp_path / "s", known_hosts=str(tmp_path / "none")))
    assert isinstance(error, AuthenticationFailed)
    public = (server.folder / "host_key.pub").read_text()
    kind, data, _ = public.split()
    fingerprint = asyncssh.import_public_key(public).get_fingerprint()
    assert f"is not known: {kind} {fingerprint}" in str(error)
    assert f"add this line to {tmp_path}/none: [127.0.0.1]:{server.port} {kind} {data}" in (
        error.hint or ""
    )


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
async def test_a_changed_host_key_is_told_from_an_unknown_one(
    server: SSHD, tmp_path: Path, kind: str
) -> None:
    other = make_key(tmp_path / "other", kind=kind).with_suffix(".pub").read_text()
    (tmp_path / "known").write_text(f"[127.0.0.1]:{server.port} {other}")
    error = await failure(to(server, known_hosts=str(tmp_path / "known"), no_verify="1"))
    assert isinstance(error, AuthenticationFailed)
    assert "has changed" in str(error)
    assert "ssh-keygen -R '[127.0.0.1]:" in (error.hint or "")


@pytest.mark.parametrize("how", [{"known_hosts_verify": "auto"}, {"no_verify": "1"}])
async def test_a_new_key_is_kept_where_the_user_wants_it(
    server: SSHD, tmp_path: Path, how: dict[str, str]
) -> None:
    known = tmp_path / "new/known_hosts"
    async with echo(tmp_path / "s"):
        for uri in (
            to(server, tmp_path / "s", known_hosts=str(known), **how),
            to(server, tmp_path / "s", known_hosts=str(known)),
        ):
            async with open_line(uri) as line:
                assert await echoed(line, b"x") == b"x"
    assert len(known.read_text().splitlines()) == 1


async def test_host_keys_may_be_ignored(server: SSHD, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other").with_suffix(".pub").read_text()
    (tmp_path / "known").write_text(f"[127.0.0.1]:{server.port} {other}")
    uri = to(
        server,
        tmp_path / "s",
        known_hosts=str(tmp_path / "known"),
        known_hosts_verify="ignore",
    )
    async with echo(tmp_path / "s"), open_line(uri) as line:
        assert await echoed(line, b"x") == b"x"


async def test_a_key_that_is_not_let_in_is_told(server: SSHD, tmp_path: Path) -> None:
    wrong = make_key(tmp_path / "wrong")
    error = await failure(to(server, keyfile=str(wrong)))
    assert isinstance(error, AuthenticationFailed)
    assert f"we tried the keys of the agent, the key {wrong}" in str(error)
    assert "ssh-copy-id" in (error.hint or "")


async def test_a_missing_key_is_named(server: SSHD, tmp_path: Path) -> None:
    error = await failure(to(server, keyfile=str(tmp_path / "none")))
    assert isinstance(error, NotFound)
    assert str(tmp_path / "none") in str(error)


async def test_a_file_that_is_no_key_is_told(server: SSHD, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello\n")
    error = await failure(to(server, keyfile=str(tmp_path / "text")))
    assert isinstance(error, ConfigError)
    assert error.field == "keyfile"


async def test_a_locked_key_without_anybody_to_ask_advises_the_agent(
    server: SSHD, tmp_path: Path
) -> None:
    locked = make_key(tmp_path / "locked", passphrase="secret")
    error = await failure(to(server, keyfile=str(locked)))
    assert isinstance(error, ConfigError)
    assert "ssh-add" in (error.hint or "")


async def test_a_locked_key_is_unlocked_by_asking(server: SSHD, tmp_path: Path) -> None:
    locked = make_key(tmp_path / "locked", passphrase="secret")
    with (server.folder / "authorized_keys").open("a") as file:
        file.write(locked.with_suffix(".pub").read_text())
    asked: list[CredentialRequest] = []

    async def ask(request: CredentialRequest) -> Secret:
        asked.append(request)
        await anyio.lowlevel.checkpoint()
        return Secret("secret")

    uri = to(server, tmp_path / "s", keyfile=str(locked))
    async with echo(tmp_path / "s"), open_line(uri, credentials=ask) as line:
        assert await echoed(line, b"x") == b"x"
    prompt = f"passphrase of the key {locked}: "
    assert asked == [CredentialRequest(CredentialKind.PASSPHRASE, "ssh", "127.0.0.1", prompt)]


async def test_no_daemon_is_told_with_what_to_start(server: SSHD, tmp_path: Path) -> None:
    error = await failure(to(server, tmp_path / "none"))
    assert isinstance(error, NotFound)
    assert f"there is no socket {tmp_path}/none" in str(error)
    assert "systemctl start libvirtd.socket" in (error.hint or "")


@pytest.fixture
def powerless(tmp_path: Path) -> Iterator[SSHD]:
    """A server that runs commands as nobody."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    nobody = 'setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "$SSH_ORIGINAL_COMMAND"'
    with (
        tempfile.TemporaryDirectory(prefix="aiovirt-") as name,
        sshd(tmp_path / "p", "AllowStreamLocalForwarding no", f"ForceCommand {nobody}") as running,
        socket.socket(socket.AF_UNIX) as listening,
    ):
        Path(name).chmod(0o755)
        listening.bind(f"{name}/s")
        Path(name, "s").chmod(0o700)
        yield dataclasses.replace(running, socket=Path(name, "s"))


async def test_a_forbidden_socket_advises_the_group(powerless: SSHD) -> None:
    error = await failure(to(powerless, powerless.socket))
    assert isinstance(error, PermissionDenied)
    assert f"may not use the daemon's socket {powerless.socket}" in str(error)
    assert f"add {user()} to the group libvirt" in (error.hint or "")


async def test_a_server_without_any_way_through_is_told(narrow: SSHD, tmp_path: Path) -> None:
    async with UnixListener(tmp_path / "s"):
        error = await failure(to(narrow, tmp_path / "s", netcat="no-such-netcat"))
    assert isinstance(error, NotFound)
    assert "AllowStreamLocalForwarding" in (error.hint or "")


async def test_a_wrong_port_is_told(server: SSHD) -> None:
    parameters = dict(to(server).parameters)
    with reserved_port() as port:
        error = await failure(URI("qemu", "/system", "ssh", None, "127.0.0.1", port, parameters))
    assert isinstance(error, ResourceUnavailable)
    assert "does sshd run there" in (error.hint or "")


async def test_a_port_that_speaks_something_else_is_told(server: SSHD) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        uri = to(server)
        other = URI(
            "qemu", "/system", "ssh", None, uri.host, listening.getsockname()[1], uri.parameters
        )
        with pytest.raises(Unresponsive, match="did not log us in"):
            async with open_line(other, timeout_s=0.5):
                pass


# --- the user's own configuration ---------------------------------------------------------------


async def test_the_configuration_leads_to_the_host(server: SSHD, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        f"Host web\n HostName 127.0.0.1\n Port {server.port}\n User {user()}\n"
        f" IdentityFile {server.key}\n UserKnownHostsFile {server.known_hosts}\n"
    )
    uri = URI("qemu", "/system", "ssh", None, "web", None, {"socket": str(tmp_path / "s")})
    async with echo(tmp_path / "s"), with_config(uri, tmp_path / "config") as line:
        assert await echoed(line, b"x") == b"x"


@asynccontextmanager
async def with_config(uri: URI, config: Path) -> AsyncGenerator[Line, None]:
    opened = open_ssh(
        uri, read_parameters(uri), readonly=False, credentials=None, timeout_s=20, config=config
    )
    async with opened as line:
        yield line


async def test_a_jump_host_leads_to_the_host(server: SSHD, narrow: SSHD, tmp_path: Path) -> None:
    common = f" HostName 127.0.0.1\n User {user()}\n"
    (tmp_path / "home/.ssh/config").write_text(
        f"Host far\n{common} Port {server.port}\n IdentityFile {server.key}\n"
        f" UserKnownHostsFile {server.known_hosts}\n ProxyJump jump\n"
        f"Host jump\n{common} Port {narrow.port}\n IdentityFile {narrow.key}\n"
        f" UserKnownHostsFile {narrow.known_hosts}\n"
    )
    uri = URI("qemu", "/system", "ssh", None, "far", None, {"socket": str(tmp_path / "s")})
    async with echo(tmp_path / "s"), open_line(uri) as line:
        assert await echoed(line, b"x") == b"x"


async def test_a_wrong_configuration_is_told(server: SSHD, tmp_path: Path) -> None:
    (tmp_path / "home/.ssh/config").write_text("Port many\n")
    error = await failure(URI("qemu", "/system", "ssh", None, "127.0.0.1", server.port))
    assert isinstance(error, ConfigError)
    assert "configuration of ssh" in str(error)


@pytest.fixture
def agent(server: SSHD, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An agent that holds the key that is let in."""
    programs = {name: str(counterparts.program(name)) for name in ("ssh-agent", "ssh-add")}
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    with subprocess.Popen(
        [programs["ssh-agent"], "-D", "-a", str(tmp_path / "agent")], stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            add = [programs["ssh-add"], "-q", str(server.key)]
            subprocess.run(add, check=True, timeout=20, capture_output=True)
            yield
        finally:
            process.kill()


@pytest.mark.usefixtures("agent")
async def test_the_agents_keys_are_tried(server: SSHD, tmp_path: Path) -> None:
    uri = to(server, tmp_path / "s", keyfile="")
    async with echo(tmp_path / "s"), open_line(uri) as line:
        assert await echoed(line, b"x") == b"x"


@pytest.mark.usefixtures("agent")
async def test_without_the_agent_its_keys_are_not_tried(server: SSHD) -> None:
    error = await failure(to(server, keyfile="", sshauth="privkey"))
    assert isinstance(error, AuthenticationFailed)
    assert "agent" not in str(error)


# --- cancellation -------------------------------------------------------------------------------


@pytest.mark.parametrize("delay_s", [0, 0.01, 0.03, 0.06, 0.1, 0.2])
async def test_cancelling_at_any_moment_leaves_nothing(
    server: SSHD, tmp_path: Path, delay_s: float
) -> None:
    async with echo(tmp_path / "s"):
        with anyio.move_on_after(delay_s):
            async with open_line(to(server, tmp_path / "s")):
                await anyio.sleep_forever()
