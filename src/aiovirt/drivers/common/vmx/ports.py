"""Serial and parallel ports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, filterfalse
from typing import TypeAlias

from aiovirt.config import (
    CharacterDevice,
    CharacterSource,
    Console,
    ConsoleTarget,
    DomainConfig,
    Parallel,
    Serial,
    SerialTarget,
)
from aiovirt.drivers.common.vmx.section import Section, present
from aiovirt.drivers.common.vmx.translation import Reading, Writing, wrong

__all__ = ["read", "write"]

SERIAL_PORTS = 32
"""As many as newer hosts have; libvirt and older hosts have four."""

PARALLEL_PORTS = 3

PROTOCOLS: Mapping[str, str] = {
    **dict.fromkeys(("tcp", "tcp4", "tcp6"), "raw"),
    "telnet": "telnet",
    "telnets": "telnets",
    **dict.fromkeys(("ssl", "tcp+ssl", "tcp4+ssl", "tcp6+ssl"), "tls"),
}
"""The schemes of a port on the network (vSphere API, VirtualSerialPortURIBackingInfo)."""

_SCHEMES = {"raw": "tcp", "telnet": "telnet", "telnets": "telnets", "tls": "ssl"}
_URI = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?"
    r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<host>[^:/?#\[\]]*)):(?P<port>[0-9]{1,5})(?:[/?#].*)?"
)
_MAX_PORT = 65535

Port: TypeAlias = Serial | Parallel


_Reader: TypeAlias = Callable[[Reading, Section, Port], None]


def read(reading: Reading, config: DomainConfig) -> None:
    """Tell of all ports; the first serial one is the console as well.

    Raises:
        ConfigError: One cannot be understood.
    """
    for number, section in _present(reading, "serial", SERIAL_PORTS):
        serial = Serial(target=SerialTarget(port=number))
        _kind_of(section, _SERIALS)(reading, section, serial)
        config.serials.append(serial)
    for number, section in _present(reading, "parallel", PARALLEL_PORTS):
        section.needed("fileType")
        section.needed("fileName")
        parallel = Parallel(target=SerialTarget(port=number))
        _kind_of(section, _PARALLELS)(reading, section, parallel)
        config.devices.parallels.append(parallel)
    for serial in config.serials[:1]:
        config.consoles.append(_console(serial))


def _kind_of(section: Section, table: Mapping[str, _Reader]) -> _Reader:
    """How a port is read; one that does not say what it is, is a device of the host."""
    return section.choice("fileType", table) or _device


def _present(reading: Reading, family: str, ports: int) -> Iterator[tuple[int, Section]]:
    return ((number, each) for number, each in present(reading.vmx, family) if number < ports)


def _console(serial: Serial) -> Console:
    return Console(
        type=serial.type,
        sources=[source.copy() for source in serial.sources],
        protocol=serial.protocol,
        target=ConsoleTarget(type="serial", port=serial.target.port),
    )


def _device(_: Reading, section: Section, port: Port) -> None:
    _at_path(port, "dev", section.text("fileName"))


def _pipe(_: Reading, section: Section, port: Port) -> None:
    _at_path(port, "pipe", section.text("fileName"))


def _file(reading: Reading, section: Section, port: Port) -> None:
    name = section.needed("fileName")
    _at_path(port, "file", reading.file_there(section, "fileName", name))


def _at_path(port: Port, kind: str, path: str | None) -> None:
    port.type = kind
    if path is not None:
        port.sources = [CharacterSource(path=path)]


def _network(_: Reading, section: Section, port: Port) -> None:
    name = section.needed("fileName")
    found = _URI.fullmatch(name)
    if found is None or int(found["port"]) > _MAX_PORT:
        section.refuse_value("fileName", name, "a URI with a port, such as telnet://0.0.0.0:42001")
    modes = {"server": "bind", "client": "connect"}
    mode = section.choice("network.endPoint", modes) or "bind"
    port.type, port.protocol = "tcp", _protocol(section, found["scheme"] or "tcp")
    port.sources = [CharacterSource(mode=mode, host=_host(found), service=found["port"])]


def _host(found: re.Match[str]) -> str | None:
    """The host; none is any address of it."""
    return found["ipv6"] or found["host"] or None


def _protocol(section: Section, scheme: str) -> str:
    if scheme.lower() not in PROTOCOLS:
        section.refuse_value("fileName", scheme, "one of the schemes tcp, telnet, telnets, ssl")
    return PROTOCOLS[scheme.lower()]


_PARALLELS: Mapping[str, _Reader] = {"device": _device, "file": _file}
_SERIALS: Mapping[str, _Reader] = {**_PARALLELS, "pipe": _pipe, "network": _network}


def write(writing: Writing, config: DomainConfig) -> None:
    """Write all ports.

    Raises:
        XMLError: VMware has no such port.
    """
    for number, serial in _numbered(_serials(config), SERIAL_PORTS):
        section = writing.section(f"serial{number}")
        section.put("present", value=True)
        _writer(serial, _SERIAL_WRITERS)(writing, section, serial)
        section.put("yieldOnMsrRead", value=True)  # as VMware's own programs make a port
    for number, parallel in _numbered(config.devices.parallels, PARALLEL_PORTS):
        section = writing.section(f"parallel{number}")
        section.put("present", value=True)
        _writer(parallel, _PARALLEL_WRITERS)(writing, section, parallel)


def _serials(config: DomainConfig) -> Sequence[CharacterDevice]:
    """The serial ports; where there are none, a console says of the first."""
    consoles = [each for each in config.consoles if each.target.type in {None, "serial"}]
    return list(config.serials) or consoles[:1]


def _numbered(ports: Sequence[CharacterDevice], most: int) -> Iterator[tuple[int, CharacterDevice]]:
    taken: set[int] = set()
    for port in ports:
        number = _number(port)
        if number is None:
            number = next(filterfalse(taken.__contains__, count()))
        if number in taken or number >= most:
            raise wrong(port, f"there is no port {number}, or it is there twice")
        taken.add(number)
        yield number, port


def _number(port: CharacterDevice) -> int | None:
    return port.target.port if isinstance(port, Serial | Parallel) else None


_Writer: TypeAlias = Callable[[Writing, Section, CharacterDevice], None]


def _writer(port: CharacterDevice, table: Mapping[str, _Writer]) -> _Writer:
    kind = port.type or ""
    if kind not in table:
        raise wrong(port, f"the type cannot be {kind!r}", expected=", ".join(map(repr, table)))
    return table[kind]


def _write_device(_: Writing, section: Section, port: CharacterDevice) -> None:
    section.say(fileType="device", fileName=port.source.path)


def _write_file(writing: Writing, section: Section, port: CharacterDevice) -> None:
    section.say(fileType="file", fileName=writing.file(port, port.source.path or ""))


def _write_pipe(_: Writing, section: Section, port: CharacterDevice) -> None:
    section.say(
        fileType="pipe",
        pipe_endPoint="client",
        tryNoRxLoss=False,
        fileName=port.source.path,
    )


def _write_network(_: Writing, section: Section, port: CharacterDevice) -> None:
    source = port.source
    where = f"{_bracketed(source.host or '')}:{source.service or ''}"
    section.say(
        fileType="network",
        fileName=f"{_SCHEMES[port.protocol or 'raw']}://{where}",
        network_endPoint="client" if source.mode == "connect" else "server",
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


_PARALLEL_WRITERS: Mapping[str, _Writer] = {"dev": _write_device, "file": _write_file}
_SERIAL_WRITERS: Mapping[str, _Writer] = {
    **_PARALLEL_WRITERS,
    "pipe": _write_pipe,
    "tcp": _write_network,
}
