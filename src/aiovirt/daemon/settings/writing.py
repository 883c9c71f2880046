"""`Settings` -> the TOML file that ``--print-config`` prints: every key, documented."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from aiovirt.daemon.settings.fields import Key, keys
from aiovirt.daemon.settings.model import Settings

__all__ = ["print_settings"]

WIDTH = 96

_HEAD = """\
# The settings of aiovirtd. Every key is here, with the value that it has when it is left out.
# aiovirtd reads /etc/aiovirt/aiovirtd.toml; a user's own daemon reads
# ~/.config/aiovirt/aiovirtd.toml. `aiovirtd --check` says what is wrong in it, and after a change
# `systemctl reload aiovirtd` (SIGHUP) makes it valid; sockets change with a restart.
"""


def print_settings(settings: Settings | None = None) -> str:
    """The file that has these settings, or the defaults; read again it gives the same."""
    shown = settings or Settings()
    parts = [_HEAD]
    for one in fields(shown):
        section = getattr(shown, one.name)
        if one.name != "session":
            parts.append("\n".join(_section(one.name, section)))
    return "\n\n".join(parts)


def _section(name: str, section: object) -> Iterator[str]:
    yield f"# {(type(section).__doc__ or '').strip()}"
    yield f"[{name}]"
    for key in keys(type(section)).values():
        yield ""
        yield from textwrap.wrap(key.about.text, WIDTH, initial_indent="# ", subsequent_indent="# ")
        yield _line(key, getattr(section, key.name))
    yield ""


def _line(key: Key, value: object) -> str:
    if value is None:
        return f"#{key.name} = {_toml(key, key.about.example)}"
    return f"{key.name} = {_toml(key, value)}"


def _toml(key: Key, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if key.about.octal and isinstance(value, int):
        return oct(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_quoted(str(one)) for one in value)}]"
    if isinstance(value, str | Path):
        return _quoted(str(value))
    return str(value)


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON's escapes are among its own."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'
