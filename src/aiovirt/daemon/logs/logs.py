"""What is logged now and where it goes; a change is made whole, or refused and nothing changes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from aiovirt.daemon.access.audit import AUDIT_LOGGER
from aiovirt.daemon.logs.forms import part_of
from aiovirt.daemon.logs.outputs import JOURNAL, check_output, open_output
from aiovirt.daemon.logs.words import Filter, Output, read_filters, read_outputs, words_of
from aiovirt.daemon.settings import LogSettings

__all__ = ["Logs", "check_outputs", "opened_logs"]

PACKAGE = "aiovirt"

_AUDIT_FILE = "logging.audit_file"

_LEVELS = {name.lower(): getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR")}


class Logs:
    """The log of this process. `apply` before use, `close` after it.

    Records of the package itself, and of others from warnings on, are written.
    """

    def __init__(self) -> None:
        self._settings = LogSettings()
        self._filters: tuple[Filter, ...] = ()
        self._outputs: tuple[Output, ...] = ()
        self._handlers: list[logging.Handler] = []
        self._audit: logging.Handler | None = None
        self._sieve = _Sieve(logging.INFO, ())

    def apply(self, settings: LogSettings) -> None:
        """Log as the settings say.

        Raises:
            ConfigError: They are wrong, or a file cannot be opened: then nothing has changed.
        """
        filters = read_filters(settings.filters)
        outputs = read_outputs(settings.outputs) or _default_outputs()
        with ExitStack() as undo:
            handlers = _opened(outputs, settings.format, undo)
            audit = None if settings.audit_file is None else _open_audit(settings.audit_file)
            undo.pop_all()
        self._settings = settings
        self._filter(filters)
        self._replace(outputs, handlers)
        self._replace_audit(audit)

    @property
    def filters(self) -> str:
        """The filters that hold."""
        return words_of(self._filters)

    @property
    def outputs(self) -> str:
        """The outputs that are open."""
        return words_of(self._outputs)

    def set_filters(self, text: str | None) -> None:
        """Change the filters; None or an empty text for none.

        Raises:
            ConfigError: One is wrong; the old ones go on.
        """
        self._filter(read_filters(text or ""))

    def set_outputs(self, text: str | None) -> None:
        """Change the outputs; None or an empty text for the default.

        Raises:
            ConfigError: One is wrong or cannot be opened; the old ones go on.
        """
        outputs = read_outputs(text or "") or _default_outputs()
        with ExitStack() as undo:
            handlers = _opened(outputs, self._settings.format, undo)
            undo.pop_all()
        self._replace(outputs, handlers)

    def close(self) -> None:
        """Write nothing any more, and close the files."""
        self._replace((), [])
        self._replace_audit(None)
        logging.getLogger(PACKAGE).setLevel(logging.NOTSET)

    def _filter(self, filters: tuple[Filter, ...]) -> None:
        level = _LEVELS[self._settings.level]
        self._filters = filters
        self._sieve = _Sieve(level, filters)
        # Below the least of all levels a record is not even made.
        logging.getLogger(PACKAGE).setLevel(min(level, *(one.level for one in filters), level))
        for handler in self._handlers:
            handler.filters[:] = [self._sieve]

    def _replace(self, outputs: tuple[Output, ...], handlers: list[logging.Handler]) -> None:
        root = logging.getLogger()
        for handler in handlers:
            handler.addFilter(self._sieve)
            root.addHandler(handler)
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()
        self._outputs, self._handlers = outputs, handlers

    def _replace_audit(self, handler: logging.Handler | None) -> None:
        logger = logging.getLogger(AUDIT_LOGGER)
        logger.propagate = handler is None
        logger.setLevel(logging.INFO)
        if handler is not None:
            logger.addHandler(handler)
        if self._audit is not None:
            logger.removeHandler(self._audit)
            self._audit.close()
        self._audit = handler


class _Sieve(logging.Filter):
    """Lets records through from the level on that holds for their part."""

    def __init__(self, level: int, filters: Sequence[Filter]) -> None:
        super().__init__()
        self._level = level
        self._filters = filters
        self._known: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        least = self._known.get(record.name)
        if least is None:
            least = self._known[record.name] = self._least(record.name)
        return record.levelno >= least

    def _least(self, logger: str) -> int:
        part = part_of(logger)
        for one in self._filters:
            if one.name in part:
                return one.level
        ours = logger.startswith(PACKAGE)
        # Records of changes are no matter of taste: only a filter of their own leaves them out.
        return (
            min(self._level, logging.INFO) if logger == AUDIT_LOGGER else self._level if ours else 0
        )


def _default_outputs() -> tuple[Output, ...]:
    """The journal under systemd, else standard error."""
    kind = "journald" if "JOURNAL_STREAM" in os.environ and Path(JOURNAL).exists() else "stderr"
    return (Output(logging.DEBUG, kind),)


def _opened(outputs: Iterable[Output], form: str, undo: ExitStack) -> list[logging.Handler]:
    """Open all of them; those that are open by then are closed when one cannot be."""
    handlers: list[logging.Handler] = []
    for output in outputs:
        handlers.append(open_output(output, form))
        undo.callback(handlers[-1].close)
    return handlers


def _open_audit(path: Path) -> logging.Handler:
    return open_output(_audit_output(path), "json", field=_AUDIT_FILE)


def check_outputs(settings: LogSettings) -> None:
    """Look whether all that the settings name could be written, without making it.

    Raises:
        ConfigError: Something could not.
    """
    read_filters(settings.filters)
    for output in read_outputs(settings.outputs):
        check_output(output)
    if settings.audit_file is not None:
        check_output(_audit_output(settings.audit_file), field=_AUDIT_FILE)


def _audit_output(path: Path) -> Output:
    return Output(logging.DEBUG, "file", str(path))


@contextmanager
def opened_logs(settings: LogSettings) -> Iterator[Logs]:
    """Log for the length of the block.

    Raises:
        ConfigError: The settings are wrong.
    """
    logs = Logs()
    logs.apply(settings)
    try:
        yield logs
    finally:
        logs.close()
