"""The command line of aiovirtd, and what it answers without serving."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from aiovirt.daemon.options import Options, read_options, settings_of
from aiovirt.daemon.program import main
from aiovirt.daemon.settings import print_settings


def test_without_arguments_it_serves() -> None:
    assert read_options([]).action == "serve"


@pytest.mark.parametrize(
    ("tokens", "action"),
    [
        (["--print-config"], "print"),
        (["--check"], "check"),
        (["--import", "/etc/libvirt"], "import"),
        (["--sasl-user", "anna"], "sasl"),
        (["--version"], "version"),
    ],
)
def test_each_action_has_its_option(tokens: list[str], action: str) -> None:
    assert read_options(tokens).action == action


@pytest.mark.parametrize(
    "tokens",
    [["--check", "--version"], ["--timeout", "-1"], ["--timeout", "nan"], ["--loop", "x"], ["x"]],
)
def test_a_wrong_command_line_is_refused(
    tokens: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        read_options(tokens)
    assert ended.value.code == 2
    assert "usage: aiovirtd" in capsys.readouterr().err


def test_who_is_not_root_has_a_daemon_of_the_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert read_options([]).session


def test_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    config = tmp_path / "aiovirtd.toml"
    config.write_text("[limits]\nidle_timeout_s = 5\nmax_clients = 7")
    options = Options(
        config=config, socket_dir=Path("/s"), libvirt_names=True, timeout=30.0, log_level="debug"
    )
    settings = settings_of(options)
    assert settings.limits.idle_timeout_s == 30
    assert settings.limits.max_clients == 7
    assert (settings.sockets.folder, settings.sockets.libvirt_names) == (Path("/s"), True)
    assert settings.logging.level == "debug"


def test_it_prints_its_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--print-config"]) == 0
    assert capsys.readouterr().out == print_settings()


def test_it_prints_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("aiovirtd ")


def test_a_check_tells_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "aiovirtd.toml"
    config.write_text('[logging]\nfilters = "9:qemu"')
    assert main(["--check", "--config", str(config)]) == 1
    assert "'9' is no level of the log\n  1 is debug" in capsys.readouterr().err


def test_a_check_looks_at_the_files_that_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "aiovirtd.toml"
    config.write_text('[tls]\nlisten = true\ncertificate = "none.pem"')
    assert main(["--check", "--config", str(config)]) == 1
    assert "none.pem" in capsys.readouterr().err


def test_a_check_tells_that_all_is_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "aiovirtd.toml"
    config.write_text(print_settings())
    assert main(["--check", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "The settings are right.\n"


def test_a_sasl_user_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, passwords = tmp_path / "aiovirtd.toml", tmp_path / "passwords"
    config.write_text('[access]\nsasl_passwords = "passwords"')
    monkeypatch.setattr("sys.stdin", io.StringIO("open sesame\n"))
    assert main(["--sasl-user", "anna", "--config", str(config)]) == 0
    assert "anna:SCRAM-SHA-256:" in passwords.read_text()
    assert "sesame" not in passwords.read_text()


def test_a_sasl_user_needs_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "aiovirtd.toml"
    config.write_text("")
    assert main(["--sasl-user", "anna", "--config", str(config)]) == 1
    assert "sasl_passwords =" in capsys.readouterr().err
