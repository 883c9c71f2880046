"""Cookies of one server, kept word for word: some servers know their own again only as they were.

Paths and domains are not looked at, for there is only that server; nor are dates, for what they
bring about is told by the server: it sets the cookie anew, or does not know it any more.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["keep_cookies"]


def keep_cookies(kept: dict[str, str], lines: Iterable[str]) -> None:
    """Take what ``Set-Cookie`` lines say; an empty value, or an age of 0, forgets a cookie.

    What could not go back in a header is passed over.
    """
    for line in lines:
        pair, *attributes = line.split(";")
        name, equals, value = (word.strip() for word in pair.partition("="))
        if not (name and equals and _may_be_sent(pair)):
            continue
        ends = any(one.strip().lower().replace(" ", "") == "max-age=0" for one in attributes)
        if ends or value in {"", '""'}:
            kept.pop(name, None)
        else:
            kept[name] = value


def _may_be_sent(text: str) -> bool:
    """Whether a header may hold it (RFC 6265, section 4.1.1, but for quotes and blanks)."""
    return text.isascii() and text.isprintable()
