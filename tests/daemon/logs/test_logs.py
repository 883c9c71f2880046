"""The log: libvirt's words, what they let through, and that a refused change changes nothing."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiovirt.daemon.checks import told
from aiovirt.daemon.logs import Logs, check_outputs, opened_logs
from aiovirt.daemon.logs import outputs as outputs_module
from aiovirt.daemon.logs.words import read_filters, read_outputs, words_of
from aiovirt.daemon.settings import LogSettings
from aiovirt.errors import ConfigError

QEMU = logging.getLogger("aiovirt.qemu")
AUDIT = logging.getLogger("aiovirt.audit")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "daemon.log"


@pytest.fixture
def logs(path: Path) -> Iterator[Logs]:
    with opened_logs(LogSettings(outputs=f"1:file:{path}")) as opened:
        yield opened


def test_filters_are_written_as_they_are_read() -> None:
    assert words_of(read_filters(" 1:qemu  3:+rpc ")) == "1:qemu 3:rpc"


def test_outputs_are_written_as_they_are_read() -> None:
    text = "1:stderr 2:file:/var/log/a:b 3:syslog:aiovirtd 4:journald"
    assert words_of(read_outputs(text)) == text


@pytest.mark.parametrize("word", ["qemu", "1:", "5:qemu", "0:qemu", "x:qemu"])
def test_a_wrong_filter_is_named(word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        read_filters(f"1:qemu {word}")


@pytest.mark.parametrize(
    "word", ["1:file", "1:file:log", "1:stderr:x", "1:syslog", "1:nowhere", "9:stderr", "stderr"]
)
def test_a_wrong_output_is_named(word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        read_outputs(word)


def test_endless_filters_are_refused() -> None:
    with pytest.raises(ConfigError, match="64 at most"):
        read_filters("1:a " * 65)


def test_what_is_below_the_level_is_not_written(logs: Logs, path: Path) -> None:
    QEMU.debug("small")
    QEMU.info("great")
    assert logs.filters == ""
    assert [line.split(" ", 2)[2] for line in path.read_text().splitlines()] == ["INFO qemu: great"]


def test_a_filter_lets_more_of_one_part_through(logs: Logs, path: Path) -> None:
    logs.set_filters("1:qemu")
    QEMU.debug("small")
    logging.getLogger("aiovirt.rpc").debug("silent")
    assert "small" in path.read_text()
    assert "silent" not in path.read_text()


def test_the_first_filter_that_fits_counts(logs: Logs, path: Path) -> None:
    logs.set_filters("4:qemu 1:qemu")
    QEMU.info("silent")
    assert path.read_text() == ""


def test_a_refused_filter_leaves_the_old_ones(logs: Logs) -> None:
    logs.set_filters("1:qemu")
    with pytest.raises(ConfigError):
        logs.set_filters("1:qemu 7:rpc")
    assert logs.filters == "1:qemu"


def test_an_output_that_cannot_be_opened_leaves_the_old_ones(logs: Logs, path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        logs.set_outputs("1:file:/nowhere/at/all")
    QEMU.info("still here")
    assert "still here" in path.read_text()


def test_beside_an_output_that_cannot_be_opened_no_other_stays_open(
    logs: Logs, tmp_path: Path
) -> None:
    other = tmp_path / "other.log"
    with pytest.raises(ConfigError, match="No such file"):
        logs.set_outputs(f"1:file:{other} 1:file:/nowhere/at/all")
    assert other.exists()
    assert other not in [one.resolve() for one in Path("/proc/self/fd").iterdir()]


def test_outputs_are_changed(logs: Logs, path: Path, tmp_path: Path) -> None:
    logs.set_outputs(f"3:file:{tmp_path / 'other.log'}")
    QEMU.info("small")
    QEMU.warning("great")
    assert path.read_text() == ""
    assert "great" in (tmp_path / "other.log").read_text()
    assert logs.outputs == f"3:file:{tmp_path / 'other.log'}"


def test_without_outputs_the_default_holds(
    logs: Logs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    logs.set_outputs(None)
    QEMU.info("told")
    assert logs.outputs == "1:stderr"
    assert "told" in capsys.readouterr().err


def test_a_log_that_was_moved_away_is_begun_anew(logs: Logs, path: Path) -> None:
    QEMU.info("old")
    path.rename(path.with_suffix(".1"))
    QEMU.info("new")
    assert "new" in path.read_text()
    assert logs.outputs


def test_a_log_is_not_for_everybody(logs: Logs, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o640
    assert logs.outputs


def test_json_tells_an_error_with_its_hint(path: Path) -> None:
    with opened_logs(LogSettings(outputs=f"1:file:{path}", format="json")):
        QEMU.error("it %s", "failed", exc_info=ConfigError("wrong", hint="do better"))
    told = json.loads(path.read_text())
    assert told["message"] == "it failed"
    assert (told["part"], told["level"], told["hint"]) == ("qemu", "error", "do better")


def test_a_record_is_one_line_whatever_is_in_it(logs: Logs, path: Path) -> None:
    QEMU.info("name\n2026-01-01 00:00:00.000 INFO forged")
    assert [line[0] for line in path.read_text().splitlines()] == ["2", " "]
    assert logs.outputs


def test_changes_are_recorded_whatever_the_level(path: Path) -> None:
    with opened_logs(LogSettings(outputs=f"1:file:{path}", level="error")):
        AUDIT.info("started", extra={"audit": {"operation": "x"}})
        QEMU.info("silent")
    assert path.read_text().endswith("INFO audit: started\n")


def test_changes_go_to_a_file_of_their_own(tmp_path: Path, path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    with opened_logs(LogSettings(outputs=f"1:file:{path}", audit_file=audit)):
        AUDIT.info("started", extra={"audit": {"operation": "DOMAIN_CREATE"}})
    assert json.loads(audit.read_text())["operation"] == "DOMAIN_CREATE"
    assert path.read_text() == ""


def test_the_folder_of_a_log_is_made(tmp_path: Path) -> None:
    path = tmp_path / "aiovirt/audit.jsonl"
    check_outputs(LogSettings(audit_file=path))
    with opened_logs(LogSettings(audit_file=path)):
        assert path.parent.stat().st_mode & 0o007 == 0


def test_a_folder_that_is_misspelt_is_told_before_a_start(tmp_path: Path) -> None:
    settings = LogSettings(audit_file=tmp_path / "lgo/aiovirt/audit.jsonl")
    with pytest.raises(ConfigError, match=r"no folder .*lgo$") as caught:
        check_outputs(settings)
    assert told(caught.value).startswith("logging.audit_file: ")


def test_the_journal_gets_fields(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = str(tmp_path / "journal")
    monkeypatch.setattr(outputs_module, "JOURNAL", place)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(place)
        with opened_logs(LogSettings(outputs="1:journald")):
            QEMU.warning("one\ntwo")
        packet = journal.recv(4096)
    assert b"MESSAGE\n\x07\0\0\0\0\0\0\0one\ntwo\n" in packet
    assert b"PRIORITY\n\x01\0\0\0\0\0\0\x004\n" in packet


def test_a_syslog_that_does_not_read_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = str(tmp_path / "log")
    monkeypatch.setattr(outputs_module, "SYSLOG", place)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(place)
        with opened_logs(LogSettings(outputs="1:syslog:aiovirtd")):
            for _ in range(1000):
                QEMU.info("x" * 1000)
            syslog.settimeout(0)
            read = 0
            while _waits(syslog):
                read += 1
            QEMU.info("back")
        text = syslog.recv(4096).decode()
    assert text.startswith("<30>aiovirtd[")
    assert f"back ({1000 - read} records before this one were dropped)" in text


def _waits(sock: socket.socket) -> bool:
    try:
        return bool(sock.recv(4096))
    except BlockingIOError:
        return False
