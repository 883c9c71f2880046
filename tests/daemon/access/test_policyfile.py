"""The policy file: read strictly, because a typo must not open a door."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiovirt.daemon.access.policyfile import load_policy, parse_policy
from aiovirt.errors import ConfigError, NotFound

GOOD = """\
[defaults]
local = "deny"

[[rule]]
who = ["group:ops", "x509:CN=backup*,O=Example"]
allow = ["*:read", "connect:*"]

[[rule]]
who = "sasl:bob"
allow = ["domain:*"]
deny = ["domain:delete"]
on = { domain = ["web-*"] }
"""


def test_rules_and_defaults_are_read() -> None:
    policy = parse_policy(GOOD)
    first, second = policy.rules
    assert (policy.local, policy.remote) == (False, False)
    assert "network:read" in first.allow
    assert second.deny == {"domain:delete"}
    assert set(second.on) == {"domain"}


def test_an_empty_file_leaves_the_defaults() -> None:
    policy = parse_policy("")
    assert (policy.rules, policy.local, policy.remote) == ((), True, False)


RULE = '[[rule]]\nwho = ["anyone"]\nallow = ["*"]\n'

WRONG = {
    "a misspelt key": (f'{RULE}{RULE}denny = ["domain:start"]', "line 7: unknown key 'denny'"),
    "a misspelt permission": (
        f'{RULE}[[rule]]\nwho = ["anyone"]\nallow = [\n  "domain:read",\n  "domain:strat",\n]',
        "line 8: there is no permission 'domain:strat'",
    ),
    "a comment is no rule": (
        f'# "domain:strat"\n{RULE}deny = ["domain:strat"]',
        "line 5: there is no permission",
    ),
    "a misspelt default": ('[defaults]\nremote = "alow"', 'line 2: remote is "allow" or "deny"'),
    "a misspelt section": ('[default]\nremote = "deny"', "line 1: unknown key 'default'"),
    "a misspelt who": ('[[rule]]\nwho = ["groop:ops"]\nallow = ["*"]', "line 2: 'groop:ops'"),
    "a name without a kind": ('[[rule]]\nwho = ["alice"]\nallow = ["*"]', "line 2: 'alice'"),
    "a kind without a name": ('[[rule]]\nwho = ["user:"]\nallow = ["*"]', "written 'user:NAME'"),
    "a name where none is": ('[[rule]]\nwho = ["local:x"]\nallow = ["*"]', "written 'local'"),
    "nobody": ('[[rule]]\nallow = ["*"]', "line 1: a rule says whom it is about"),
    "nothing": ('[[rule]]\nwho = ["anyone"]', "line 1: a rule gives or takes something"),
    "no object": (f"{RULE}on = {{ domain = [] }}", "line 4: no domain is named"),
    "an unknown kind": (f'{RULE}on = {{ domian = ["x"] }}', "line 4: unknown key 'domian'"),
    "a permission of another kind": (
        '[[rule]]\nwho = ["anyone"]\nallow = ["connect:read"]\non = { domain = ["x"] }',
        "line 3: 'connect:read' is about no kind",
    ),
    "no list": ('[[rule]]\nwho = [1]\nallow = ["*"]', "line 2: who is a list of texts"),
    "one rule as a table": ('[rule]\nwho = ["anyone"]', "line 1: rules are written as"),
    "no TOML": ("[[rule]\n", "line 1"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_named_with_its_line(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_policy(text, "policy.toml")
    assert says in str(caught.value)
    assert str(caught.value).startswith("policy.toml")


def test_what_was_meant_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_policy(f'{RULE}denny = ["*"]')
    assert caught.value.hint == "did you mean 'deny'?"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is missing"):
        load_policy(tmp_path / "policy.toml")


def test_the_file_is_text(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="no UTF-8"):
        load_policy(tmp_path / "policy.toml")
