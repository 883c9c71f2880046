"""The machinery: absent parts, lists, errors, as any grammar will use it."""

from __future__ import annotations

import pytest

from aiovirt.config._children import Many, One, child, children
from aiovirt.config._scalars import (
    Flag,
    Number,
    Size,
    Switch,
    Text,
    Words,
    flag,
    number,
    size,
    switch,
    text,
    words,
    yes_no,
)
from aiovirt.config._view import View, element, problems, walk
from aiovirt.errors import XMLError
from aiovirt.model.units import Bytes, KiB, MiB


class Leaf(View, tag="leaf"):
    name: Text = text("@name", known=("oak", "elm"), required=True)
    count: Number = number("@leafCount", low=1, high=9)
    sound: Switch = yes_no("sound/@on")


class Branch(View, tag="branch"):
    leaf: One[Leaf] = child("leaf", Leaf)
    bare: Flag = flag("bare")
    bare_since: Number = number("bare/@since")


class Tree(View, tag="tree"):
    title: Text = text("title")
    width: Size = size("width")
    branches: Many[Branch] = children("crown/branch", Branch)
    leaf: One[Leaf] = child("leaf", Leaf)
    alive: Switch = switch("alive")
    names: Words = words("name/@x", known=("a", "b"))


def _xml(view: View) -> str:
    return "".join(line.strip() for line in view.to_xml().splitlines())


def _put(view: View, name: str, value: object) -> None:
    """Set a field past the type checker, which would find the mistake."""
    setattr(view, name, value)


def test_an_absent_part_is_false_and_reads_as_empty() -> None:
    leaf = Tree().leaf
    assert not leaf
    assert leaf.name is None


def test_writing_creates_what_is_needed() -> None:
    tree = Tree()
    tree.leaf.sound = True
    assert _xml(tree) == "<tree><leaf><sound on='yes'/></leaf></tree>"


def test_two_views_of_an_absent_part_see_the_same() -> None:
    tree = Tree()
    one, two = tree.leaf, tree.leaf
    one.name = "oak"
    two.count = 3
    assert _xml(tree) == "<tree><leaf name='oak' leafCount='3'/></tree>"


def test_elements_stand_in_the_order_of_the_fields() -> None:
    tree = Tree(alive=True, title="x")
    tree.width = KiB(1)
    node = element(tree)
    assert node is not None
    assert [child.tag for child in node] == ["title", "width", "alive"]


def test_clearing_drops_what_it_leaves_empty() -> None:
    tree = Tree(leaf=Leaf(sound=True))
    tree.leaf.sound = None
    assert _xml(tree) == "<tree><leaf/></tree>"


def test_clearing_keeps_an_element_that_says_something_by_being_there() -> None:
    branch = Branch(bare=True, bare_since=3)
    branch.bare_since = None
    assert branch.bare


def test_setting_a_part_to_none_takes_it_out() -> None:
    tree = Tree(leaf=Leaf(name="oak"))
    tree.leaf = None
    assert _xml(tree) == "<tree/>"


def test_setting_a_part_replaces_it_in_place() -> None:
    tree = Tree.parse("<tree><title/><leaf name='oak'/><new/></tree>")
    tree.leaf = Leaf(name="elm")
    assert _xml(tree) == "<tree><title/><leaf name='elm'/><new/></tree>"


def test_a_part_of_another_tree_is_copied() -> None:
    one, two = Tree(leaf=Leaf(name="oak")), Tree()
    two.leaf = one.leaf
    two.leaf.name = "elm"
    assert one.leaf.name == "oak"


def test_a_part_of_another_kind_is_refused() -> None:
    with pytest.raises(XMLError, match="leaf cannot hold Branch"):
        _put(Tree(), "leaf", Branch())


def test_an_unknown_word_names_the_close_one() -> None:
    with pytest.raises(XMLError, match="one of 'oak', 'elm'") as caught:
        Tree().leaf.name = "oakk"
    assert caught.value.element == "tree/leaf"
    assert caught.value.hint == "Did you mean 'oak'?"


def test_a_refused_value_leaves_the_tree_alone() -> None:
    tree = Tree()
    with pytest.raises(XMLError):
        tree.leaf.count = 10
    assert _xml(tree) == "<tree/>"


@pytest.mark.parametrize("wrong", ["3", 2.5, True])
def test_a_value_of_another_type_is_refused(wrong: object) -> None:
    with pytest.raises(XMLError, match=r"count \(attribute leafCount\)"):
        _put(Leaf(), "count", wrong)


@pytest.mark.parametrize("text_", ["a\0b", "\ud800", "\x1b[0m", "\ufffe"])
def test_text_that_xml_cannot_carry_is_refused(text_: str) -> None:
    with pytest.raises(XMLError, match="title cannot be"):
        Tree(title=text_)


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(AttributeError, match="titel"):
        _put(Tree(), "titel", "x")
    with pytest.raises(TypeError, match="no field 'titel'"):
        Tree(titel="x")  # type: ignore[call-arg] # the mistake is the point


def test_reading_what_is_no_such_value_names_the_place() -> None:
    tree = Tree.parse("<tree>\n<leaf leafCount='many'/></tree>")
    with pytest.raises(XMLError) as caught:
        _ = tree.leaf.count
    assert (caught.value.element, caught.value.line) == ("tree/leaf", 2)
    assert caught.value.expected == "a number, 1 to 9"


def test_an_unknown_word_can_be_read() -> None:
    assert Tree.parse("<tree><leaf name='ash'/></tree>").leaf.name == "ash"


def test_problems_finds_everything_wrong() -> None:
    tree = Tree.parse(
        "<tree><width unit='furlong'>1</width><crown><branch><leaf name='oak'/></branch>"
        "<branch><leaf name='ash' leafCount='0'/></branch></crown><leaf/><name x='c'/></tree>"
    )
    assert [problem.element for problem in problems(tree)] == [
        "tree/width",
        "tree/name",
        "tree/crown/branch[2]/leaf",
        "tree/crown/branch[2]/leaf",
        "tree/leaf",
    ]


def test_walk_meets_every_part_that_is_there() -> None:
    tree = Tree(branches=[Branch(leaf=Leaf(name="oak")), Branch()])
    assert [type(view) for view in walk(tree)] == [Tree, Branch, Leaf, Branch]


def test_sizes_round_up_to_their_unit() -> None:
    tree = Tree(width=Bytes(1025))
    assert _xml(tree) == "<tree><width unit='KiB'>2</width></tree>"


def test_sizes_count_libvirts_default_unit() -> None:
    assert Tree.parse("<tree><width>2</width></tree>").width == KiB(2)


def test_sizes_are_read_in_their_unit() -> None:
    assert Tree.parse("<tree><width unit='MB'>2</width></tree>").width == 2_000_000


def test_sizes_may_be_written_as_text() -> None:
    assert Tree(width="3 MiB").width == MiB(3)


def test_a_bare_number_is_no_size() -> None:
    with pytest.raises(XMLError, match="the number has no unit"):
        _put(Tree(), "width", 1024)


def test_a_switch_is_on_off_or_open() -> None:
    states = [Tree.parse(f"<tree>{xml}</tree>").alive for xml in ("", "<alive/>")]
    assert states == [None, True]
    assert _xml(Tree(alive=False)) == "<tree><alive state='off'/></tree>"


def test_words_are_several_elements() -> None:
    tree = Tree(names=["a", "b"])
    tree.names = ["b"]
    assert _xml(tree) == "<tree><name x='b'/></tree>"
    assert tree.names == ("b",)


def test_one_text_is_no_list_of_words() -> None:
    with pytest.raises(XMLError, match="expected a list"):
        Tree(names="ab")


def test_repr_is_the_constructor_call() -> None:
    tree = Tree(title="x", leaf=Leaf(name="oak"), names=["a"])
    assert repr(tree) == "Tree(title='x', leaf=Leaf(name='oak'), names=['a'])"


def test_repr_of_a_wrong_value_is_no_error() -> None:
    assert repr(Leaf.parse("<leaf leafCount='x'/>")) == "Leaf(count=<wrong>)"


def test_views_are_not_hashable() -> None:
    with pytest.raises(TypeError):
        hash(Tree())


def test_one_view_is_no_list_of_views() -> None:
    with pytest.raises(XMLError, match="expected a list"):
        _put(Tree(), "branches", Branch())


def test_an_unknown_word_of_a_list_names_its_place() -> None:
    with pytest.raises(XMLError) as caught:
        Tree(names=["a", "x"])
    assert caught.value.element == "tree"


@pytest.mark.parametrize("wrong", ["no", 1])
def test_a_flag_is_true_or_false(wrong: object) -> None:
    with pytest.raises(XMLError, match="expected True or False"):
        _put(Branch(), "bare", wrong)
