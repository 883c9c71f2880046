"""What somebody is called who has shown this or that."""

from __future__ import annotations

from dataclasses import replace

from aiovirt.daemon.access.identity import Identity

UNIX = Identity("unix", "unix", uid=1000)


def test_the_strongest_name_counts() -> None:
    named = replace(UNIX, user="alice")
    assert UNIX.name == "uid:1000"
    assert named.name == "alice"
    assert replace(named, sasl_user="bob").name == "bob"


def test_who_has_shown_nothing_is_anonymous() -> None:
    assert Identity("tcp", "192.0.2.1:4000").name == "anonymous"


def test_a_certificate_is_a_name() -> None:
    assert Identity("tls", "192.0.2.1:4000", x509_name="CN=a").name == "CN=a"


def test_only_unix_sockets_are_local_and_only_plain_tcp_is_open() -> None:
    found = {
        name: (Identity(name, "x").local, Identity(name, "x").encrypted)
        for name in ("unix", "tcp", "tls")
    }
    assert found == {"unix": (True, True), "tcp": (False, False), "tls": (False, True)}
