"""To a daemon of another host by SSH: its socket forwarded, or a command that connects to it.

The shortest way is a stream that the SSH server itself connects to the socket.  Where it may or can
not, a shell on the remote host says why, or runs ``virt-ssh-helper`` or ``nc``.
"""

from __future__ import annotations

import shlex
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from aiovirt.clients.libvirt.transports.parameters import (
    Mode,
    Parameters,
    Proxy,
    VerifyHosts,
    remote_name,
)
from aiovirt.clients.libvirt.transports.sockets import SYSTEM_FOLDER, own_socket, socket_names
from aiovirt.errors import (
    AiovirtError,
    ConnectionLost,
    NotFound,
    PermissionDenied,
    ProcessFailed,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.model.credentials import CredentialKind, CredentialRequest, Credentials, Secret
from aiovirt.model.uri import URI
from aiovirt.streams.line import Line
from aiovirt.streams.ssh import Ask, SSHConnection, SSHTarget, connect_ssh

__all__ = ["open_ssh", "remote_script", "ssh_target"]

MARKER = b"aiovirt: the line is open\n"
ABSENT, FORBIDDEN, NO_PROGRAM = 81, 82, 83
"""The statuses by which the remote script says why it goes no further."""

LAST_WORDS_WAIT_S = 0.5


@asynccontextmanager
async def open_ssh(
    uri: URI,
    parameters: Parameters,
    *,
    readonly: bool,
    credentials: Credentials | None,
    timeout_s: float,
    config: Path | None = None,
) -> AsyncGenerator[Line, None]:
    """Log in to the URI's host, and reach the daemon's socket there.

    Args:
        uri: Whose host, port and user are meant, and which daemon.
        parameters: Those of `uri`.
        readonly: Whether the socket for readers is meant.
        credentials: Answers for passwords and passphrases; with ``no_tty`` nobody is asked.
        timeout_s: Seconds for connecting, for logging in, and for reaching the socket, each.
        config: A file in place of ``~/.ssh/config``.

    Raises:
        NotFound: No daemon runs there, or no program that could connect to it is installed.
        PermissionDenied: The user may not use the socket.
        Other errors are those of `connect_ssh`.
    """
    target = ssh_target(uri, parameters, credentials, config)
    async with connect_ssh(target, timeout_s=timeout_s) as connection:
        sock: socket.socket | None = None
        with anyio.move_on_after(timeout_s):
            sock = await _reach(connection, uri, parameters, readonly=readonly)
        if sock is None:
            raise Unresponsive(
                f"{connection.where} did not connect us to its daemon within {timeout_s:g} s"
            )
        try:
            yield Line(
                sock,
                filter=None,
                early=b"",
                passes_descriptors=False,
                encrypted=True,
                local=False,
                peer=f"the libvirt daemon of {connection.where} by SSH",
            )
        except ConnectionLost as error:
            await _explain(error, connection)
            raise


async def _explain(error: ConnectionLost, connection: SSHConnection) -> None:
    """Add what the remote command said last to an error that has no advice yet."""
    if error.hint is None and connection.last_words:
        error.hint = f"the last that {connection.where} said is: {connection.last_words}"


def ssh_target(
    uri: URI,
    parameters: Parameters,
    credentials: Credentials | None,
    config: Path | None = None,
) -> SSHTarget:
    """Where to log in, and how.

    Args:
        uri: Whose host, port and user are meant.
        parameters: Those of `uri`.
        credentials: Answers for passwords and passphrases; with ``no_tty`` nobody is asked.
        config: A file in place of ``~/.ssh/config``.
    """
    check = parameters.known_hosts_verify
    if parameters.no_verify and check is VerifyHosts.NORMAL:
        check = VerifyHosts.AUTO  # new keys are taken, known ones still hold
    return SSHTarget(
        host=uri.host or "localhost",
        port=uri.port,
        user=uri.user,
        keyfile=Path(parameters.keyfile) if parameters.keyfile else None,
        known_hosts=Path(parameters.known_hosts) if parameters.known_hosts else None,
        check=check.value,
        methods=parameters.sshauth,
        ask=None if parameters.no_tty or credentials is None else _asking(uri, credentials),
        config=config,
    )


def _asking(uri: URI, credentials: Credentials) -> Ask:
    """Return what asks `credentials` as SSH asks."""

    async def ask(prompt: str, echo: bool) -> str | None:  # noqa: FBT001 - as `Ask`
        kind = CredentialKind.ECHOPROMPT if echo else CredentialKind.PASSPHRASE
        host = uri.host or "localhost"
        answer = await credentials(CredentialRequest(kind, "ssh", host, prompt))
        return answer.reveal() if isinstance(answer, Secret) else answer

    return ask


async def _reach(
    connection: SSHConnection, uri: URI, parameters: Parameters, *, readonly: bool
) -> socket.socket:
    paths = _paths(uri, parameters, readonly=readonly)
    session = uri.path == "/session" and parameters.socket is None and connection.user != "root"
    if parameters.proxy is Proxy.AUTO and not session:
        for path in paths:
            try:
                return await connection.open_unix(path)
            except ResourceUnavailable:
                continue  # the shell finds out why
    script = remote_script(
        uri, parameters, paths=() if session else paths, session=session, readonly=readonly
    )
    try:
        return await connection.open_command(f"sh -c {shlex.quote(script)}", MARKER)
    except ProcessFailed as error:
        raise _failure(error, connection, paths) from error


def _paths(uri: URI, parameters: Parameters, *, readonly: bool) -> tuple[str, ...]:
    """Return the remote sockets to try, in their order; modular daemons' first."""
    if parameters.socket is not None:
        return (parameters.socket,)
    names = socket_names(uri.driver, parameters.mode, readonly=readonly)
    paths = [SYSTEM_FOLDER / name for name in names]
    if own := own_socket(uri, parameters, SYSTEM_FOLDER, readonly=readonly):
        paths.append(own)
    return tuple(map(str, paths))


_FIND = """\
found=
for path in {paths}; do
  if [ -S "$path" ]; then found=$path; break; fi
done
[ -n "$found" ] || exit {absent}
[ -r "$found" ] && [ -w "$found" ] || {{ printf '%s\\n' "$found" >&2; exit {forbidden}; }}
"""

_FIND_SESSION = """\
base=${{XDG_RUNTIME_DIR:-${{XDG_CACHE_HOME:-$HOME/.cache}}}}
found=$base/libvirt/{name}
if [ ! -S "$found" ] && [ -S "$base/aiovirt/aiovirt-sock" ]; then
  found=$base/aiovirt/aiovirt-sock
fi
"""

# libvirt's helper knows libvirt's sockets only.
_HELPER = """\
for helper in virt-ssh-helper aiovirt-ssh-helper; do
  case $helper:$found in virt-ssh-helper:*/aiovirt/*) continue;; esac
  if command -v $helper >/dev/null 2>&1; then
    printf '%s\\n' {marker}
    exec $helper {words}
  fi
done
"""

_NETCAT = """\
command -v {netcat} >/dev/null 2>&1 || exit {no_program}
printf '%s\\n' {marker}
exec {netcat} -U "$found"
"""


def remote_script(
    uri: URI,
    parameters: Parameters,
    *,
    paths: Sequence[str],
    session: bool,
    readonly: bool,
) -> str:
    """Return what the remote POSIX shell runs; every word of the URI is quoted in it."""
    marker = shlex.quote(MARKER.decode().strip())
    if session:
        name = "libvirt-sock" if parameters.mode is not Mode.DIRECT else f"virt{uri.driver}d-sock"
        script = _FIND_SESSION.format(name=shlex.quote(name))
    else:
        quoted = " ".join(shlex.quote(path) for path in paths)
        script = _FIND.format(paths=quoted, absent=ABSENT, forbidden=FORBIDDEN)
    # The helper finds sockets by itself and takes no word of ours about them (libvirt 9.0).
    chosen = parameters.socket is not None or parameters.mode is not Mode.AUTO
    if parameters.proxy is Proxy.NATIVE or (parameters.proxy is Proxy.AUTO and not chosen):
        words = ["-r"] * readonly + [remote_name(uri)]
        script += _HELPER.format(marker=marker, words=shlex.join(words))
    if parameters.proxy is Proxy.NATIVE:
        return script + f"exit {NO_PROGRAM}\n"
    netcat = shlex.quote(parameters.netcat or "nc")
    return script + _NETCAT.format(netcat=netcat, marker=marker, no_program=NO_PROGRAM)


def _failure(error: ProcessFailed, connection: SSHConnection, paths: Sequence[str]) -> AiovirtError:
    """Say why the remote shell did not get us to the daemon."""
    where, sockets = connection.where, " or ".join(paths)
    if error.status == ABSENT:
        return NotFound(
            f"no libvirt daemon runs on {where}: there is no socket {sockets}",
            hint="start it there: systemctl start libvirtd.socket (or virtqemud.socket)",
        )
    if error.status == FORBIDDEN:
        return PermissionDenied(
            f"{where} may not use the daemon's socket {error.stderr or sockets}",
            hint=f"add {connection.user} to the group libvirt there, and connect anew",
        )
    if error.status == NO_PROGRAM:
        return NotFound(
            f"{where} lets nobody through to {sockets}: it forwards no Unix sockets, and has "
            "neither virt-ssh-helper nor netcat",
            hint="install libvirt's clients or netcat-openbsd there, or set "
            "AllowStreamLocalForwarding yes in its sshd_config",
        )
    return ResourceUnavailable(
        f"the way to the daemon on {where} could not be opened: {error.stderr or error}",
        hint="does the account have a shell there? try: ssh HOST virsh uri",
    )
