"""``edit``: the user's own editor, and what becomes of what it wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from clirun import Define, Run, on_terminal, program
from fakehost import FakeHost

Editor = Path


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that is a shell script; the test says what it does with ``$1``."""
    path = tmp_path / "editor"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(path))
    return path


def does(editor: Path, script: str) -> None:
    editor.write_text(f"#!/bin/sh\n{script}\n")


def test_what_the_editor_writes_is_defined(run: Run, define: Define, editor: Path) -> None:
    guest = define("web1")
    does(editor, 'sed -i "s/>64</>128</" "$1"')
    assert run("edit", "web1").out == "Domain 'web1' XML configuration edited\n"
    assert str(guest.config.memory) == "128 MiB"


@pytest.mark.usefixtures("editor")
def test_nothing_changed_is_nothing_defined(run: Run, define: Define) -> None:
    define("web1")
    assert run("edit", "web1").out == "Domain 'web1' XML configuration not changed\n"


def test_the_draft_is_private_and_goes(
    run: Run, define: Define, editor: Path, tmp_path: Path
) -> None:
    define("web1")
    does(editor, f'dirname "$1" > {tmp_path}/where; stat -c %a "$(dirname "$1")" > {tmp_path}/mode')
    assert run("edit", "web1").status == 0
    assert (tmp_path / "mode").read_text() == "700\n"
    assert not Path((tmp_path / "where").read_text().strip()).exists()


def test_a_wrong_document_without_a_terminal_is_an_error(
    run: Run, define: Define, editor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = define("web1")
    does(editor, 'sed -i "s/>64</>lots</" "$1"')
    with Path("/dev/null").open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        done = run("edit", "web1")
    assert (done.status, "lots" in done.err) == (1, True)
    assert str(guest.config.memory) == "64 MiB"


def test_an_editor_that_fails_changes_nothing(run: Run, define: Define, editor: Path) -> None:
    guest = define("web1")
    does(editor, 'sed -i "s/>64</>128</" "$1"; exit 3')
    done = run("edit", "web1")
    assert (done.status, "ended with status 3" in done.err) == (1, True)
    assert str(guest.config.memory) == "64 MiB"


def test_an_editor_that_is_not_there_is_named(
    run: Run, define: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    define("web1")
    monkeypatch.setenv("VISUAL", "/nonexistent/editor --wait")
    assert run("edit", "web1").err == (
        "error: there is no editor '/nonexistent/editor'\n"
        "hint: name yours in the environment variable EDITOR\n"
    )


def test_the_host_is_free_while_the_editor_is_open(
    run: Run, host: FakeHost, define: Define, editor: Path
) -> None:
    """A second opening within one edit: the fake refuses it unless the first was closed."""
    guest = define("web1")
    does(editor, 'sed -i "s/>64</>128</" "$1"')
    assert run("edit", "web1").status == 0
    assert (host.opened, str(guest.config.memory)) == (False, "128 MiB")


def test_a_wrong_document_is_asked_about_and_edited_again(editor: Path, tmp_path: Path) -> None:
    first = "s#<memory.*#<memory>lots</memory>#"
    second = "s#<memory.*#<memory>4096</memory>#"
    does(
        editor,
        f'test -e {tmp_path}/again && exec sed -i "{second}" "$1"\n'
        f'touch {tmp_path}/again; sed -i "{first}" "$1"',
    )
    with on_terminal(*program("edit", "web1"), VISUAL=str(editor)) as edit:
        edit.expect(b"Try again? [y,n,f,?]: ")
        edit.type(b"?\n")
        edit.expect(b"y - yes, open the editor again")
        edit.type(b"y\n")
        assert edit.finish() == 0
    assert b"Domain 'web1' XML configuration edited" in edit.seen


@pytest.mark.parametrize("answer", [b"n\n", b"\x04"])
def test_a_wrong_document_may_be_given_up(editor: Path, answer: bytes) -> None:
    does(editor, 'echo "<domain" > "$1"')
    with on_terminal(*program("edit", "web1"), VISUAL=str(editor)) as edit:
        edit.expect(b"Try again? [y,n,f,?]: ")
        edit.type(answer)
        assert edit.finish() == 1
    assert b"your changes were thrown away" in edit.seen


def test_control_c_belongs_to_the_editor(editor: Path) -> None:
    # The signal is pending before the editor ends, so the program meets it first.
    does(editor, "kill -INT $PPID")
    with on_terminal(*program("edit", "web1"), VISUAL=str(editor)) as edit:
        assert edit.finish() == 0
    assert b"not changed" in edit.seen


@pytest.mark.parametrize("text", ["'", " "])
def test_what_is_no_command_is_no_editor(
    run: Run, define: Define, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    define("web1")
    monkeypatch.setenv("VISUAL", text)
    done = run("edit", "web1")
    assert (done.status, done.err.startswith(f"error: VISUAL={text.strip()}")) == (2, True)
    assert "no command" in done.err
