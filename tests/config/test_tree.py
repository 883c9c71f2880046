"""Hostile XML is an error and nothing else; places in the tree have names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.config import DomainConfig, _tree
from aiovirt.errors import XMLError

LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE domain [
  <!ENTITY a "ha">
  {entities}
]>
<domain type='kvm'><name>{use}</name></domain>"""


def _laughs(levels: int) -> str:
    names = "abcdefghijklmnopqrstuvwxyz"
    entities = "\n".join(
        f'<!ENTITY {names[level]} "{f"&{names[level - 1]};" * 10}">' for level in range(1, levels)
    )
    return LAUGHS.format(entities=entities, use=f"&{names[levels - 1]};")


@pytest.mark.parametrize("levels", [2, 10, 20])
def test_billion_laughs_are_refused(levels: int) -> None:
    with pytest.raises(XMLError):
        DomainConfig.parse(_laughs(levels))


def test_laughs_in_an_attribute_are_refused() -> None:
    xml = _laughs(12).replace("<name>", "<name x='&l;'>")
    with pytest.raises(XMLError):
        DomainConfig.parse(xml)


def test_an_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("swordfish")
    xml = (
        f'<!DOCTYPE domain [<!ENTITY x SYSTEM "file://{secret}">]><domain><name>&x;</name></domain>'
    )
    with pytest.raises(XMLError) as caught:
        DomainConfig.parse(xml)
    assert "swordfish" not in str(caught.value)


def test_an_external_document_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(XMLError, match="document type"):
        DomainConfig.parse(f'<!DOCTYPE domain SYSTEM "file://{tmp_path}/x.dtd"><domain/>')


def test_a_document_that_is_too_long_is_refused() -> None:
    with pytest.raises(XMLError, match="too long"):
        DomainConfig.parse(b"<domain>" + b" " * _tree.MAX_XML_BYTES + b"</domain>")


def test_the_limit_counts_bytes_not_characters() -> None:
    text = "\N{SNOWMAN}" * (_tree.MAX_XML_BYTES // 2)
    with pytest.raises(XMLError, match="too long"):
        DomainConfig.parse(f"<domain><name>{text}</name></domain>")


def test_a_document_that_is_too_deep_is_refused() -> None:
    depth = 257
    with pytest.raises(XMLError, match="Excessive depth"):
        DomainConfig.parse("<domain>" + "<a>" * depth + "</a>" * depth + "</domain>")


def test_an_error_names_the_line() -> None:
    with pytest.raises(XMLError) as caught:
        DomainConfig.parse("<domain>\n  <name>x</name>\n  <memory>\n</domain>")
    assert caught.value.line == 4


def test_another_element_is_refused() -> None:
    with pytest.raises(XMLError, match="expected <domain>"):
        DomainConfig.parse("<network/>")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_bytes_are_read_in_their_declared_encoding(encoding: str) -> None:
    xml = f'<?xml version="1.0" encoding="{encoding}"?><domain><name>Zürich</name></domain>'
    assert DomainConfig.parse(xml.encode(encoding)).name == "Zürich"


def test_text_is_read_whatever_its_declaration_says() -> None:
    xml = '<?xml version="1.0" encoding="iso-8859-1"?><domain><name>Zürich</name></domain>'
    assert DomainConfig.parse(xml).name == "Zürich"


def test_half_a_character_is_an_error() -> None:
    with pytest.raises(XMLError):
        DomainConfig.parse("<domain><name>\ud800</name></domain>")


@given(st.binary(max_size=200))
def test_random_bytes_are_an_error(data: bytes) -> None:
    with pytest.raises(XMLError):
        DomainConfig.parse(data)


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=4))
def test_a_damaged_document_is_an_error_or_a_domain(place: int, damage: bytes) -> None:
    xml = b"<domain type='kvm'><name>a</name><vcpu current='1'>2</vcpu><os><boot/></os></domain>"
    at = place % len(xml)
    try:
        config = DomainConfig.parse(xml[:at] + damage + xml[at + 1 :])
    except XMLError:
        return
    assert all(isinstance(problem, XMLError) for problem in config.problems())


def test_a_path_counts_like_elements() -> None:
    root = _tree.parse_xml("<domain><devices><disk/><disk><target/></disk></devices></domain>")
    target = root[0][1][0]
    assert _tree.path_of(target) == "domain/devices/disk[2]/target"


def test_text_behind_a_removed_element_stays() -> None:
    root = _tree.parse_xml("<a>one<b/>two<c/>three</a>")
    _tree.remove(root[1])
    _tree.remove(root[0])
    assert root.text == "onetwothree"


def test_preserved_white_space_is_preserved() -> None:
    inner = "<note xml:space='preserve'><x/>  <y/>\n\n</note>"
    xml = _tree.serialise(_tree.parse_xml(f"<domain><metadata>{inner}</metadata></domain>"))
    assert inner in xml


def test_a_document_of_very_many_tags_is_refused() -> None:
    with pytest.raises(XMLError, match="too many tags"):
        _tree.parse_xml(f"<domain>{'<a/>' * _tree.MAX_TAGS}</domain>")
