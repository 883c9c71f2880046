"""Receiving from a Unix socket together with the file descriptors that come along."""

from __future__ import annotations

import socket

__all__ = ["MAX_DESCRIPTORS", "receive_some"]

MAX_DESCRIPTORS = 253
"""How many descriptors travel with one message at most (SCM_MAX_FD, unix(7))."""

_SPACE = socket.CMSG_SPACE(MAX_DESCRIPTORS * 4)


def receive_some(sock: socket.socket, max_bytes: int) -> tuple[bytes, list[int]]:
    """Return what has come, and the descriptors that came along, which are the caller's then.

    Raises:
        OSError: As `socket.recvmsg`.
    """
    data, ancillary, _flags, _address = sock.recvmsg(max_bytes, _SPACE, socket.MSG_CMSG_CLOEXEC)
    descriptors: list[int] = []
    for level, kind, payload in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            whole = payload[: len(payload) - len(payload) % 4]
            descriptors += memoryview(whole).cast("i").tolist()
    return data, descriptors
