"""The proxy between an HTTP client and its server: the one that is named, or the environment's."""

from __future__ import annotations

import base64
import urllib.request
from dataclasses import dataclass, field

from yarl import URL

from aiovirt.errors import ConfigError

__all__ = ["Proxy", "proxy_for"]

_SCHEMES = {"http", "https"}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    Attributes:
        url: Where it is, without credentials.
        user: Who we are to it; None says nothing.
        password: The same.
    """

    url: str
    user: str | None = None
    password: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What is said of us to the proxy alone."""
        if self.user is None:
            return {}
        known = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Proxy-Authorization": f"Basic {known}"}


def proxy_for(url: URL, named: str | None, *, environment: bool) -> Proxy | None:
    """The proxy on the way to `url`, or None when there is none.

    The environment's variables are ``https_proxy``, ``http_proxy``, ``all_proxy`` and
    ``no_proxy``, in either case.

    Args:
        url: The server.
        named: A proxy's URL, which goes before the environment's.
        environment: Whether the environment counts.

    Raises:
        ConfigError: It is no URL of an HTTP proxy.
    """
    text = named or (_from_environment(url) if environment else None)
    return _parse(text) if text else None


def _from_environment(url: URL) -> str | None:
    if urllib.request.proxy_bypass(f"{url.host}:{url.port}"):
        return None
    found = urllib.request.getproxies()
    return found.get(url.scheme) or found.get("all")


def _parse(text: str) -> Proxy:
    try:
        url = URL(text if "://" in text else f"http://{text}")
    except ValueError:
        url = URL()
    if url.scheme not in _SCHEMES or not url.host:
        shown = url.with_user(None) if url.host else "what is given"
        raise ConfigError(
            f"{shown} is no URL of an HTTP proxy",
            field="proxy",
            hint="write http://host:port or http://user:password@host:port; SOCKS is not spoken",
        )
    return Proxy(str(url.origin()), url.user, url.password or "")
