"""The file of SASL users."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.daemon.access.passwords import Passwords, remove_user, set_password
from aiovirt.errors import ConfigError, NotFound, PermissionDenied
from aiovirt.model.credentials import Secret

SHA256 = "SCRAM-SHA-256"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "passwords"
    set_password(path, "bob", Secret("open sesame"))
    return path


def test_a_password_is_checked_and_not_kept(file: Path) -> None:
    found = Passwords.load(file).find(SHA256, "bob")
    assert found
    assert found.matches(Secret("open sesame"))
    assert not found.matches(Secret("open"))
    assert "sesame" not in file.read_text()


def test_the_file_is_for_its_owner(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_new_password_replaces_the_old_and_others_stay(file: Path) -> None:
    set_password(file, "tom", Secret("x"), mechanisms=(SHA256, "SCRAM-SHA-512"))
    set_password(file, "bob", Secret("new"))
    passwords = Passwords.load(file)
    found = passwords.find(SHA256, "bob")
    assert found
    assert found.matches(Secret("new"))
    assert passwords.users == {"bob", "tom"}
    assert len(passwords) == 3


def test_a_user_can_be_removed(file: Path) -> None:
    remove_user(file, "bob")
    assert not Passwords.load(file).users
    with pytest.raises(NotFound, match="no user 'bob'"):
        remove_user(file, "bob")


def test_a_user_that_does_not_exist_looks_like_one_that_does(file: Path) -> None:
    first, again = (Passwords.load(file).find(SHA256, "eve") for _ in range(2))
    real = Passwords.load(file).find(SHA256, "bob")
    assert first
    assert again
    assert real
    assert first.salt == again.salt
    assert (len(first.salt), first.iterations) == (len(real.salt), real.iterations)
    assert not first.matches(Secret("open sesame"))


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o644, 0o666])
def test_a_file_that_others_may_use_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(PermissionDenied, match="is open to others") as caught:
        Passwords.load(file)
    assert caught.value.hint == f"chmod 600 {file}"


@pytest.mark.parametrize(
    "line",
    [
        "bob",
        "bob:SCRAM-SHA-256:4096:AAAA:AAAA",
        "bob:SCRAM-MD5:4096:AAAA:AAAA:AAAA",
        "bob:SCRAM-SHA-256:1:AAAA:AAAA:AAAA",
        "bob:SCRAM-SHA-256:99999999:AAAA:AAAA:AAAA",
        "bob:SCRAM-SHA-256:many:AAAA:AAAA:AAAA",
        "bob:SCRAM-SHA-256:4096:?:AAAA:AAAA",
        "bob:SCRAM-SHA-256:4096::AAAA:AAAA",
        ":decoy",
    ],
)
def test_a_wrong_line_is_named_and_not_shown(tmp_path: Path, line: str) -> None:
    path = tmp_path / "passwords"
    path.touch(0o600)
    path.write_text(f"# users\n{line}\n")
    with pytest.raises(ConfigError, match="line 2: this is not NAME") as caught:
        Passwords.load(path)
    assert "AAAA" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_user_stands_there_once(file: Path) -> None:
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines, lines[-1]]))
    with pytest.raises(ConfigError, match="line 4: bob has a second SCRAM-SHA-256"):
        Passwords.load(file)


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", "#a"])
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a user's name"):
        set_password(tmp_path / "passwords", name, Secret("x"))
    assert not list(tmp_path.iterdir())


def test_an_empty_password_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="lets anybody in"):
        set_password(tmp_path / "passwords", "bob", Secret(""))


def test_a_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is missing") as caught:
        Passwords.load(tmp_path / "passwords")
    assert "--sasl-user" in str(caught.value.hint)
