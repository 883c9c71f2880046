"""The text of a file: what is read, what is refused, what stays as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.drivers.common.vmx import MAX_VMX_BYTES, Vmx
from aiovirt.errors import ConfigError

FILE = (
    "#!/usr/bin/vmware\n"
    "\n"
    '  Config.Version="8"   # the first\n'
    "memsize = '64'\n"
    "numvcpus\t=\t2\n"
    'annotation = "a |22b|22"\n'
    'memSize = "128"\n'
)

keys = st.from_regex(r"[A-Za-z.][A-Za-z0-9_.:\-]{0,12}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
settings = st.dictionaries(keys.map(str.lower), texts, max_size=8)


def test_keys_are_found_whatever_their_case() -> None:
    vmx = Vmx.parse(FILE)
    assert (vmx.get("config.version"), vmx.get("NUMVCPUS")) == ("8", "2")
    assert "ANNOTATION" in vmx
    assert vmx.get("annotation") == 'a "b"'
    assert vmx.get("nothing") is None


def test_of_a_key_that_stands_twice_the_first_counts() -> None:
    vmx = Vmx.parse(FILE)
    assert vmx.get("memsize") == "64"
    assert list(vmx) == ["Config.Version", "memsize", "numvcpus", "annotation"]
    assert len(vmx) == 4


def test_what_is_not_changed_stays_to_the_byte() -> None:
    for data in (FILE, FILE.replace("\n", "\r\n"), FILE.rstrip(), ""):
        assert Vmx.parse(data.encode()).to_bytes() == data.encode()


def test_a_change_keeps_place_and_case_of_its_key() -> None:
    vmx = Vmx.parse(FILE)
    vmx.set("config.version", 'x"y')
    assert vmx.to_text() == FILE.replace(
        '  Config.Version="8"   # the first', 'Config.Version = "x|22y"'
    )


def test_a_new_key_stands_at_the_end() -> None:
    vmx = Vmx.parse('a = "1"\r\nb = "2"')
    vmx.set("c", "3")
    assert vmx.to_text() == 'a = "1"\r\nb = "2"\r\nc = "3"\r\n'


def test_a_key_is_taken_out_however_often_it_is_there() -> None:
    vmx = Vmx.parse(FILE)
    vmx.discard("MEMSIZE")
    vmx.discard("nothing")
    assert "emsize" not in vmx.to_text().lower()
    assert vmx.get("annotation") == 'a "b"'


def test_a_copy_is_its_own() -> None:
    vmx = Vmx.parse(FILE)
    twin = vmx.copy()
    twin.set("memsize", "4")
    assert (vmx.get("memsize"), twin.get("memsize")) == ("64", "4")
    assert vmx == Vmx.parse(FILE) != twin


@pytest.mark.parametrize(
    "line",
    [
        "memsize",
        '= "1"',
        'a = "1',
        'a = "1" "2"',
        "a = b c",
        "a =",
        "a = 'b\" c'd",
        "{json: 1}",
        "\x00\x01",
    ],
)
def test_a_line_that_is_no_setting_is_named(line: str) -> None:
    with pytest.raises(ConfigError, match=r"line 2: .* is no setting") as caught:
        Vmx.parse(f'a = "1"\n{line}\n')
    assert caught.value.hint


def test_an_escape_that_means_nothing_names_line_and_key() -> None:
    vmx = Vmx.parse('a = "1"\nb = "|xy"\n')
    with pytest.raises(ConfigError, match="line 2, b: the value cannot be read") as caught:
        vmx.get("B")
    assert caught.value.field == "b"
    assert vmx.to_text() == 'a = "1"\nb = "|xy"\n'


@pytest.mark.parametrize("name", ["windows-1252", "ISO-8859-15", "GBK", "Shift_JIS", "UTF-8"])
def test_a_file_is_read_in_the_encoding_that_it_says(name: str) -> None:
    text = (
        f'.encoding = "{name}"\ndisplayName = "{"中" if name in {"GBK", "Shift_JIS"} else "é"}"\n'
    )
    vmx = Vmx.parse(text.encode(name))
    assert vmx.to_text() == text
    assert vmx.to_bytes() == text.encode(name)


def test_a_file_becomes_utf_8_when_its_encoding_cannot_carry_all() -> None:
    vmx = Vmx.parse('.encoding = "windows-1252"\na = "é"\n'.encode("cp1252"))
    vmx.set("a", "ж")
    assert vmx.to_bytes().decode() == '.encoding = "UTF-8"\na = "ж"\n'


@pytest.mark.parametrize("name", ["klingon", "hex", "unicode_escape", "utf-16", "idna"])
def test_an_encoding_that_is_not_known_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"line 2, \.encoding: the encoding '{name}'"):
        Vmx.parse(f'a = "1"\n.encoding = "{name}"\n'.encode())


def test_bytes_of_another_encoding_are_refused_with_their_line() -> None:
    with pytest.raises(ConfigError, match="line 2: this is not in the encoding utf-8") as caught:
        Vmx.parse(b'a = "1"\nb = "\xfc"\n')
    assert "windows-1252" in (caught.value.hint or "")


def test_text_that_holds_bytes_is_read_as_those() -> None:
    data = '.encoding = "windows-1252"\na = "é"\n'.encode("cp1252")
    assert Vmx.parse(data.decode("utf-8", "surrogateescape")).get("a") == "é"
    with pytest.raises(ConfigError, match="no encoding has"):
        Vmx.parse('a = "\ud800"\n')


def test_a_byte_order_mark_is_no_key() -> None:
    assert Vmx.parse(b'\xef\xbb\xbfa = "1"\n').get("a") == "1"


def test_a_file_may_not_be_endless() -> None:
    with pytest.raises(ConfigError, match="longer than"):
        Vmx.parse(b"#" * (MAX_VMX_BYTES + 1))


@given(settings)
def test_all_settings_survive(values: dict[str, str]) -> None:
    vmx = Vmx()
    for key, text in values.items():
        vmx.set(key, text)
    again = Vmx.parse(vmx.to_bytes())
    assert {key: again.get(key) for key in again} == values
    assert again == vmx


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_garbage_is_read_or_refused_and_nothing_else(data: bytes | str) -> None:
    try:
        vmx = Vmx.parse(data)
    except ConfigError:
        return
    assert Vmx.parse(vmx.to_bytes()) == vmx


@given(
    st.lists(st.sampled_from([*FILE, '"', "|", "\r\n", "=", "#", "é", ".encoding"])).map("".join)
)
def test_what_looks_like_a_file_is_read_or_refused(text: str) -> None:
    try:
        vmx = Vmx.parse(text)
    except ConfigError:
        return
    assert vmx.to_text() == text.removeprefix("\ufeff")
