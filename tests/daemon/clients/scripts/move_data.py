"""Streams of libvirt-python: volumes up and down in each of its ways, a screenshot, as JSON.

Run by the system's Python: URI of a host, name of a pool that is active, name of a guest.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import libvirt  # type: ignore[import-not-found, unused-ignore]  # the system's package

SIZE = 3 << 20
DATA = bytes(range(256)) * (SIZE // 256)
CHUNK = 200_001
HOLEY = 3 << 20
VOLUME = (
    "<volume><name>{}</name><capacity>{}</capacity><allocation>0</allocation>"
    "<target><format type='raw'/></target></volume>"
)


def upload(host: Any, volume: Any) -> None:  # noqa: ANN401 - has no types
    """Send by a callback that gives piece by piece."""
    left = memoryview(DATA)

    def give(_stream: object, size: int, _opaque: object) -> bytes:
        nonlocal left
        piece, left = left[:size], left[size:]
        return bytes(piece)

    stream = host.newStream()
    volume.upload(stream, 0, len(DATA), 0)
    stream.sendAll(give, None)
    stream.finish()


def download(host: Any, volume: Any, offset: int, size: int) -> bytes:  # noqa: ANN401 - has no types
    """Receive by hand, in pieces of an odd size."""
    stream = host.newStream()
    volume.download(stream, offset, size, 0)
    pieces = []
    while piece := stream.recv(CHUNK):
        pieces.append(piece)
    stream.finish()
    return b"".join(pieces)


def download_sparse(host: Any, volume: Any) -> tuple[bytes, int]:  # noqa: ANN401 - has no types
    """Receive with holes told apart; the data, and how many bytes were told as holes."""
    pieces: list[bytes] = []
    told = 0

    def hole(_stream: object, length: int, _opaque: object) -> None:
        nonlocal told
        told += length
        pieces.append(bytes(length))

    def data(_stream: object, piece: bytes, _opaque: object) -> int:
        pieces.append(piece)
        return len(piece)

    stream = host.newStream()
    volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
    stream.sparseRecvAll(data, hole, None)
    stream.finish()
    return b"".join(pieces), told


def received_on_the_loop(host: Any, volume: Any) -> bytes:  # noqa: ANN401 - has no types
    """Receive without blocking, when the event loop says that there is something."""
    pieces: list[bytes] = []
    done = False

    def ready(stream: Any, _events: int, _opaque: object) -> None:  # noqa: ANN401 - has no types
        nonlocal done
        piece = stream.recv(CHUNK)
        if piece == -2:  # nothing yet
            return
        pieces.append(piece)
        if not piece:
            done = True
            stream.eventRemoveCallback()
            stream.finish()

    stream = host.newStream(libvirt.VIR_STREAM_NONBLOCK)
    volume.download(stream, 0, 0, 0)
    stream.eventAddCallback(libvirt.VIR_STREAM_EVENT_READABLE, ready, None)
    while not done:
        libvirt.virEventRunDefaultImpl()
    return b"".join(pieces)


def aborted(host: Any, volume: Any) -> bool:  # noqa: ANN401 - has no types
    """Give a download up in the middle; the connection goes on."""
    stream = host.newStream()
    volume.download(stream, 0, 0, 0)
    stream.recv(CHUNK)
    stream.abort()
    return bool(host.isAlive() and host.getHostname())


def screenshot(host: Any, name: str) -> list[object]:  # noqa: ANN401 - has no types
    """Take a picture of a guest's screen: its type, whether it has content."""
    stream = host.newStream()
    kind = host.lookupByName(name).screenshot(stream, 0)
    size = 0
    while piece := stream.recv(CHUNK):
        size += len(piece)
    stream.finish()
    return [kind, size > 0]


def main() -> None:
    """Move, and print."""
    libvirt.virEventRegisterDefaultImpl()
    host = libvirt.open(sys.argv[1])
    pool = host.storagePoolLookupByName(sys.argv[2])
    full = pool.createXML(VOLUME.format("full", SIZE))
    holey = pool.createXML(VOLUME.format("holey", HOLEY))
    upload(host, full)
    stream = host.newStream()
    holey.upload(stream, 0, 5, 0)
    stream.send(b"begin")
    stream.finish()
    sparse, told = download_sparse(host, holey)
    answers = {
        "whole": download(host, full, 0, 0) == DATA,
        "part": download(host, full, 1000, 2000) == DATA[1000:3000],
        "on the loop": received_on_the_loop(host, full) == DATA,
        "sparse": sparse == b"begin" + bytes(HOLEY - 5),
        "holes": told > 0,
        "aborted": aborted(host, full),
        "screen": screenshot(host, sys.argv[3]) if len(sys.argv) > 3 else None,
    }
    full.delete()
    holey.delete()
    host.close()
    json.dump(answers, sys.stdout)


main()
