"""Serial and parallel ports, both ways."""

from __future__ import annotations

import pytest
from vmxsamples import told, written

from aiovirt.drivers.common.vmx import DatastoreFiles
from aiovirt.errors import ConfigError, XMLError

ESX = DatastoreFiles("[ds] web1", {"ds": "/vmfs/volumes/ds"})


def serial(*lines: str) -> tuple[str | None, str | None, str | None]:
    """Type, path and protocol of the only serial port of a file."""
    own = [f"serial1.{line}" for line in ("present = TRUE", *lines)]
    (found,) = told(*own).serials
    assert found.target.port == 1
    return found.type, found.source.path, found.protocol


@pytest.mark.parametrize(
    ("lines", "kind", "path"),
    [
        (("fileType = device", "fileName = /dev/ttyS0"), "dev", "/dev/ttyS0"),
        (("fileName = /dev/ttyS0",), "dev", "/dev/ttyS0"),
        ((), "dev", None),
        (("fileType = File", "fileName = a.log"), "file", "a.log"),
        (("fileType = pipe", "fileName = /tmp/a"), "pipe", "/tmp/a"),
    ],
)
def test_serial_ports_at_paths(lines: tuple[str, ...], kind: str, path: str | None) -> None:
    assert serial(*lines) == (kind, path, None)


@pytest.mark.parametrize(
    ("uri", "protocol", "host"),
    [
        ("telnet://0.0.0.0:42001", "telnet", "0.0.0.0"),  # noqa: S104 - it is only read
        ("TELNETS://[fe80::1]:42001", "telnets", "fe80::1"),
        ("tcp4://:42001", "raw", None),
        ("ssl://a.example:42001/x", "tls", "a.example"),
        ("a.example:42001", "raw", "a.example"),
    ],
)
def test_serial_ports_on_the_network(uri: str, protocol: str, host: str | None) -> None:
    assert serial("fileType = network", f"fileName = {uri}") == ("tcp", None, protocol)
    lines = ("serial0.fileType = network", f"serial0.fileName = {uri}")
    (found,) = told("serial0.present = TRUE", *lines).serials
    assert (found.source.mode, found.source.host, found.source.service) == ("bind", host, "42001")


def test_the_first_serial_port_is_the_console() -> None:
    lines = ("fileType = network", "fileName = tcp://a:1", "network.endPoint = client")
    config = told(*(f"serial2.{line}" for line in ("present = TRUE", *lines)))
    (console,) = config.consoles
    assert (console.type, console.protocol, console.source.mode) == ("tcp", "raw", "connect")
    assert (console.target.type, console.target.port) == ("serial", 2)
    assert not told().consoles


def test_parallel_ports() -> None:
    lines = ("present = TRUE", "fileType = device", "fileName = /dev/parport0")
    config = told(*(f"parallel{port}.{line}" for port in (0, 3) for line in lines))
    (found,) = config.devices.parallels
    assert (found.type, found.source.path, found.target.port) == ("dev", "/dev/parport0", 0)


@pytest.mark.parametrize(
    ("port", "lines", "key"),
    [
        ("serial0", ("fileType = toaster",), "fileType"),
        ("serial0", ("fileType = file",), "fileName"),
        ("serial0", ("fileType = network", "fileName = tcp://a"), "fileName"),
        ("serial0", ("fileType = network", "fileName = tcp://a:70000"), "fileName"),
        ("serial0", ("fileType = network", "fileName = gopher://a:70"), "fileName"),
        (
            "serial0",
            ("fileType = network", "fileName = tcp://a:7", "network.endPoint = both"),
            "network.endPoint",
        ),
        ("parallel0", ("fileName = /dev/parport0",), "fileType"),
        ("parallel0", ("fileType = device",), "fileName"),
        ("parallel0", ("fileType = pipe", "fileName = a"), "fileType"),
    ],
)
def test_what_cannot_be_names_its_key(port: str, lines: tuple[str, ...], key: str) -> None:
    with pytest.raises(ConfigError, match=rf"{port}\.{key}: "):
        told(*(f"{port}.{line}" for line in ("present = TRUE", *lines)))


def test_a_file_of_a_datastore_that_is_gone_names_its_key() -> None:
    with pytest.raises(XMLError, match="no datastore 'gone'"):
        keys("<serial type='file'><source path='[gone] a'/></serial>", "serial0")


def keys(devices: str, port: str) -> dict[str, str | None]:
    """What the file of a domain says of a port."""
    vmx = written(devices=devices, files=ESX)
    return {key.removeprefix(f"{port}."): vmx.get(key) for key in vmx if key.startswith(port)}


COMMON = {"present": "true", "yieldOnMsrRead": "true"}


@pytest.mark.parametrize(
    ("kind", "inner", "expected"),
    [
        ("dev", "<source path='/dev/ttyS0'/>", {"fileType": "device", "fileName": "/dev/ttyS0"}),
        (
            "file",
            "<source path='[ds] a.log'/>",
            {"fileType": "file", "fileName": "/vmfs/volumes/ds/a.log"},
        ),
        (
            "pipe",
            "<source path='/tmp/a'/>",
            {
                "fileType": "pipe",
                "fileName": "/tmp/a",
                "pipe.endPoint": "client",
                "tryNoRxLoss": "false",
            },
        ),
        (
            "tcp",
            "<source mode='bind' host='::1' service='7'/><protocol type='tls'/>",
            {"fileType": "network", "fileName": "ssl://[::1]:7", "network.endPoint": "server"},
        ),
        (
            "tcp",
            "<source mode='connect' host='a' service='7'/>",
            {"fileType": "network", "fileName": "tcp://a:7", "network.endPoint": "client"},
        ),
    ],
)
def test_serial_ports_are_written(kind: str, inner: str, expected: dict[str, str]) -> None:
    device = f"<serial type='{kind}'>{inner}<target port='1'/></serial>"
    assert keys(device, "serial1") == {**COMMON, **expected}


def test_parallel_ports_are_written() -> None:
    device = "<parallel type='dev'><source path='/dev/parport0'/></parallel>"
    expected = {"present": "true", "fileType": "device", "fileName": "/dev/parport0"}
    assert keys(device, "parallel0") == expected


def test_a_console_alone_is_the_first_serial_port() -> None:
    source = "<source path='/dev/ttyS0'/>"
    assert keys(f"<console type='dev'>{source}</console>", "serial0")["fileName"] == "/dev/ttyS0"
    both = f"<serial type='dev'>{source}</serial><console type='dev'>{source}</console>"
    assert not keys(both, "serial1")


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("<serial type='pty'/>", "the type cannot be 'pty'"),
        ("<serial type='dev'><target port='32'/></serial>", "no port 32"),
        ("<parallel type='dev'><target port='1'/></parallel>" * 2, "no port 1, or it is there"),
        ("<parallel type='pipe'><source path='/a'/></parallel>", "the type cannot be 'pipe'"),
    ],
)
def test_what_vmware_has_not_is_refused(device: str, message: str) -> None:
    with pytest.raises(XMLError, match=message):
        keys(device, "serial0")
