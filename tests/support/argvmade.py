"""What command lines of libvirt's inputs want of a host, made in a folder: so that QEMU runs them.

Images of nothing, sockets that somebody listens at, terminals, certificates, files and folders.
"""

from __future__ import annotations

import itertools
import json
import os
import pty
import re
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import anyio
from certificates import Authority
from ports import reserved_port

from aiovirt.drivers.qemu.engine.images import qemu_img

__all__ = ["Made", "certificates"]

SIZE: Final = 1 << 20
LARGE: Final = 1 << 28
PASSWORD: Final = "secret"
TABLE: Final = b"SLIC" + (36).to_bytes(4, "little") + bytes(28)
"""An ACPI table that is nothing but its head."""

_LOCAL: Final = ("file", "host_device", "host_cdrom", "vvfat")
_FORMATS: Final = (
    *("qcow", "qcow2", "qed", "vmdk", "vdi", "vpc", "vhdx", "parallels", "dmg", "bochs", "cloop"),
)
_DAEMON: Final = "qemu-storage-daemon"
_BUS: Final = "dbus-daemon"
_SWTPM: Final = "swtpm"
_VIRTIOFSD: Final = "/usr/lib/qemu/virtiofsd"
_SHARED: Final = "charshmem"
"""The ends of those who want a server of shared memory."""
START_S: Final = 10


def certificates(folder: Path) -> Path:
    """A folder of certificates as QEMU wants it, good for a server and for a client."""
    authority = Authority(folder / "authority")
    found = folder / "pki"
    found.mkdir()
    (found / "ca-cert.pem").write_bytes(authority.certificate.read_bytes())
    signed = authority.sign("guest", hosts=("127.0.0.1", "test-hostname"))
    for side in ("server", "client"):
        (found / f"{side}-cert.pem").write_bytes(signed.certificate.read_bytes())
        (found / f"{side}-key.pem").write_bytes(signed.key.read_bytes())
    return found


class Made:
    """The words of one command line, with what is made in place of what they name.

    Args:
        words: The words, with the program.
        folder: Where all is made.
        pki: A folder of certificates.
        stack: Ends what was opened and started.
    """

    def __init__(self, words: Sequence[str], folder: Path, pki: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._pki = pki
        self._stack = stack
        self._encrypted = _encrypted(words)
        self.words = list(self._all(words))

    def _all(self, words: Sequence[str]) -> Iterator[str]:
        yield words[0]
        option = ""
        for word, following in zip(words[1:], (*words[2:], ""), strict=True):
            if "charmonitor" in word or (
                word in {"-mon", "-chardev"} and "charmonitor" in following
            ):
                continue
            make = _MAKERS.get(option)
            made = word if make is None else make(self, word)
            yield made.replace("/run/guest", str(self._folder))
            option = word

    def block(self, word: str) -> str:
        """A block node: of nothing, but for encrypted images, which are made."""
        said: dict[str, Any] = json.loads(word)
        said.pop("aio", None)
        name = str(said["node-name"])
        if said["driver"] == "nbd":
            return json.dumps(self._nbd(said))
        if name in self._encrypted and said["driver"] in _LOCAL:
            said["filename"] = str(self._image(name, *self._encrypted[name]))
        elif said["driver"] in _LOCAL:
            said = {"driver": "null-co", "size": SIZE, "node-name": name}
        elif said["driver"] in _FORMATS and not _key_of(said):
            said["driver"] = "raw"
            for key in ("cache-size", "backing"):
                said.pop(key, None)
        return json.dumps(said)

    def _nbd(self, said: dict[str, Any]) -> dict[str, Any]:
        """A node on a server of ours, with certificates where the input has them."""
        port = self._stack.enter_context(reserved_port())
        server = f"addr.type=inet,addr.host=127.0.0.1,addr.port={port}"
        command = ["--blockdev", f"null-co,node-name=n,size={SIZE}"]
        if "tls-creds" in said:
            made = f"tls-creds-x509,id=t,endpoint=server,dir={self._pki},verify-peer=on"
            command += ["--object", made]
            server += ",tls-creds=t"
        export = f"nbd,id=e,node-name=n,name={said.get('export', '')},writable=on"
        self._storage(*command, "--nbd-server", server, "--export", export)
        return {**said, "server": {"type": "inet", "host": "127.0.0.1", "port": str(port)}}

    def _image(self, name: str, kind: str, options: str, secret: str) -> Path:
        path = self._folder / f"{name}.img"
        (self._folder / secret).write_text(PASSWORD)
        words = ["create", "-q", "-f", kind, "-o", options]
        words += ["--object", f"secret,id=s,data={PASSWORD}", str(path), str(SIZE)]
        anyio.run(qemu_img, *words)
        return path

    def object(self, word: str) -> str:
        """An object: its certificates, its file of memory, its secret."""
        if not word.startswith("{"):
            return word
        said: dict[str, Any] = json.loads(word)
        if "dir" in said:
            said["dir"] = str(self._pki)
        if said["qom-type"] == "secret":
            (self._folder / said["id"]).write_text(PASSWORD)
        if said.get("size", 0) > LARGE:
            said.pop("prealloc", None)  # the host need not have it, nor write it
        path = said.get("mem-path", "")
        if path and not path.startswith("/run/guest"):
            said["mem-path"] = str(self._folder / Path(path).name)
        return json.dumps(said)

    def chardev(self, word: str) -> str:
        """The host's end of a character device."""
        kind, _, rest = word.partition(",")
        options: dict[str, str] = {}
        for part in re.split(r"(?<!,),(?!,)", rest):
            key, _, options[key] = part.partition("=")
        path = options.get("path", "")
        server = "server=on" in rest
        if kind == "socket" and options.get("host"):
            return word if server else self._with_port(word)
        if kind == "serial" and path.startswith("/dev/tty"):
            return word.replace(path, self._terminal())
        if not path or path.startswith("/dev/"):
            return word
        name = options.get("id", "")
        # each device of vhost-user has a server of its own, whatever the input says
        own = self._folder / (f"{name}.sock" if name.startswith("chr-vu-") else Path(path).name)
        if kind == "socket" and not server and not name.startswith(_SHARED):
            self._served(name, own)
        elif kind == "pipe":
            os.mkfifo(own)
        return word.replace(path, str(own))

    def _with_port(self, word: str) -> str:
        listener = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listener.getsockname()[1]
        return re.sub(r"host=[^,]*,port=\d+", f"host=127.0.0.1,port={port}", word)

    def _terminal(self) -> str:
        ours, theirs = pty.openpty()
        for end in (ours, theirs):
            self._stack.callback(os.close, end)
        return os.ttyname(theirs)

    def _served(self, name: str, path: Path) -> None:
        """Have somebody listen at a path who speaks what the device wants to hear."""
        if path.exists():
            return
        if name.startswith("chr-vu-virtio-disk"):
            export = f"vhost-user-blk,id=e,node-name=n,addr.type=unix,addr.path={path}"
            self._storage("--blockdev", "null-co,node-name=n", "--export", export)
        elif name.startswith("chrtpm"):
            state = self._folder / f"{name}-state"
            state.mkdir()
            made = ("--tpmstate", f"dir={state}", "--ctrl", f"type=unixio,path={path}")
            self._beside(path, _SWTPM, "socket", "--tpm2", *made)
        elif name.startswith("chr-vu-fs"):
            self._beside(path, _VIRTIOFSD, f"--socket-path={path}", "-o", f"source={self._folder}")
        else:
            listener = self._stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(path))
            listener.listen()

    def _storage(self, *options: str) -> None:
        ready = self._folder / f"storage-{len(list(self._folder.iterdir()))}.pid"
        self._beside(ready, _DAEMON, *options, "--pidfile", str(ready))

    def _beside(self, ready: Path, *command: str) -> None:
        """Run a program until the end; it is ready when there is a file."""
        process = self._stack.enter_context(
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        self._stack.callback(process.kill)
        waiting = [
            "timeout",
            str(START_S),
            "sh",
            "-c",
            f"until test -e {ready}; do sleep 0.05; done",
        ]
        subprocess.run(waiting, check=True)

    def shared(self, word: str) -> str:
        """A folder that is shared with the guest."""
        return re.sub(r"path=[^,]*", f"path={self._folder}", word)

    def table(self, word: str) -> str:
        """A table of ACPI."""
        path = self._folder / "table"
        path.write_bytes(TABLE)
        return re.sub(r"file=[^,]*", f"file={path}", word)

    def file(self, word: str) -> str:
        """A file that the firmware hands over."""
        path = self._folder / "file"
        path.write_bytes(b"words")
        return re.sub(r"file=[^,]*", f"file={path}", word)

    def display(self, word: str) -> str:
        """A display: with certificates and sockets of ours, at an address that we have."""
        bus = re.match(r"dbus,addr=unix:path=([^,]*)", word)
        if bus is not None:
            own = self._folder / "bus.sock"
            self._beside(own, _BUS, "--session", "--nofork", f"--address=unix:path={own}")
            return word.replace(bus[1], str(own))
        word = re.sub(r"x509-dir=[^,]*", f"x509-dir={self._pki}", word)
        word = re.sub(r"unix:(?!path)[^,]*/", f"unix:{self._folder}/", word)
        return re.sub(r"\[2001:[^]]*\]", "[::1]", word)


_MAKERS: Final[dict[str, Callable[[Made, str], str]]] = {
    "-blockdev": Made.block,
    "-object": Made.object,
    "-chardev": Made.chardev,
    "-fsdev": Made.shared,
    "-acpitable": Made.table,
    "-fw_cfg": Made.file,
    "-vnc": Made.display,
    "-spice": Made.display,
    "-display": Made.display,
}


def _key_of(said: dict[str, Any]) -> str | None:
    key = said.get("key-secret") or said.get("encrypt", {}).get("key-secret")
    return None if key is None else str(key)


def _encrypted(words: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """The nodes below encrypted images: of what format these are, how made, with which secret."""
    found = {}
    for option, word in itertools.pairwise(words):
        if option != "-blockdev":
            continue
        said = json.loads(word)
        key = _key_of(said)
        if key is not None and isinstance(said.get("file"), str):
            inner = said.get("encrypt", {}).get("format")
            prefix = "encrypt." if inner else ""
            options = f"{prefix}key-secret=s,{prefix}iter-time=10"
            options += f",encrypt.format={inner}" if inner else ""
            found[said["file"]] = (said["driver"], options, key)
    return found
