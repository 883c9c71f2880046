"""SSH connections: the user's own configuration, keys and agent, and sockets that run through them.

The protocol is asyncssh's.  This module loads it, so import it only where SSH is wanted.
"""

from __future__ import annotations

import getpass
import math
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import anyio
import asyncssh

from aiovirt.errors import (
    ConnectionLost,
    ProcessFailed,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.streams._asyncio import Home, asyncio_loop, from_asyncio, in_asyncio
from aiovirt.streams._ssh_bridge import Bridge
from aiovirt.streams._ssh_commands import MAX_OUTPUT, CommandSession, SSHResult
from aiovirt.streams._ssh_errors import reasons
from aiovirt.streams._ssh_hosts import HostCheck, HostKeys
from aiovirt.streams.tcp import connect_tcp

__all__ = ["METHODS", "Ask", "SSHConnection", "SSHResult", "SSHTarget", "connect_ssh"]

Ask = Callable[[str, bool], Awaitable[str | None]]
"""Asks the user: a prompt, and whether the answer may be seen. None means that there is none."""

METHODS = ("agent", "privkey", "password", "keyboard-interactive")
"""The ways to log in, in the order in which they are tried."""

MAX_PASSWORDS = 3
"""How often a password is asked for."""

CLOSE_S = 2.0
"""Seconds that a server has to say goodbye."""

END_S = 5.0
"""Seconds that a server has to end a command that was cancelled."""

_METHODS = {
    "agent": "publickey",
    "privkey": "publickey",
    "password": "password",
    "keyboard-interactive": "keyboard-interactive",
}


@dataclass(frozen=True, slots=True)
class SSHTarget:
    """Where to log in, and how.

    Attributes:
        host: A name, an address, or a ``Host`` of the configuration.
        port: None leaves it to the configuration, or 22.
        user: None leaves it to the configuration, or takes ours.
        keyfile: A private key in place of the usual ones.
        known_hosts: A file in place of the usual ones.
        check: What is done about a host key that is not known.
        methods: Which of `METHODS` are tried, in which order.
        ask: Asks for passwords and passphrases; None means that nobody is there.
        config: A file in place of ``~/.ssh/config``.
    """

    host: str
    port: int | None = None
    user: str | None = None
    keyfile: Path | None = None
    known_hosts: Path | None = None
    check: HostCheck = "normal"
    methods: tuple[str, ...] = METHODS
    ask: Ask | None = None
    config: Path | None = None

    def __str__(self) -> str:
        """The target as ssh writes it, without what the configuration adds."""
        user = f"{self.user}@" if self.user else ""
        return f"{user}{self.host}" + (f":{self.port}" if self.port else "")


class SSHConnection:
    """A connection that is logged in; made by `connect_ssh`.

    Attributes:
        user: Who is logged in.
        where: The server as ``user@host:port``, for messages.
    """

    def __init__(self, connection: asyncssh.SSHClientConnection, user: str, where: str) -> None:
        self._connection = connection
        self._home = Home()
        self._bridges: list[tuple[Bridge, socket.socket]] = []
        self.user = user
        self.where = where

    @property
    def last_words(self) -> str:
        """The last complaint of a remote command or of the connection, or nothing."""
        found = [bridge.last_words for bridge, _ in self._bridges if bridge.last_words]
        return found[-1] if found else ""

    async def open_unix(self, path: str) -> socket.socket:
        """Return a socket whose bytes come out of the remote Unix socket at `path`.

        It is closed with the connection.

        Raises:
            ResourceUnavailable: The server does not connect there; it does not tell why.
            ConnectionLost: The connection has ended.

        Cancellation: leaves nothing open.
        """
        with reasons(self.where):
            return await self._home.run(self._open_unix, path)

    async def _open_unix(self, path: str) -> socket.socket:
        bridge = Bridge()
        try:
            await self._connection.create_unix_connection(lambda: bridge, path)
        except asyncssh.ChannelOpenError as error:
            raise ResourceUnavailable(
                f"{self.where} does not connect to its socket {path}: {error.reason}"
            ) from error
        return await self._attach(bridge)

    async def open_command(self, command: str, marker: bytes) -> socket.socket:
        """Run `command` by the remote shell, and return a socket to its input and output.

        Args:
            command: What the shell is given.
            marker: What the command prints when it is ready; the socket begins behind it.

        Raises:
            ProcessFailed: It ended before it was ready; the error has its status and last words.
            ConnectionLost: The connection has ended.

        Cancellation: the command is ended.
        """
        with reasons(self.where):
            return await self._home.run(self._open_command, command, marker)

    async def _open_command(self, command: str, marker: bytes) -> socket.socket:
        bridge = Bridge(marker)
        try:
            await self._connection.create_session(
                lambda: bridge, command, encoding=None, request_pty=False
            )
        except asyncssh.ChannelOpenError as error:
            raise ProcessFailed(f"the command on {self.where}", None, error.reason) from error
        try:
            ready = await bridge.ready
        except BaseException:
            bridge.detach()
            raise
        if not ready:
            raise ProcessFailed(f"the command on {self.where}", bridge.status, bridge.last_words)
        return await self._attach(bridge)

    async def run(self, command: str, data: bytes = b"", *, limit: int = MAX_OUTPUT) -> SSHResult:
        """Run `command` by the remote shell, and wait for its end.

        Args:
            command: What the shell is given.
            data: Its standard input.
            limit: Bytes that it may print; one that prints more is ended.

        Raises:
            ResourceUnavailable: The server runs no further commands at the same time.
            LimitExceeded: It printed too much.
            ConnectionLost: The connection ended; `maybe_done` says whether the command had begun.

        Cancellation: the command is ended on the server, too, which may take `END_S`.
        """
        session: list[CommandSession] = []
        try:
            with reasons(self.where):
                return await self._home.run(self._run, session, command, data, limit)
        except BaseException:
            await self._end(session)
            raise

    async def _run(
        self, session: list[CommandSession], command: str, data: bytes, limit: int
    ) -> SSHResult:
        session.append(CommandSession(self.where, limit))
        return await session[0].run(self._connection, command, data)

    async def _end(self, sessions: list[CommandSession]) -> None:
        """End a command, if it has begun and not ended; it has where the connection has."""
        with anyio.CancelScope(shield=True), anyio.move_on_after(END_S), suppress(ConnectionLost):
            for session in sessions:
                await self._home.run(session.end, self._connection)

    async def _attach(self, bridge: Bridge) -> socket.socket:
        try:
            sock = await bridge.attach()
        except BaseException:
            bridge.detach()
            raise
        self._bridges.append((bridge, sock))
        return sock

    async def until_lost(self) -> None:
        """Wait until the connection has ended, by whomever."""
        await self._home.run(self._connection.wait_closed)

    async def aclose(self) -> None:
        """Close all sockets and the connection. Cancellation: waited out, for two seconds."""
        for _, sock in self._bridges:
            if sock.fileno() >= 0:  # else its user has closed it
                anyio.notify_closing(sock)  # who waits for it would wait for ever
                sock.close()
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(CLOSE_S):
                await self._home.run(self._close)
                return
            await self._home.run(self._abort)

    async def _close(self) -> None:
        for bridge, _ in self._bridges:
            bridge.detach()
        self._connection.close()
        await self._connection.wait_closed()

    async def _abort(self) -> None:
        self._connection.abort()


@asynccontextmanager
async def connect_ssh(
    target: SSHTarget, *, timeout_s: float, keepalive_s: float = 0
) -> AsyncGenerator[SSHConnection, None]:
    """Log in by SSH for the length of the scope.

    The user's ``~/.ssh/config`` holds: HostName, Port, User, IdentityFile, ProxyJump,
    ProxyCommand, UserKnownHostsFile and what else asyncssh knows of it.

    Args:
        target: Where and how.
        timeout_s: Seconds for connecting and then for logging in; while the user is asked for
            something, none are counted.
        keepalive_s: Seconds of silence after which the server is asked whether it is there; a
            connection whose server does not answer thrice ends. 0 asks never.

    Raises:
        AuthenticationFailed: The host key is not known or has changed, or the server does not let
            us in; the message says what was tried.
        ConfigError: The configuration, a key or a file of known hosts is wrong.
        NotFound: There is no such host, or no such key.
        ResourceUnavailable: Nobody listens there, or the way there is closed.
        ConnectionLost: The server ended the connection.
        Unresponsive: It did not answer in time.

    Cancellation: leaves nothing open.
    """
    async with asyncio_loop():
        login = _Login(target, keepalive_s)
        connection = await login.run(timeout_s)
        try:
            yield connection
        finally:
            await connection.aclose()


class _Client(asyncssh.SSHClient):
    """What asyncssh asks while it logs in."""

    def __init__(self, hosts: HostKeys, ask: Ask | None, user: str) -> None:
        self._hosts = hosts
        self._ask = ask
        self._prompt = f"password of {user}: "
        self._passwords = 0

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        del host, addr, port  # those that `HostKeys.look_up` was given
        return self._hosts.accepts(key)

    async def password_auth_requested(self) -> str | None:
        self._passwords += 1
        if self._ask is None or self._passwords > MAX_PASSWORDS:
            return None
        return await self._ask(self._prompt, False)  # noqa: FBT003 - `Ask` is the user's function

    def kbdint_auth_requested(self) -> str | None:
        self._passwords += 1
        return None if self._ask is None or self._passwords > MAX_PASSWORDS else ""

    async def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        del name, instructions, lang
        answers: list[str] = []
        for prompt, echo in prompts:
            answer = await self._ask(prompt, echo) if self._ask is not None else None
            if answer is None:
                return None
            answers.append(answer)
        return answers


class _Login:
    """One log-in: what is asked of asyncssh, and what its refusals mean."""

    def __init__(self, target: SSHTarget, keepalive_s: float = 0) -> None:
        self._target = target
        self._keepalive_s = keepalive_s
        self._scope = anyio.CancelScope()
        self._ask = from_asyncio(self._ask_user) if target.ask is not None else None
        self._timeout_s = math.inf

    async def run(self, timeout_s: float) -> SSHConnection:
        self._timeout_s = timeout_s
        where = str(self._target)
        with reasons(where):
            options = await in_asyncio(self._look_at_configuration)
        user = options.username or getpass.getuser()
        where = f"{user}@{options.host}:{options.port}"
        hosts = await anyio.to_thread.run_sync(self._known_hosts, options)
        sock = await self._connect(options)
        try:
            with self._scope, reasons(where, hosts, self._tried()):
                self._scope.deadline = anyio.current_time() + timeout_s
                connection = await in_asyncio(self._log_in, hosts, user, sock)
                hosts.keep()
                return SSHConnection(connection, user, where)
        except BaseException:
            if sock is not None:
                sock.close()
            raise
        if sock is not None:
            sock.close()
        raise Unresponsive(
            f"{where} did not log us in within {timeout_s:g} s",
            hint="does an SSH server listen on that port?",
        )

    def _common(self) -> dict[str, Any]:
        target = self._target
        given: dict[str, Any] = {"host": target.host}
        if target.port is not None:
            given["port"] = target.port
        if target.user is not None:
            given["username"] = target.user
        given["config"] = [str(target.config)] if target.config is not None else ()
        return given

    async def _look_at_configuration(self) -> asyncssh.SSHClientConnectionOptions:
        """Read the configuration alone: no key is loaded, no passphrase asked for."""
        construct = asyncssh.SSHClientConnectionOptions.construct
        options: asyncssh.SSHClientConnectionOptions = await construct(
            **self._common(), client_keys=None
        )
        return options

    def _known_hosts(self, options: asyncssh.SSHClientConnectionOptions) -> HostKeys:
        # What a configuration names are files; what else asyncssh takes comes by arguments only.
        named = cast("list[object] | None", options.known_hosts) or []
        return HostKeys(
            self._target.known_hosts,
            [name for name in named if isinstance(name, str)],
            self._target.check,
            options.host_key_alias or options.host,
            options.port,
        )

    async def _connect(self, options: asyncssh.SSHClientConnectionOptions) -> socket.socket | None:
        """Connect to the server itself, unless the configuration leads there another way."""
        if options.tunnel or options.proxy_command:
            return None
        return await connect_tcp(
            options.host,
            options.port,
            timeout_s=self._timeout_s,
            listener="the SSH server",
            refused_hint="does sshd run there, and is that its port?",
        )

    async def _log_in(
        self, hosts: HostKeys, user: str, sock: socket.socket | None
    ) -> asyncssh.SSHClientConnection:
        target = self._target
        options = self._common() | {
            "known_hosts": None if target.check == "ignore" else hosts.look_up,
            "client_factory": lambda: _Client(hosts, self._ask, f"{user}@{target.host}"),
            "preferred_auth": list(dict.fromkeys(_METHODS[name] for name in target.methods)),
            "login_timeout": 0,
            "keepalive_interval": self._keepalive_s,
            "server_host_key_algs": hosts.algorithms(),
        }
        if target.keyfile is not None:
            options["client_keys"] = [str(target.keyfile.expanduser())]
        if self._ask is not None:
            options["passphrase"] = self._passphrase
        if "privkey" not in target.methods:
            options["client_keys"] = []
        if "agent" not in target.methods:
            options["agent_path"] = None
        return await asyncssh.connect(sock=sock, **options)

    async def _passphrase(self, filename: str) -> str | None:
        if self._ask is None:
            return None
        return await self._ask(f"passphrase of the key {filename}: ", False)  # noqa: FBT003 - as above

    async def _ask_user(self, prompt: str, echo: bool) -> str | None:  # noqa: FBT001 - as `Ask`
        """Ask, and count no seconds meanwhile."""
        ask = self._target.ask
        if ask is None:
            return None
        self._scope.deadline = math.inf
        try:
            return await ask(prompt, echo)
        finally:
            self._scope.deadline = anyio.current_time() + self._timeout_s

    def _tried(self) -> str:
        """Say by which ways we tried to log in."""
        target = self._target
        ways = {
            "agent": "the keys of the agent",
            "privkey": f"the key {target.keyfile}" if target.keyfile else "the keys in ~/.ssh",
        }
        if target.ask is not None:
            ways |= {"password": "a password", "keyboard-interactive": "the server's questions"}
        return ", ".join(ways[name] for name in target.methods if name in ways)
