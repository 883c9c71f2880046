"""Whatever value a field takes, the XML is libvirt's or the document has a problem.

As with domains, on documents of every other kind in each of their forms.
"""

from __future__ import annotations

import pytest
from documentkinds import KINDS, Grammars
from documentsamples import DOCUMENTS
from fieldwalk import DOMAINS, at, is_silent, nodes, ours, reach, silent

from aiovirt.config import StoragePoolSources, View, _tree, element
from aiovirt.config.nodedev import NodeCapability
from aiovirt.config.snapshot import InactiveDomain, SavedDomain

EVERY = [(grammar, xml) for grammar, samples in DOCUMENTS.items() for xml in samples]
NOT_MET: set[type[View]] = {StoragePoolSources, SavedDomain, InactiveDomain, NodeCapability}
"""What has no grammar, what is a domain, and what is only there for its classes."""


@pytest.mark.parametrize(("grammar", "xml"), EVERY)
def test_every_field(schemas: Grammars, grammar: str, xml: str) -> None:
    base, schema = KINDS[grammar].parse(xml), schemas(grammar)
    assert (schema.validate(element(base)), base.problems()) == (True, [])
    # of the 24 protocols that a rule may match the one that is there: each has a sample
    paths = [path for path in reach(base) if grammar != "nwfilter" or at(base, path)]
    assert silent(schema, base, paths) == []


@pytest.mark.parametrize(("grammar", "xml"), EVERY)
def test_every_element_twice(schemas: Grammars, grammar: str, xml: str) -> None:
    base, schema = KINDS[grammar].parse(xml), schemas(grammar)
    for place, twin in enumerate(nodes(base)):
        if twin.getparent() is None:
            continue
        config = base.copy()
        node = list(nodes(config))[place]
        node.addnext(_tree.clone(node))
        assert not is_silent(schema, config), config.to_xml()


def test_the_walk_meets_every_view() -> None:
    samples = [KINDS[grammar].parse(xml) for grammar, xml in EVERY]
    met = {type(at(sample, path)) for sample in samples for path in reach(sample)}
    elsewhere = (*DOMAINS, "aiovirt.config.capabilities", "aiovirt.config.testhost")
    others = {kind for kind in ours() if not kind.__module__.startswith(elsewhere)}
    assert {kind for kind in others - met if kind.__name__[0] != "_"} == NOT_MET
