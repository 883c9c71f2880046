"""Settings: defaults, what a file may say, and how mistakes are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aiovirt.daemon.settings import (
    AccessSettings,
    LimitSettings,
    Settings,
    StateSettings,
    load_settings,
    print_settings,
    read_settings,
)
from aiovirt.errors import ConfigError

FILE = Path("/etc/aiovirt/aiovirtd.toml")


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read_settings(text, FILE)
    return caught.value


def test_without_a_file_the_defaults_hold() -> None:
    assert load_settings(None) == Settings()


def test_the_printed_file_reads_as_the_defaults() -> None:
    assert read_settings(print_settings(), FILE) == Settings()


def test_every_commented_example_is_a_value_that_is_taken() -> None:
    text = "\n".join(
        line.removeprefix("#")
        if line.startswith("#") and " = " in line and line[1] != " "
        else line
        for line in print_settings().splitlines()
    )
    assert read_settings(text, FILE).hosts.qemu_user == "libvirt-qemu"


def test_changed_settings_survive_printing() -> None:
    settings = Settings(
        limits=LimitSettings(max_clients=3, idle_timeout_s=2.5),
        access=AccessSettings(unix_rw_mode=0o600, tls_allowed_names=('CN="a\\b"', "\n")),
        state=StateSettings(Path("/srv/a b")),
    )
    assert read_settings(print_settings(settings), FILE) == settings


def test_a_key_is_read() -> None:
    assert read_settings("[limits]\nmax_clients = 7", FILE).limits.max_clients == 7


def test_a_relative_path_starts_at_the_file() -> None:
    access = read_settings('[access]\npolicy = "policy.toml"', FILE).access
    assert access.policy == Path("/etc/aiovirt/policy.toml")


def test_a_misspelt_key_is_named_with_its_line_and_the_near_one() -> None:
    error = refusal("# mine\n[limits]\nmax_client = 7")
    assert str(error) == f"{FILE}, line 3: there is no key 'max_client' in [limits]"
    assert error.hint == "did you mean 'max_clients'?"
    assert error.field == "limits.max_client"


def test_a_misspelt_section_is_named() -> None:
    assert refusal("\n[limit]").hint == "did you mean 'limits'?"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[limits]\nmax_clients = 0", "'max_clients' is 1 to 1000000, and not 0"),
        ("[limits]\nmax_clients = true", "'max_clients' is a whole number"),
        ("[limits]\nmax_clients = 1.5", "'max_clients' is a whole number"),
        ("[keepalive]\ninterval_s = -1", "'interval_s' is at least 0, and not -1.0"),
        ("[keepalive]\ninterval_s = nan", "'interval_s' is a number"),
        ("[tcp]\nlisten = 1", "'listen' is true or false"),
        ("[tcp]\naddress = 1", "'address' is a text in quotes"),
        ("[state]\nfolder = 1", "'folder' is a path in quotes"),
        ("[hosts]\nautostart = 'qemu'", "'autostart' is a list of texts in brackets"),
        ("[access]\nunix_rw_mode = 0o1777", "'unix_rw_mode' is 0o0 to 0o777, and not 1023"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_right(text: str, why: str) -> None:
    assert str(refusal(text)) == f"{FILE}, line 2: {why}"


def test_a_wrong_choice_names_the_near_one() -> None:
    error = refusal('[access]\nauth_unix_rw = "polkt"')
    assert "one of none, polkit, sasl" in str(error)
    assert error.hint == "did you mean polkit?"


@pytest.mark.parametrize("text", ["limits.max_client = 1", "limits = { max_client = 1 }"])
def test_other_ways_to_write_a_key_have_lines_too(text: str) -> None:
    assert "line 1" in str(refusal(text))


def test_a_value_in_place_of_a_section_is_refused() -> None:
    assert refusal("limits = 3").hint == "write [limits] above its keys"


def test_what_is_no_toml_is_told() -> None:
    assert "line 1" in str(refusal("= 3"))


def test_whether_it_is_a_session_is_not_the_files_to_say() -> None:
    refusal("session = true")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_settings(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_settings(path)


def test_settings_can_be_varied() -> None:
    assert replace(Settings(), session=True).session
