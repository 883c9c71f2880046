"""What docs/security.md shows works, and it names all permissions."""

from __future__ import annotations

import re
from pathlib import Path

from aiovirt.daemon.access.permissions import permissions
from aiovirt.daemon.access.policyfile import parse_policy
from aiovirt.daemon.settings import load_settings

TEXT = (Path(__file__).parents[3] / "docs/security.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


def test_its_settings_and_rules_are_right(tmp_path: Path) -> None:
    rules = [block for block in BLOCKS if "[[rule]]" in block]
    assert [len(parse_policy(block).rules) for block in rules] == [3]
    for number, block in enumerate(block for block in BLOCKS if block not in rules):
        path = tmp_path / f"{number}.toml"
        path.write_text(block, encoding="utf-8")
        load_settings(path)


def test_its_table_has_all_permissions() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| ((?:`[a-z_]+`(?:, )?)+) \|$", TEXT, re.MULTILINE)
    told = {f"{kind}:{word}" for kind, words in rows for word in re.findall(r"`(\w+)`", words)}
    assert told >= permissions()
    assert {name for name in told if name.startswith("domain:")} <= permissions()
