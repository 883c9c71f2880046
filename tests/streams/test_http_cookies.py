"""Cookies that are kept word for word."""

from __future__ import annotations

import pytest

from aiovirt.streams._http_cookies import keep_cookies


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('a="x/y:z"; Path=/; HttpOnly', {"a": '"x/y:z"'}),
        ("a=b=c", {"a": "b=c"}),
        (" a = b ; Secure", {"a": "b"}),
        ("a=", {}),
        ('a=""; Max-Age = 0', {}),
        ("a=b; max-age=0", {}),
        ("a=b; Max-Age=07", {"a": "b"}),
        ("=b", {}),
        ("a", {}),
        ("a=b\x01", {}),
        ("a=ü", {}),
        ("", {}),
    ],
)
def test_what_a_line_says(line: str, kept: dict[str, str]) -> None:
    cookies: dict[str, str] = {}
    keep_cookies(cookies, [line])
    assert cookies == kept


def test_a_cookie_is_replaced_and_forgotten() -> None:
    cookies = {"a": "1", "b": "2"}
    keep_cookies(cookies, ["a=3", "b=; Max-Age=0", "none=; Max-Age=0"])
    assert cookies == {"a": "3"}
