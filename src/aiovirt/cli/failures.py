"""What is said and returned when a command does not succeed: one sentence, a hint, a status.

Errors are told apart by class alone. Nothing here knows a verb.
"""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path
from types import TracebackType
from typing import Self

from aiovirt.cli.colours import Colour, paint
from aiovirt.cli.standard import OutputGone
from aiovirt.errors import AiovirtError, Unsupported

__all__ = [
    "ChecksFailed",
    "DeadlinePassed",
    "Failure",
    "GivenUp",
    "Guard",
    "Interrupted",
    "ProgramFailed",
    "UsageError",
    "explain",
    "naming",
    "one_line",
    "tell",
]

FAILED = 1
USAGE = 2
SIGNALLED = 128


class UsageError(Exception):
    """The command line is wrong in a way that its grammar does not see."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ChecksFailed(AiovirtError):
    """Something that was looked at is not as it must be."""


class DeadlinePassed(AiovirtError):
    """The command did not finish within its ``--timeout``."""


class GivenUp(AiovirtError):
    """The user decided against it."""


class Interrupted(Exception):
    """A signal asked the command to stop, and it has stopped.

    Attributes:
        number: The signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.strsignal(number))
        self.number = number


class ProgramFailed(Exception):
    """A program that was run in a guest has not succeeded; it has said itself why.

    Attributes:
        status: Its exit status, if it has one.
        number: The signal that has ended it, if one has.
    """

    def __init__(self, status: int | None, number: int | None) -> None:
        super().__init__(f"status {status}, signal {number}")
        self.status = status
        self.number = number


@dataclass(frozen=True, slots=True)
class Failure:
    """How a command ended.

    Attributes:
        status: The exit status.
        text: What to say, or None to end without a word.
        hint: What may be done about it.
    """

    status: int
    text: str | None = None
    hint: str | None = None


@singledispatch
def explain(error: BaseException) -> Failure:
    """What to say of an error, and the exit status; for one nobody foresaw, that it is ours."""
    return Failure(
        FAILED,
        f"internal error: {type(error).__name__}: {error}",
        "this is a fault of aiovirt: please report it with the output of --debug",
    )


@explain.register
def _(error: AiovirtError) -> Failure:
    return Failure(FAILED, str(error), error.hint)


@explain.register
def _(error: Unsupported) -> Failure:
    return Failure(FAILED, str(error), error.hint or "aiovirt uri shows which host was asked")


@explain.register
def _(error: UsageError) -> Failure:
    return Failure(USAGE, str(error), error.hint)


@explain.register
def _(error: OSError) -> Failure:
    where = f"{error.filename}: " if error.filename else ""
    return Failure(FAILED, f"{where}{error.strerror or error}")


@explain.register
def _(error: BaseExceptionGroup) -> Failure:
    leaves = _leaves(error)
    first = explain(leaves[0])
    more = f" (and {len(leaves) - 1} more errors)" if len(leaves) > 1 else ""
    return Failure(first.status, f"{first.text}{more}", first.hint)


@explain.register
def _(error: Interrupted) -> Failure:
    return Failure(SIGNALLED + error.number)


@explain.register
def _(error: ProgramFailed) -> Failure:
    return Failure(error.status if error.status is not None else SIGNALLED + (error.number or 0))


@explain.register
def _(_error: KeyboardInterrupt) -> Failure:
    return Failure(SIGNALLED + signal.SIGINT)


@explain.register
def _(_error: OutputGone) -> Failure:
    return Failure(SIGNALLED + signal.SIGPIPE)


def _leaves(error: BaseException) -> list[BaseException]:
    """The errors in a group, those of its groups included."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for part in error.exceptions for leaf in _leaves(part)]


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """A block that works on a file of the user's: its errors name that one, and no other."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


class Guard:
    """A block whose errors are told to the user; afterwards `status` is the exit status.

    Args:
        debug: Show tracebacks too.
    """

    def __init__(self, *, debug: bool) -> None:
        self.status = 0
        self._debug = debug

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Tell the error in a sentence and take it; `SystemExit` passes."""
        if error is None or isinstance(error, SystemExit):
            return False
        failure = explain(error)
        self.status = failure.status
        if self._debug:
            traceback.print_exception(error)
        tell(failure)
        return True


def tell(failure: Failure) -> None:
    """Write the sentence and the hint to standard error."""
    if failure.text is not None:
        label = paint("error:", Colour.RED, sys.stderr)
        sys.stderr.write(f"{label} {one_line(failure.text)}\n")
    if failure.hint is not None:
        sys.stderr.write(f"{paint('hint:', Colour.CYAN, sys.stderr)} {one_line(failure.hint)}\n")


def one_line(text: str) -> str:
    """A text of a peer may have line ends and worse: an error is one line, for any terminal."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
