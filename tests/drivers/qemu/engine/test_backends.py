"""The host's ends of character devices in the monitor's words."""

from __future__ import annotations

import pytest

from aiovirt.drivers.qemu.argv.words import options_of
from aiovirt.drivers.qemu.engine.backends import backend_of
from aiovirt.errors import Unsupported


def test_a_comma_in_a_value_is_written_twice() -> None:
    head, options = options_of("socket,id=charx,path=/tmp/a,,b,server=on")
    assert (head, options) == ("socket", {"id": "charx", "path": "/tmp/a,b", "server": "on"})


def test_a_list_may_have_no_head() -> None:
    assert options_of("size=1,slots=2") == ("", {"size": "1", "slots": "2"})


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (
            "socket,path=/s,server=on,wait=off",
            {
                "addr": {"type": "unix", "data": {"path": "/s"}},
                "server": True,
                "wait": False,
            },
        ),
        (
            "socket,host=::1,port=7,reconnect=3",
            {
                "addr": {"type": "inet", "data": {"host": "::1", "port": "7"}},
                "server": False,
                "reconnect": 3,
            },
        ),
        (
            "udp,host=h,port=1,localaddr=,localport=2",
            {
                "remote": {"type": "inet", "data": {"host": "h", "port": "1"}},
                "local": {"type": "inet", "data": {"host": "", "port": "2"}},
            },
        ),
        ("file,path=/f,append=on", {"out": "/f", "append": True}),
        ("pty,logfile=/l,logappend=on", {"logfile": "/l", "logappend": True}),
        ("spicevmc,name=usbredir", {"type": "usbredir"}),
        ("serial,path=/dev/ttyS1", {"device": "/dev/ttyS1"}),
    ],
)
def test_ends(text: str, data: dict[str, object]) -> None:
    kind, options = options_of(text)
    assert backend_of(kind, options) == {"type": kind, "data": data}


def test_what_no_monitor_can_open_is_refused() -> None:
    with pytest.raises(Unsupported, match="'stdio'"):
        backend_of("stdio", {})
