"""The program aiovirtd: one command line from its arguments to its exit status.

What is not needed is not loaded: ``--version`` and ``--print-config`` answer at once.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module

from aiovirt.daemon.options import Options, read_options, settings_of
from aiovirt.daemon.places import Places
from aiovirt.daemon.settings import load_settings, print_settings
from aiovirt.errors import AiovirtError, ConfigError

__all__ = ["main"]

FAILED = 1
LAST_STANDARD = 2
LONGEST_PASSWORD = 64 * 1024


def main(tokens: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status; errors are told, not raised."""
    _fill_streams()
    options = read_options(sys.argv[1:] if tokens is None else tokens)
    try:
        return _ACTIONS[options.action](options)
    except AiovirtError as error:
        told: Callable[[AiovirtError], str] = import_module("aiovirt.daemon.checks").told
        sys.stderr.write(f"aiovirtd: {told(error)}\n")
        return FAILED


def _fill_streams() -> None:
    """Put nothing where a standard stream was closed: else a socket would take its number."""
    number = 0
    while number <= LAST_STANDARD:
        number = os.open(os.devnull, os.O_RDWR)
    os.close(number)


def _version(_options: Options) -> int:
    find: Callable[[str], str] = import_module("importlib.metadata").version
    sys.stdout.write(f"aiovirtd {find('aiovirt')}\n")
    return 0


def _print(options: Options) -> int:
    sys.stdout.write(print_settings(load_settings(options.config)))
    return 0


def _check(options: Options) -> int:
    """Look at all that a start would refuse, without starting."""
    settings = settings_of(options)
    checks = import_module("aiovirt.daemon.checks")
    checks.check(settings)
    for doubt in checks.doubts(settings):
        sys.stdout.write(f"{doubt}\n")
    sys.stdout.write("The settings are right.\n")
    return 0


def _import(options: Options) -> int:
    if options.source is None:
        raise ConfigError("there is no folder to import from", field="import")
    settings = settings_of(options)
    importing = import_module("aiovirt.daemon.importing")
    report = importing.import_folder(options.source, settings, Places.of(settings))
    sys.stdout.write(str(report))
    return 0 if report.complete else FAILED


def _sasl(options: Options) -> int:
    """Keep the password of a SASL user."""
    settings, user = settings_of(options), options.user or ""
    path = settings.access.sasl_passwords
    if path is None:
        raise ConfigError(
            "the settings name no file of passwords",
            field="access.sasl_passwords",
            hint='set it in [access], such as sasl_passwords = "/etc/aiovirt/passwords"',
        )
    secret = import_module("aiovirt.model.credentials").Secret(_password(user))
    names = [name for name in settings.access.sasl_mechanisms if name.startswith("SCRAM-")]
    kept = import_module("aiovirt.daemon.access.passwords")
    kept.set_password(path, user, secret, mechanisms=names or (kept.DEFAULT_MECHANISM,))
    sys.stdout.write(f"The user {user} is in {path}.\n")
    return 0


def _password(user: str) -> str:
    """Ask for a password twice, or take the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline(LONGEST_PASSWORD).removesuffix("\n")
    password = getpass.getpass(f"Password for {user}: ")
    if getpass.getpass("Again: ") != password:
        raise ConfigError("the two passwords differ", field="password")
    return password


def _serve(options: Options) -> int:
    if options.daemon:
        return _serve_in_background(options)
    run: Callable[[Options], int] = import_module("aiovirt.daemon.run").run
    return run(options)


def _serve_in_background(options: Options) -> int:
    """Serve in another process, and return when it does or has told why not."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        return 0 if os.read(reader, 1) else FAILED
    os.close(reader)
    os.setsid()
    if options.config is not None:
        options = replace(options, config=options.config.absolute())
    run: Callable[..., int] = import_module("aiovirt.daemon.run").run
    return run(options, on_ready=partial(_let_go, writer))


def _let_go(writer: int) -> None:
    """Say that clients are served, and let the terminal and the folder of the caller go."""
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(LAST_STANDARD + 1):
        os.dup2(nothing, number)
    os.close(nothing)
    os.write(writer, b"1")
    os.close(writer)


_ACTIONS: dict[str, Callable[[Options], int]] = {
    "serve": _serve,
    "print": _print,
    "check": _check,
    "import": _import,
    "sasl": _sasl,
    "version": _version,
}

if __name__ == "__main__":
    sys.exit(main())
