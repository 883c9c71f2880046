"""The file that the rules stand in: TOML, read strictly, so that a typo never opens a door.

[defaults]
local = "allow"
remote = "deny"

[[rule]]
who = ["group:operators", "x509:CN=backup*,O=Example"]
allow = ["*:read", "*:getattr", "connect:search_*"]

[[rule]]
who = ["sasl:bob"]
allow = ["domain:*"]
deny = ["domain:delete"]
on = { domain = ["web-*", "c7a5fdbd-cdaf-9455-926a-d65c16db1809"] }
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast, get_args

from aiovirt.daemon.access.permissions import expand, kinds, split
from aiovirt.daemon.access.policy import Pattern, Policy, Rule, Who, WhoKind
from aiovirt.errors import ConfigError, NotFound, PermissionDenied

__all__ = ["load_policy", "parse_policy"]

_WHO_KINDS = get_args(WhoKind)
_WITHOUT_NAME = frozenset({"local", "remote", "unauthenticated", "anyone"})
_WORDS = {"allow": True, "deny": False}
_TOP = ("defaults", "rule")
_DEFAULTS = ("local", "remote")
_RULE = ("who", "allow", "deny", "on")


def load_policy(path: Path) -> Policy:
    """Read the rules.

    Raises:
        ConfigError: Something in it is wrong: says where.
        NotFound: It is missing.
        PermissionDenied: It cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"the policy file {path} is missing") from error
    except OSError as error:
        raise PermissionDenied(
            f"the policy file {path} cannot be read: {error.strerror}"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the policy file {path} is no UTF-8") from error
    return parse_policy(text, str(path))


def parse_policy(text: str, where: str = "policy") -> Policy:
    """The rules of a text.

    Args:
        text: TOML.
        where: What errors call it.

    Raises:
        ConfigError: Something is wrong: names the file, the line, the key, and what was expected.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: {error}") from error
    reader = _Reader(text.splitlines(), where)
    reader.keys(document, _TOP, 0)
    defaults = reader.table(document.get("defaults", {}), "defaults", 0)
    reader.keys(defaults, _DEFAULTS, 0)
    rules = document.get("rule", [])
    if not isinstance(rules, list):
        raise reader.error("rules are written as [[rule]]", "rule", 0)
    starts = reader.starts(len(rules))
    return Policy(
        tuple(reader.rule(table, start) for table, start in zip(rules, starts, strict=True)),
        local=reader.word(defaults, "local", default="allow"),
        remote=reader.word(defaults, "remote", default="deny"),
    )


class _Reader:
    """Checks tables; knows the lines of the text, so that an error can name one."""

    def __init__(self, lines: list[str], where: str) -> None:
        self._lines = lines
        self._where = where

    def error(self, what: str, needle: str, start: int, *, hint: str | None = None) -> ConfigError:
        """An error at the first line, from `start` on, that holds a word."""
        found = (number for number in range(start, len(self._lines)) if self._has(number, needle))
        line = next(found, start) + 1
        return ConfigError(f"{self._where}, line {line}: {what}", field=needle, hint=hint)

    def _has(self, number: int, needle: str) -> bool:
        line = self._lines[number].strip()
        return needle in line and not line.startswith("#")

    def starts(self, count: int) -> list[int]:
        """The lines on which the rules begin; 0 for those that are written another way."""
        squeezed = ("".join(line.split()) for line in self._lines)
        found = [number for number, line in enumerate(squeezed) if line.startswith("[[rule]]")]
        return (found + [0] * count)[:count]

    def table(self, value: object, key: str, start: int) -> Mapping[str, object]:
        """A table."""
        if not isinstance(value, dict):
            raise self.error(f"{key} is a table", key, start)
        return value

    def keys(self, table: Mapping[str, object], known: Iterable[str], start: int) -> None:
        """Refuse keys that nobody knows: a misspelt `deny` denies nothing."""
        names = tuple(known)
        for key in table:
            if key not in names:
                raise self.error(f"unknown key {key!r}", key, start, hint=_near(key, names))

    def word(self, table: Mapping[str, object], key: str, *, default: str) -> bool:
        """``allow`` or ``deny``."""
        value = table.get(key, default)
        if not isinstance(value, str) or value not in _WORDS:
            raise self.error(f'{key} is "allow" or "deny", not {value!r}', key, 0)
        return _WORDS[value]

    def texts(self, table: Mapping[str, object], key: str, start: int) -> tuple[str, ...]:
        """A list of texts, or one."""
        value = table.get(key, [])
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(
            isinstance(one, str) and one.strip() for one in values
        ):
            raise self.error(f"{key} is a list of texts", key, start)
        return tuple(values)

    def rule(self, value: object, start: int) -> Rule:
        """One rule."""
        table = self.table(value, "rule", start)
        self.keys(table, _RULE, start)
        who = tuple(self._who(text, start) for text in self.texts(table, "who", start))
        if not who:
            raise self.error("a rule says whom it is about: who", "rule", start)
        on = self._objects(self.table(table.get("on", {}), "on", start), start)
        allow = self._permissions(table, "allow", on, start)
        deny = self._permissions(table, "deny", on, start)
        if not allow | deny:
            raise self.error("a rule gives or takes something: allow, deny", "rule", start)
        return Rule(who, allow, deny, on)

    def _who(self, text: str, start: int) -> Who:
        kind, colon, pattern = text.partition(":")
        if kind not in _WHO_KINDS:
            hint = f"it begins with one of {', '.join(_WHO_KINDS)}"
            raise self.error(f"{text!r} says not who is meant", text, start, hint=hint)
        if (kind in _WITHOUT_NAME) is bool(colon) or (colon and not pattern):
            form = kind if kind in _WITHOUT_NAME else f"{kind}:NAME"
            raise self.error(f"{text!r} is written {form!r}", text, start)
        return Who(cast("WhoKind", kind), pattern)

    def _objects(
        self, table: Mapping[str, object], start: int
    ) -> Mapping[str, tuple[Pattern, ...]]:
        known = sorted(kinds() - {"connect"})
        self.keys(table, known, start)
        found = {
            kind: tuple(map(Pattern, self.texts(table, kind, start))) for kind in sorted(table)
        }
        for kind, patterns in found.items():
            if not patterns:
                raise self.error(f"no {kind} is named", kind, start)
        return found

    def _permissions(
        self,
        table: Mapping[str, object],
        key: str,
        on: Mapping[str, tuple[Pattern, ...]],
        start: int,
    ) -> frozenset[str]:
        found: set[str] = set()
        for text in self.texts(table, key, start):
            try:
                meant = expand(text)
            except ConfigError as error:
                raise self.error(str(error), text, start, hint=error.hint) from error
            if on:
                meant = frozenset(name for name in meant if split(name)[0] in on)
            if not meant:
                hint = "permissions of other kinds, and of connect, stand in a rule without `on`"
                raise self.error(
                    f"{text!r} is about no kind that `on` names", text, start, hint=hint
                )
            found |= meant
        return frozenset(found)


def _near(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
