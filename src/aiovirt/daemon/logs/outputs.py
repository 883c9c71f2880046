"""What writes records: standard error, a file, the journal, syslog.

None of them holds up the daemon for the sake of a line: what the journal or syslog does not take
at once is dropped, and counted in the next line that goes through.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from aiovirt.daemon.logs.forms import FORMS, part_of
from aiovirt.daemon.logs.words import Output
from aiovirt.errors import ConfigError

__all__ = ["JOURNAL", "OUTPUTS", "check_output", "open_output"]

OUTPUTS = "logging.outputs"
"""The key that names outputs."""

JOURNAL = "/run/systemd/journal/socket"
SYSLOG = "/dev/log"
_SOCKETS = {"journald": JOURNAL, "syslog": SYSLOG}

LONGEST = 48 * 1024
"""Bytes of one record for the journal or syslog; a datagram has to hold it."""

_SYSLOG_DAEMON = 3 << 3
"""The facility `daemon` of syslog(3)."""


def open_output(output: Output, form: str, *, field: str = OUTPUTS) -> logging.Handler:
    """Open an output that `field` of the settings names.

    Raises:
        ConfigError: The file or the socket cannot be opened; the text says why.
    """
    try:
        handler = _OPENERS[output.kind](output, form)
    except OSError as error:
        where = _SOCKETS.get(output.kind, output.where or output.kind)
        raise _refusal(where, error.strerror or str(error), field) from error
    handler.setLevel(output.level)
    return handler


def check_output(output: Output, *, field: str = OUTPUTS) -> None:
    """Look whether the file of an output could be opened, without making it.

    Raises:
        ConfigError: It could not.
    """
    if output.kind != "file":
        return
    path = Path(output.where)
    if path.is_dir():
        raise _refusal(output.where, "that is a folder", field)
    if path.exists() and not os.access(path, os.W_OK):
        raise _refusal(output.where, "it may not be written", field)
    if not path.parent.is_dir() and not path.parent.parent.is_dir():
        raise _refusal(output.where, f"there is no folder {path.parent.parent}", field)


def _refusal(where: str, why: str, field: str) -> ConfigError:
    return ConfigError(f"the log {where} cannot be opened: {why}", field=field)


class _File(logging.handlers.WatchedFileHandler):
    """A file that only its owner and group may read, for logs tell who did what.

    Its folder is made, and it is opened anew when it was moved away, as logrotate does.
    """

    def _open(self) -> TextIOWrapper:
        path = self.baseFilename
        with suppress(FileExistsError):  # not its parents: a path that is misspelt is told
            Path(path).parent.mkdir(0o750)
        number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return os.fdopen(number, "a", encoding=self.encoding, errors=self.errors)


class _Datagrams(logging.Handler):
    """Sends each record to a socket by name, without ever waiting for it."""

    def __init__(self, path: str, pack: Callable[[logging.LogRecord, str], bytes]) -> None:
        super().__init__()
        self._pack = pack
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._dropped = 0
        self._path = path
        try:
            self._socket.settimeout(0)
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record, or count it as dropped."""
        text = self.format(record)
        if self._dropped:
            text = f"{text} ({self._dropped} records before this one were dropped)"
        if self._send(self._pack(record, text)):
            self._dropped = 0
        else:
            self._dropped += 1

    def _send(self, packet: bytes) -> bool:
        for _ in range(2):
            try:
                self._socket.send(packet)
            except BlockingIOError:
                return False
            except OSError:  # whoever listens was started anew
                self._connect_again()
            else:
                return True
        return False

    def _connect_again(self) -> None:
        try:
            self._socket.connect(self._path)
        except OSError:
            return

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()


def _priority(record: logging.LogRecord) -> int:
    """The level as syslog(3) numbers it."""
    levels = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
    return next((number for level, number in levels if record.levelno >= level), 7)


def _for_journal(record: logging.LogRecord, text: str) -> bytes:
    """The fields of a record in the journal's own protocol (systemd's JOURNAL_NATIVE_PROTOCOL)."""
    return b"".join(_field(key, value) for key, value in _journal_fields(record, text))


def _journal_fields(record: logging.LogRecord, text: str) -> Iterator[tuple[str, str]]:
    yield "MESSAGE", text
    yield "PRIORITY", str(_priority(record))
    yield "SYSLOG_IDENTIFIER", "aiovirtd"
    yield "AIOVIRT_PART", part_of(record.name)
    audit = getattr(record, "audit", None)
    if isinstance(audit, dict):
        for key, value in audit.items():
            yield f"AIOVIRT_{key.upper()}", str(value)


def _field(key: str, value: str) -> bytes:
    data = value.encode(errors="backslashreplace")[:LONGEST]
    return key.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"


def _stderr(_output: Output, form: str) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMS[form]())
    return handler


def _file(output: Output, form: str) -> logging.Handler:
    handler = _File(output.where, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(FORMS[form]())
    return handler


def _journald(_output: Output, _form: str) -> logging.Handler:
    return _Datagrams(JOURNAL, _for_journal)


def _syslog(output: Output, form: str) -> logging.Handler:
    def pack(record: logging.LogRecord, text: str) -> bytes:
        start = f"<{_SYSLOG_DAEMON | _priority(record)}>{output.where}[{os.getpid()}]: "
        return (start + text).encode(errors="backslashreplace")[:LONGEST]

    handler = _Datagrams(SYSLOG, pack)
    handler.setFormatter(FORMS["json"]() if form == "json" else logging.Formatter())
    return handler


_OPENERS: dict[str, Callable[[Output, str], logging.Handler]] = {
    "stderr": _stderr,
    "file": _file,
    "journald": _journald,
    "syslog": _syslog,
}
