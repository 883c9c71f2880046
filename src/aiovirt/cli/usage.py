"""What is wrong with a command line, in our words: errors of cyclopts enter here, and only here."""

from __future__ import annotations

from difflib import get_close_matches
from functools import singledispatch

from cyclopts import CycloptsError, MissingArgumentError, UnknownCommandError, UnusedCliTokensError

from aiovirt.cli.failures import UsageError

__all__ = ["usage_error"]


@singledispatch
def usage_error(error: CycloptsError) -> UsageError:
    """What to say of an error of cyclopts, by its class."""
    error.verbose = False
    return UsageError(str(error), hint=_help_of(error))


@usage_error.register
def _(error: MissingArgumentError) -> UsageError:
    name = error.argument.name if error.argument else "argument"
    return UsageError(f"{name.lstrip('-').upper()} is missing", hint=_help_of(error))


@usage_error.register
def _(error: UnusedCliTokensError) -> UsageError:
    unused = " ".join(map(repr, error.unused_tokens or ()))
    return UsageError(f"unexpected on the command line: {unused}", hint=_help_of(error))


@usage_error.register
def _(error: UnknownCommandError) -> UsageError:
    name = (error.unused_tokens or ("",))[0]
    near = get_close_matches(name, error.app or (), n=1)
    hint = f"did you mean {near[0]}?" if near else "aiovirt help lists the verbs"
    return UsageError(f"there is no verb {name!r}", hint=hint)


def _help_of(error: CycloptsError) -> str:
    """Where to read more about the verb that the line is about."""
    return " ".join(["see aiovirt", *(error.command_chain or ()), "--help"])
