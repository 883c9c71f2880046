"""The command line of aiovirtd: what it takes, and the settings that it makes of them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aiovirt.daemon.places import config_file
from aiovirt.daemon.settings import Settings, load_settings

__all__ = ["LOOPS", "Options", "read_options", "settings_of"]

LOOPS = ("auto", "asyncio", "uvloop", "trio")

_EPILOG = """\
Signals: SIGHUP reads settings, policy, certificates and log files again; SIGTERM and SIGINT let
calls that are at work end, and a second one does not wait for them. Guests go on in any case.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What a command line says; see `read_options` for each.

    Attributes:
        action: What is done: ``serve``, ``print``, ``check``, ``import``, ``sasl``, ``version``.
    """

    action: str = "serve"
    config: Path | None = None
    session: bool = False
    socket_dir: Path | None = None
    libvirt_names: bool = False
    daemon: bool = False
    timeout: float | None = None
    log_level: str | None = None
    loop: str = "auto"
    source: Path | None = None
    user: str | None = None


def read_options(tokens: Sequence[str]) -> Options:
    """Read a command line; ends the process with a usage message when it is wrong."""
    given = vars(_parser().parse_args(tokens))
    actions = {
        "print": given.pop("print_config"),
        "check": given.pop("check"),
        "version": given.pop("version"),
        "import": given["source"] is not None,
        "sasl": given["user"] is not None,
    }
    given["session"] = given["session"] or os.geteuid() != 0
    action = next((name for name, wanted in actions.items() if wanted), "serve")
    return Options(action=action, **given)


def settings_of(options: Options) -> Settings:
    """The settings of a file, with what the command line says instead.

    Raises:
        ConfigError: The file that is named is missing, or something in it is wrong.
    """
    path = options.config
    if path is None:
        usual = config_file(session=options.session)
        path = usual if usual.exists() else None
    settings = replace(load_settings(path), session=options.session)
    if options.socket_dir is not None:
        sockets = replace(settings.sockets, folder=options.socket_dir.absolute())
        settings = replace(settings, sockets=sockets)
    if options.libvirt_names:
        settings = replace(settings, sockets=replace(settings.sockets, libvirt_names=True))
    if options.timeout is not None:
        settings = replace(
            settings, limits=replace(settings.limits, idle_timeout_s=options.timeout)
        )
    if options.log_level is not None:
        settings = replace(settings, logging=replace(settings.logging, level=options.log_level))  # type: ignore[arg-type]  # one of the choices
    return settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aiovirtd",
        description="Serves this host's guests to virsh and all that speaks libvirt's protocol.",
        epilog=_EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_serving(parser)
    _add_actions(parser)
    return parser


def _add_serving(parser: argparse.ArgumentParser) -> None:
    """Add what is said about a daemon that serves."""
    add = parser.add_argument
    add("-f", "--config", type=Path, metavar="FILE", help="the settings, and no other file")
    add(
        "--session",
        action="store_true",
        help="be the daemon of this user, not of the host; always, unless root runs it",
    )
    add("--socket-dir", type=Path, metavar="DIR", help="the folder of the Unix sockets")
    add(
        "--libvirt-names",
        action="store_true",
        help="listen where libvirtd does, so that plain qemu:///system finds this daemon",
    )
    add(
        "-d",
        "--daemon",
        action="store_true",
        help="go on in the background, once clients are served; log to a file",
    )
    add(
        "-t",
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help="end after so long without clients and running guests; 0 for never",
    )
    add("--log-level", choices=("debug", "info", "warning", "error"))
    add("--loop", choices=LOOPS, default="auto", help="the event loop; auto: uvloop, or asyncio")


def _add_actions(parser: argparse.ArgumentParser) -> None:
    """Add what is done instead of serving."""
    add = parser.add_mutually_exclusive_group().add_argument
    add(
        "--print-config",
        action="store_true",
        help="print all settings with their meaning: the defaults, or those of --config",
    )
    add("--check", action="store_true", help="say whether settings and policy are right, and end")
    add(
        "--import",
        dest="source",
        type=Path,
        metavar="DIR",
        help="take the guests and more over that libvirt has in DIR, such as /etc/libvirt",
    )
    add(
        "--sasl-user",
        dest="user",
        metavar="NAME",
        help="ask for the password of a SASL user, or read it from standard input, and keep it",
    )
    add("-V", "--version", action="store_true", help="print the version, and end")


def _seconds(text: str) -> float:
    """A number of seconds that is not negative."""
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds
