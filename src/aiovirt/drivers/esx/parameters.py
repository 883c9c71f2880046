"""What a URI of ESX or vCenter says beside the host, checked before anything is opened.

Names and meaning are those of libvirt's page on its ESX driver, and three of our own: `cacert` and
`thumbprint`, because a certificate that is not verified protects nothing, and `like_libvirt`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from aiovirt.errors import ConfigError
from aiovirt.model.uri import URI

__all__ = ["PARAMETERS", "Parameters", "read_parameters"]

PROXY_PORT = 1080
"""The port of a proxy that names none; curl's, and so libvirt's."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one URI, typed.

    Attributes:
        transport: ``https`` or ``http``.
        no_verify: Trust any certificate.
        auto_answer: Let questions of machines be answered by their defaults.
        vcenter: The vCenter that manages an ESX host; ``*`` is the one the host names.
        proxy: The URL of an HTTP proxy, or None.
        cacert: A file of CAs that are trusted instead of the system's.
        thumbprint: The digest of the only certificate that is trusted.
        authfile: libvirt's file of credentials.
        like_libvirt: Let documents say what libvirt's driver says, and nothing more.
    """

    transport: str = "https"
    no_verify: bool = False
    auto_answer: bool = False
    vcenter: str | None = None
    proxy: str | None = field(default=None, repr=False)
    cacert: Path | None = None
    thumbprint: str | None = None
    authfile: str | None = None
    like_libvirt: bool = False


def _transport(text: str) -> str:
    if text not in {"http", "https"}:
        raise ValueError("expected http or https")
    return text


def _switch(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("expected 0 or 1")
    return text == "1"


def _proxy(text: str) -> str:
    """The URL of an HTTP proxy that is given as ``[http://]HOST[:PORT]``."""
    url = urlsplit(text if "://" in text else f"http://{text}")
    if url.scheme != "http":
        raise ValueError(f"a proxy of the kind {url.scheme} is not spoken to; expected http")
    if not url.hostname or url.path.strip("/"):
        raise ValueError("expected [http://]HOST[:PORT]")
    port = PROXY_PORT if url.port is None else url.port
    place = url.netloc if url.port is not None else f"{url.netloc.rstrip(':')}:{port}"
    return f"http://{place}"


def _file(text: str) -> Path:
    if not text:
        raise ValueError("expected the path of a file")
    return Path(text)


def _text(text: str) -> str:
    if not text:
        raise ValueError("expected a text")
    return text


PARAMETERS: Final[dict[str, Callable[[str], object]]] = {
    "transport": _transport,
    "no_verify": _switch,
    "auto_answer": _switch,
    "vcenter": _text,
    "proxy": _proxy,
    "cacert": _file,
    "thumbprint": _text,
    "authfile": _text,
    "like_libvirt": _switch,
}
"""Each parameter -> what reads it; a ValueError says what was expected."""


def read_parameters(uri: URI) -> Parameters:
    """The parameters of a URI.

    Raises:
        ConfigError: One is not known, or its value is wrong; a near name is the hint.
    """
    found: dict[str, Any] = {}  # each value is of its field's type
    for name, text in uri.parameters.items():
        read = PARAMETERS.get(name)
        if read is None:
            raise _unknown(uri, name)
        try:
            found[name] = read(text)
        except ValueError as error:
            raise ConfigError(
                f"the parameter {name}={text} of {uri.driver}://{uri.host}: {error}", field=name
            ) from error
    parameters = Parameters(**found)
    _check(uri, parameters)
    return parameters


def _unknown(uri: URI, name: str) -> ConfigError:
    near = get_close_matches(name, PARAMETERS, n=1)
    known = ", ".join(PARAMETERS)
    return ConfigError(
        f"the connection URI of {uri.host} has the parameter {name!r}, which is not known",
        field=name,
        hint=f"did you mean {near[0]}?" if near else f"known: {known}",
    )


def _check(uri: URI, parameters: Parameters) -> None:
    """See that the parameters go with each other, and with the URI."""
    if parameters.vcenter is not None and uri.driver == "vpx":
        raise ConfigError("vcenter= goes with esx:// alone", field="vcenter")
    ways = ("no_verify", "cacert", "thumbprint")
    told = [name for name in ways if getattr(parameters, name)]
    if len(told) > 1:
        raise ConfigError(
            f"{' and '.join(told)} say different things of whom to trust", field=told[1]
        )
    if told and parameters.transport == "http":
        raise ConfigError(f"{told[0]} is about TLS, and transport=http has none", field=told[0])
