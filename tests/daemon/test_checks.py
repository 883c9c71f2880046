"""What is looked at before a start: mistakes are refused by key, surprises are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.daemon.checks import check, doubts, told, waiting
from aiovirt.daemon.settings import (
    AccessSettings,
    HostSettings,
    Settings,
    TcpSettings,
    TlsSettings,
    read_settings,
)
from aiovirt.errors import AiovirtError, ConfigError


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (Settings(access=AccessSettings(unix_group="no-such-group")), "access.unix_group"),
        (Settings(hosts=HostSettings(qemu_user="no-such-user")), "hosts.qemu_user"),
        (Settings(hosts=HostSettings(autostart=("kvm",))), "hosts.autostart"),
        (Settings(hosts=HostSettings(default="xen:///system")), "hosts.default"),
    ],
)
def test_what_is_not_on_the_host_is_refused_by_key(settings: Settings, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(settings)
    assert told(caught.value).startswith(f"{key}: ")


def test_a_missing_certificate_is_told_with_the_keys(tmp_path: Path) -> None:
    files = TlsSettings(listen=True, certificate=tmp_path / "servercert.pem")
    with pytest.raises(AiovirtError, match=r"servercert\.pem is missing") as caught:
        check(Settings(tls=files))
    assert "[tls]" in told(caught.value)


def test_a_key_that_the_text_names_is_not_named_twice() -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings("[limits]\nmax_client = 5", Path("/etc/a.toml"))
    text = told(caught.value)
    assert text == (
        "/etc/a.toml, line 2: there is no key 'max_client' in [limits]\n"
        "  did you mean 'max_clients'?"
    )


def test_a_mode_without_its_base_is_explained() -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings("[access]\nunix_rw_mode = 660", Path("/etc/a.toml"))
    assert caught.value.hint == "in base 8: unix_rw_mode = 0o660"


def test_the_defaults_leave_no_doubt() -> None:
    settings = Settings(hosts=HostSettings(qemu=False))
    check(settings)
    assert not list(doubts(settings))


def test_what_a_reload_does_not_change_is_named() -> None:
    read = Settings(tcp=TcpSettings(port=7), access=AccessSettings(unix_group="x", auth_tcp="none"))
    assert sorted(waiting(Settings(), read)) == ["access.unix_group", "tcp.port"]


def test_a_host_without_qemu_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert any("no QEMU" in doubt for doubt in doubts(Settings()))


@pytest.mark.parametrize(
    ("settings", "about"),
    [
        (Settings(tcp=TcpSettings(listen=True)), "access.auth_tcp"),
        (Settings(tls=TlsSettings(listen=True)), "tls.listen"),
        (Settings(hosts=HostSettings(qemu=False, test=False)), "hosts"),
        (Settings(access=AccessSettings(auth_unix_rw="polkit")), "access.auth_unix_rw"),
    ],
)
def test_what_keeps_everybody_out_is_told(settings: Settings, about: str) -> None:
    assert any(doubt.startswith(f"{about}: ") for doubt in doubts(settings))
