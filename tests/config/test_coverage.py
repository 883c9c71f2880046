"""No element, attribute or text of libvirt's grammars is without a field."""

from __future__ import annotations

import pytest
from counterparts import grammars
from documentkinds import KINDS
from rngpaths import OTHERS, Grammar, unknown

from aiovirt.config import Document, DomainConfig, View
from aiovirt.config._scalars import Text, text

WHOLE: dict[str, type[Document]] = {
    "domain": DomainConfig,
    **{name: KINDS[name] for name in ("domainsnapshot", "domaincheckpoint", "domainbackup")},
}


@pytest.mark.parametrize("name", WHOLE)
def test_every_path_of_a_grammar_has_a_field(name: str) -> None:
    found = unknown(Grammar(grammars() / f"{name}.rng"), WHOLE[name])
    assert [path for path in found if not path.endswith(tuple(OTHERS))] == []


class _Poor(View, tag="domain"):
    """A domain of which little is known."""

    name: Text = text("name")


def test_what_has_no_field_is_named() -> None:
    found = unknown(Grammar(grammars() / "domain.rng"), _Poor)
    assert {"domain/@id", "domain/devices"} <= set(found)
    assert "domain/name" not in found
