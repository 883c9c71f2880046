"""A TOML file -> `Settings`. Nothing is guessed: what is unknown or wrong is refused by name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, get_args, get_origin, get_type_hints

from aiovirt.daemon.settings.fields import Key, keys
from aiovirt.daemon.settings.model import Settings
from aiovirt.errors import ConfigError

__all__ = ["load_settings", "read_settings"]

_HEADER = re.compile(r"\s*\[\[?([^\[\]]+)\]")
_PAIR = re.compile(r"\s*([^=#\[\]]+?)\s*=")


def load_settings(path: Path | None) -> Settings:
    """Read the settings of a file; the defaults when there is no path.

    Raises:
        ConfigError: The file cannot be read, or something in it is wrong: file, line and key are
            named, `field` is the key such as ``limits.max_clients``.
    """
    if path is None:
        return Settings()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"cannot read the settings {path}: {reason}") from error
    return read_settings(text, path)


def read_settings(text: str, path: Path) -> Settings:
    """As `load_settings`, of a text. Relative paths in it start at the file's folder."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the settings {path} are no TOML: {error}") from error
    return _Reader(text, path).settings(document)


class _Reader:
    """Reads one document; it knows the text, to name lines."""

    def __init__(self, text: str, path: Path) -> None:
        self._text = text
        self._path = path

    def settings(self, document: Mapping[str, object]) -> Settings:
        kinds = get_type_hints(Settings)
        sections = {one.name: kinds[one.name] for one in fields(Settings) if one.name != "session"}
        found: dict[str, Any] = {}  # the sections by name, each of its own class
        for name, value in document.items():
            if name not in sections:
                self._unknown((name,), "section", sections)
            if not isinstance(value, dict):
                self._refuse((name,), f"{name!r} is a section", f"write [{name}] above its keys")
            found[name] = self._section(name, sections[name], value)
        return Settings(**found)

    def _section(self, name: str, kind: type[object], values: Mapping[str, object]) -> object:
        known = keys(kind)
        given: dict[str, object] = {}
        for word, value in values.items():
            if word not in known:
                self._unknown((name, word), "key", known)
            given[word] = self._value((name, word), known[word], value)
        return kind(**given)

    def _value(self, place: tuple[str, str], key: Key, value: object) -> object:
        kind = _without_none(key.kind)
        if get_origin(kind) is Literal:
            return self._choice(place, get_args(kind), value)
        reader = _READERS.get(get_origin(kind) or kind)
        result = None if reader is None else reader(value, self._path.parent)
        if result is None:
            self._refuse(place, f"{place[1]!r} is {_WANTED[get_origin(kind) or kind]}", None)
        if isinstance(result, int | float) and not isinstance(result, bool):
            self._check_bounds(place, key, result)
        return result

    def _choice(self, place: tuple[str, str], choices: tuple[str, ...], value: object) -> object:
        if value not in choices:
            near = get_close_matches(str(value), choices, n=1)
            self._refuse(
                place,
                f"{place[1]!r} is one of {', '.join(choices)}, and not {value!r}",
                f"did you mean {near[0]}?" if near else None,
            )
        return value

    def _check_bounds(self, place: tuple[str, str], key: Key, value: float) -> None:
        about = key.about
        low = about.least is not None and value < about.least
        if low or (about.most is not None and value > about.most):
            shown = oct if about.octal else str
            limits = [shown(int(one)) for one in (about.least, about.most) if one is not None]
            wanted = " to ".join(limits) if about.most is not None else f"at least {limits[0]}"
            hint = f"in base 8: {place[1]} = 0o{value}" if about.octal else None
            self._refuse(place, f"{place[1]!r} is {wanted}, and not {value}", hint)

    def _unknown(self, place: tuple[str, ...], what: str, known: Iterable[str]) -> NoReturn:
        *sections, name = place
        near = get_close_matches(name, list(known), n=1)
        where = f" in [{sections[0]}]" if sections else ""
        self._refuse(
            place,
            f"there is no {what} {name!r}{where}",
            f"did you mean {near[0]!r}?" if near else "aiovirtd --print-config shows all keys",
        )

    def _refuse(self, place: tuple[str, ...], why: str, hint: str | None) -> NoReturn:
        line = _line_of(self._text, place)
        where = f"{self._path}, line {line}" if line else str(self._path)
        raise ConfigError(f"{where}: {why}", field=".".join(place), hint=hint)


def _line_of(text: str, place: tuple[str, ...]) -> int | None:
    """The line in which a key is written, or the section that it is of; None when unsure."""
    header: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        section, pair = _HEADER.match(line), _PAIR.match(line)
        if section:
            header = _parts(section[1])
            if header == place:
                return number
        elif pair:
            here = header + _parts(pair[1])
            if here and here == place[: len(here)]:  # shorter: an inline table
                return number
    return None


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _without_none(kind: Any) -> Any:  # noqa: ANN401  # special forms of typing have no type
    if get_origin(kind) is UnionType:
        return next(one for one in get_args(kind) if one is not NoneType)
    return kind


def _bool(value: object, _folder: Path) -> bool | None:
    return value if isinstance(value, bool) else None


def _int(value: object, _folder: Path) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: object, _folder: Path) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and value == value else None  # type: ignore[arg-type]  # noqa: PLR0124  # NaN is no bound


def _text(value: object, _folder: Path) -> str | None:
    return value if isinstance(value, str) and "\0" not in value else None


def _path(value: object, folder: Path) -> Path | None:
    if not isinstance(value, str) or not value or "\0" in value:
        return None
    return folder.absolute() / Path(value).expanduser()


def _texts(value: object, _folder: Path) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return None
    return tuple(value)


_READERS: dict[object, Callable[[object, Path], object]] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _text,
    Path: _path,
    tuple: _texts,
}

_WANTED: dict[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    Path: "a path in quotes",
    tuple: "a list of texts in brackets",
}
