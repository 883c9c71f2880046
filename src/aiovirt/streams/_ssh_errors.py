"""What asyncssh's errors mean, and what may be done: they become aiovirt's here and only here."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import asyncssh

from aiovirt.errors import (
    AiovirtError,
    AuthenticationFailed,
    ConfigError,
    ConnectionLost,
    NotFound,
    ProtocolError,
    RemoteError,
    ResourceUnavailable,
    Unresponsive,
)
from aiovirt.streams._ssh_hosts import HostKeys

__all__ = ["reasons"]


@contextmanager
def reasons(
    where: str, hosts: HostKeys | None = None, tried: str = ""
) -> Generator[None, None, None]:
    """Turn errors of asyncssh about the server `where` into aiovirt's.

    Args:
        where: The server, for messages.
        hosts: What is known of host keys, while we log in.
        tried: By which ways we try to log in.
    """
    try:
        yield
    except asyncssh.HostKeyNotVerifiable as error:
        if hosts is None:
            raise _plain(error, where) from error
        raise hosts.refusal() from error
    except asyncssh.KeyExchangeFailed as error:
        if hosts is not None and hosts.known and "host key" in error.reason:
            raise hosts.changed() from error
        raise _plain(error, where) from error
    except asyncssh.PermissionDenied as error:
        raise AuthenticationFailed(
            f"{where} does not let us in; we tried {tried}",
            hint="is the user right, and is a key of ours in its ~/.ssh/authorized_keys? "
            "ssh-copy-id puts it there; ssh -v shows what the server allows",
        ) from error
    except asyncssh.Error as error:
        raise _plain(error, where) from error
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise ConfigError(
            f"a private key for {where} cannot be used: {error}",
            field="keyfile",
            hint="a key that is locked by a passphrase belongs into the agent: ssh-add FILE",
        ) from error
    except asyncssh.ConfigParseError as error:
        raise ConfigError(f"the configuration of ssh is wrong: {error}", field="config") from error
    except TimeoutError as error:
        raise Unresponsive(f"{where} does not answer in time") from error
    except FileNotFoundError as error:
        raise NotFound(
            f"the file {error.filename}, for {where}, is missing",
            hint="is its path right? ssh-keygen makes a key",
        ) from error
    except ConnectionError as error:
        raise _ended(where, str(error)) from error
    except OSError as error:
        raise ResourceUnavailable(f"{where} cannot be reached: {error}") from error


def _plain(error: asyncssh.Error, where: str) -> AiovirtError:
    if isinstance(error, asyncssh.ConnectionLost):
        return _ended(where, error.reason)
    if isinstance(error, asyncssh.ChannelOpenError):
        return ResourceUnavailable(
            f"{where} cannot be reached by the host in between: {error.reason}",
            hint="can the ProxyJump host reach it?",
        )
    if isinstance(error, (asyncssh.ProtocolError, asyncssh.ProtocolNotSupported)):
        return ProtocolError(f"{where} does not speak SSH as it should: {error.reason}")
    return RemoteError(f"{where} refused the SSH connection: {error.reason}")


def _ended(where: str, reason: str) -> ConnectionLost:
    return ConnectionLost(
        f"{where} ended the connection: {reason}",
        maybe_done=False,
        hint="does an SSH server listen on that port, and does it take more connections?",
    )
