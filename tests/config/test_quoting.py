"""libvirt quotes attributes with ``'``, and so do we; nothing else of a document changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aiovirt.config import DomainConfig
from aiovirt.config._quoting import with_single_quotes

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


def test_attributes_get_single_quotes() -> None:
    assert with_single_quotes('<a b="1" c="x y"/>') == "<a b='1' c='x y'/>"


def test_a_single_quote_inside_is_escaped() -> None:
    assert with_single_quotes("""<a b="it's"/>""") == "<a b='it&apos;s'/>"


def test_texts_and_comments_are_left_alone() -> None:
    text = '<a>b="1"<!-- c="2" --><?d e="3"?></a>'
    assert with_single_quotes(text) == text


def test_a_document_is_written_so() -> None:
    text = "<domain type='kvm'>\n  <name>web1</name>\n</domain>\n"
    assert DomainConfig.parse(text).to_xml() == text


@given(value=TEXTS, content=TEXTS, comment=st.from_regex(r"[a-z =\"']{0,12}", fullmatch=True))
def test_the_meaning_is_the_same(value: str, content: str, comment: str) -> None:
    node = etree.Element("a", b=value)
    node.text = content
    node.append(etree.Comment(comment))
    written = etree.tostring(node, encoding="unicode")
    again = etree.fromstring(with_single_quotes(written))
    assert etree.tostring(again, encoding="unicode") == written
