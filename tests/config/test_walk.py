"""Whatever value a field takes, the XML is libvirt's or the configuration has a problem.

Here on domains that have each part in each of its forms; other documents are next door.
"""

from __future__ import annotations

import pytest
from domainsamples import BARE, SAMPLES
from fieldwalk import DOMAINS, NEWER_TWICE, Path, at, is_silent, nodes, ours, reach, silent
from lxml import etree

from aiovirt.config import Crypto, DomainConfig, OtherDevice, ThrottleGroup, _tree, element
from aiovirt.config.devices.chardev import CharacterDevice
from aiovirt.config.devices.hostdev import Hostdev

NOT_MET = {Crypto, Hostdev, ThrottleGroup}
"""What the grammar is too old for, and what is only there for its classes."""


def _own(sample: DomainConfig) -> list[Path]:
    """The paths of what only this sample has."""
    bare = DomainConfig.parse(BARE)
    known = {path: at(bare, path) for path in reach(bare)}
    places = {path: at(sample, path) for path in reach(sample)}
    own = [
        path
        for path, view in places.items()
        if len(path) > 0 and path != (("devices", None),) and view and view != known.get(path)
    ]
    return [path for path in places if any(path[: len(each)] == each for each in own)]


def test_every_field_of_a_bare_domain(schema: etree.RelaxNG) -> None:
    base = DomainConfig.parse(BARE)
    assert silent(schema, base, reach(base)) == []


@pytest.mark.parametrize("xml", SAMPLES)
def test_every_field_of_a_part(schema: etree.RelaxNG, xml: str) -> None:
    base = DomainConfig.parse(xml)
    assert (schema.validate(element(base)), base.problems()) == (True, [])
    assert silent(schema, base, _own(base)) == []


@pytest.mark.parametrize("xml", SAMPLES)
def test_every_element_twice(schema: etree.RelaxNG, xml: str) -> None:
    base = DomainConfig.parse(xml)
    for place, twin in enumerate(nodes(base)):
        if twin.getparent() is None or twin.tag in NEWER_TWICE:
            continue
        config = base.copy()
        node = list(nodes(config))[place]
        node.addnext(_tree.clone(node))
        assert not is_silent(schema, config), config.to_xml()


def test_the_walk_meets_every_view() -> None:
    samples = [DomainConfig.parse(xml) for xml in (BARE, *SAMPLES)]
    met = {type(at(sample, path)) for sample in samples for path in reach(sample)}
    mine = {kind for kind in ours() if kind.__module__.startswith(DOMAINS)}
    assert mine - met == NOT_MET
    assert not {OtherDevice, CharacterDevice} & met
