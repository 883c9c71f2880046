"""A record of the log as a line of text for people, or as an object of JSON for programs."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime

from aiovirt.errors import AiovirtError

__all__ = ["FORMS", "JsonForm", "TextForm", "part_of"]

PACKAGE = "aiovirt."


def part_of(logger: str) -> str:
    """The name of a part of the daemon, by its logger's: without the package's."""
    return logger.removeprefix(PACKAGE)


class TextForm(logging.Formatter):
    """``2026-05-01 12:00:00.123 WARNING qemu: text``; a record is one line."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)s %(part)s: %(message)s")
        self.datefmt = "%Y-%m-%d %H:%M:%S"
        self.converter = time.localtime

    def format(self, record: logging.LogRecord) -> str:
        """The line; a traceback follows on lines of its own, indented."""
        record.part = part_of(record.name)
        return super().format(record).replace("\n", "\n    ")


class JsonForm(logging.Formatter):
    """An object a line: time, level, part, message; and what an audit record or an error has."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        made = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, object] = {
            "time": made.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": part_of(record.name),
        }
        audit = getattr(record, "audit", None)
        if isinstance(audit, dict):
            return json.dumps(told | audit)
        told["message"] = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            told["error"] = type(error).__name__
            told["traceback"] = self.formatException(record.exc_info)
            if isinstance(error, AiovirtError) and error.hint:
                told["hint"] = error.hint
        return json.dumps(told)


FORMS = {"text": TextForm, "json": JsonForm}
