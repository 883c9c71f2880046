"""Connection URIs: their parts and their meaning are libvirt's. Nothing is opened here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from aiovirt.errors import ConfigError

__all__ = ["URI"]


@dataclass(frozen=True, slots=True)
class URI:
    """``driver[+transport]://[user@][host][:port]/path[?name=value]``, taken apart.

    Attributes:
        driver: ``qemu``, ``xen``, ``test`` …
        transport: ``unix``, ``ssh``, ``tls`` … or None.
        path: With its leading slash, such as ``/system``.
        parameters: The query, decoded; a name may stand only once.
    """

    driver: str
    path: str
    transport: str | None = None
    user: str | None = None
    host: str | None = None
    port: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, text: str) -> URI:
        """Take a URI apart.

        Raises:
            ConfigError: It is not a connection URI; `field` names the part.
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f"connection URI {text!r}: {error}", field="port") from error
        if not parts.scheme or "://" not in text:
            raise ConfigError(
                f"connection URI {text!r} has no scheme",
                field="scheme",
                hint="a connection URI looks like qemu:///embed?root=DIR or qemu+ssh://host/system",
            )
        if parts.password is not None:
            raise ConfigError(
                f"the connection URI for host {parts.hostname} carries a password",
                field="user",
                hint="give secrets by a credentials file or callback: URIs end up in logs",
            )
        driver, _, transport = parts.scheme.partition("+")
        return cls(
            driver=driver,
            transport=transport or None,
            user=_unquoted(parts.username) if parts.username else None,
            host=parts.hostname,
            port=port,
            path=_unquoted(parts.path),
            parameters=MappingProxyType(_parameters(text, parts.query)),
        )

    def __str__(self) -> str:
        """The URI that `parse` reads as this one; what would be taken apart there is quoted."""
        scheme = f"{self.driver}+{self.transport}" if self.transport else self.driver
        user = f"{_quoted(self.user)}@" if self.user else ""
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host or ""
        port = f":{self.port}" if self.port is not None else ""
        pairs = self.parameters.items()
        query = "&".join(f"{_quoted(name)}={_quoted(value, '/')}" for name, value in pairs)
        path = _quoted(self.path, "/")
        return f"{scheme}://{user}{host}{port}{path}{'?' if query else ''}{query}"


_ERRORS = "surrogateescape"  # paths on Linux need not be UTF-8


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe, errors=_ERRORS)


def _unquoted(text: str) -> str:
    return unquote(text, errors=_ERRORS)


def _parameters(text: str, query: str) -> dict[str, str]:
    """The query as a mapping."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors=_ERRORS):
        if name in found:
            raise ConfigError(f"connection URI {text!r} gives {name!r} twice", field=name)
        found[name] = value
    return found
