"""Rules of AppArmor as text, read back by its own parser."""

from __future__ import annotations

from pathlib import Path

import pytest
from apparmorhost import patterns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiovirt.errors import HostError
from aiovirt.host.labels.rules import Rule, fill_in, line_of, merged, quoted, without

TEMPLATE = "#include <tunables/global>\nprofile LIBVIRT_TEMPLATE {\n}\n"


def write(folder: Path, *rules: Rule) -> Path:
    """A profile of some rules, and no others."""
    text = fill_in(TEMPLATE, "guest", "guest.files")
    (folder / "guest").write_text(text)
    lines = "".join(f"{line}\n" for line in merged((), rules))
    (folder / "guest.files").write_bytes(lines.encode(errors="surrogateescape"))
    return folder / "guest"


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    [
        "a b",
        'say "a"',
        "*?",
        "[a-z]",
        "{a,b}",
        "@{HOME}",
        "\\*",
        "ü,x",
        "$HOME",
        "#x",
        "^a",
        "a//b",
    ],
)
def test_a_name_stands_for_itself(tmp_path: Path, name: str) -> None:
    allowed = patterns(write(tmp_path, Rule(f"/images/{name}", "rwk", "disk")))
    real = name.replace("//", "/")
    assert allowed(f"/images/{real}") == "akrw"
    assert allowed(f"/images/{real}x") == allowed("/images/a") == ""


@pytest.mark.real
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)
    | st.binary(min_size=1).map(
        lambda raw: raw.replace(b"/", b"-").replace(b"\0", b"-").decode(errors="surrogateescape")
    )
)
def test_the_parser_takes_every_name(tmp_path: Path, name: str) -> None:
    profile = write(tmp_path, Rule(f"/images/{name}", "r", "disk"))
    allowed = patterns(profile)
    assert allowed(f"/images/{name}") == "r"


@pytest.mark.real
def test_a_folder_is_all_that_is_in_it(tmp_path: Path) -> None:
    allowed = patterns(write(tmp_path, Rule("/images/a*", "r", "disk", below=True)))
    assert [allowed(f"/images/{name}") for name in ("a*/", "a*/b", "a*/b/c")] == ["r"] * 3
    assert [allowed(f"/images/{name}") for name in ("a*b", "ab/c", "")] == [""] * 3


def test_a_path_is_quoted() -> None:
    assert quoted('/a "b"\n*') == '"/a \\"b\\"\\012\\*"'


@pytest.mark.parametrize(
    "rule",
    [Rule("a", "r", "disk"), Rule("/a", "rx", "disk"), Rule("/a", "", "d"), Rule("/a", "r", "a b")],
)
def test_what_is_no_rule_is_refused(rule: Rule) -> None:
    with pytest.raises(ValueError, match="is no rule"):
        line_of(rule)


def test_a_rule_comes_once_and_goes_with_its_user() -> None:
    one, two = Rule("/a", "r", "one"), Rule("/a", "r", "two")
    lines = merged(["  signal,"], [one, two, one])
    assert lines == ["  signal,", '  "/a" r, # of one', '  "/a" r, # of two']
    assert without(lines, {"one"}.__contains__) == ["  signal,", '  "/a" r, # of two']


def test_a_name_that_looks_like_a_rule_takes_nobodys_place() -> None:
    lines = merged((), [Rule("/a, # of two", "r", "one")])
    assert without(lines, {"two"}.__contains__) == lines


@pytest.mark.parametrize("template", ["profile x {}", "profile LIBVIRT_TEMPLATE {"])
def test_a_template_that_is_none_is_refused(template: str) -> None:
    with pytest.raises(HostError, match="template"):
        fill_in(template, "guest", "guest.files")
