"""A vCenter's tags by their names, where its REST API has identifiers; and refusals as errors.

It knows no ability.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Final, TypeVar

from aiovirt._tasks import gather
from aiovirt.clients.vsphere import RestRefusal
from aiovirt.drivers.esx.faults import DRIVER, Meaning
from aiovirt.drivers.esx.session import Session
from aiovirt.errors import (
    AiovirtError,
    AlreadyExists,
    AuthenticationFailed,
    Busy,
    CallerError,
    ConfigError,
    InvalidState,
    NotFound,
    PermissionDenied,
    RemoteError,
    ResourceUnavailable,
    Unresponsive,
    Unsupported,
    with_number,
)
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.model.tags import Tag
from aiovirt.protocols.vsphere.rest import RestBody, RestMethod
from aiovirt.protocols.vsphere.rest import RestFaultKind as Kind
from aiovirt.protocols.vsphere.rest import tagging as t

__all__ = ["REFUSALS", "Tagging", "by_name"]

B = TypeVar("B", bound=RestBody)
R = TypeVar("R")
_Named = t.CategoryInfo | t.TagInfo
N = TypeVar("N", t.CategoryInfo, t.TagInfo)

MAX_KNOWN: Final = 10_000
"""Tags that are kept for finding names."""

_SHOWN: Final = 20
"""How many names a hint has."""

_LATER: Final = "it is overloaded, or starts: try again in some minutes"

REFUSALS: Final[dict[Kind, Meaning]] = {
    Kind.ALREADY_EXISTS: Meaning(AlreadyExists),
    Kind.CONCURRENT_CHANGE: Meaning(Busy, "somebody else changed it at the same time; try again"),
    Kind.INVALID_ARGUMENT: Meaning(ConfigError),
    Kind.NOT_ALLOWED_IN_CURRENT_STATE: Meaning(InvalidState),
    Kind.NOT_FOUND: Meaning(NotFound, "it may have been removed just now"),
    Kind.OPERATION_NOT_FOUND: Meaning(
        Unsupported, "vCenter has tags since 6.5", ErrorNumber.ERR_OPERATION_UNSUPPORTED
    ),
    Kind.RESOURCE_BUSY: Meaning(Busy),
    Kind.RESOURCE_IN_USE: Meaning(Busy),
    Kind.SERVICE_UNAVAILABLE: Meaning(ResourceUnavailable, _LATER),
    Kind.TIMED_OUT: Meaning(Unresponsive, _LATER),
    Kind.UNABLE_TO_ALLOCATE_RESOURCE: Meaning(ResourceUnavailable),
    Kind.UNAUTHENTICATED: Meaning(AuthenticationFailed, "open the connection anew"),
    Kind.UNAUTHORIZED: Meaning(PermissionDenied, None, ErrorNumber.ERR_ACCESS_DENIED),
    Kind.UNEXPECTED_INPUT: Meaning(ConfigError),
    Kind.UNSUPPORTED: Meaning(Unsupported, None, ErrorNumber.ERR_OPERATION_UNSUPPORTED),
}
"""A refusal of the REST API -> what it means; what is not here is a `RemoteError`."""


def refusal(error: RestRefusal, method: RestMethod[B, R], where: str, what: str) -> AiovirtError:
    """The error for a call that the REST API refused.

    Args:
        error: What the client tells.
        method: What was called.
        where: The server.
        what: What was to be done: ``make the tag 'web'``.
    """
    meaning = REFUSALS.get(error.fault.kind) or Meaning(RemoteError)
    text = f"{where} did not {what}: {error.words.rstrip('.')}"
    if meaning.kind is Unsupported:
        made: AiovirtError = Unsupported(DRIVER, what, error.words)
        made.args = (text,)
    else:
        made = meaning.kind(text)
    made.hint = meaning.hint
    if meaning.kind is PermissionDenied:
        right = method.privilege or "System.Read"
        made.hint = f"give the account a role with {right} there"
    if meaning.number is not None:
        with_number(made, meaning.number, ErrorDomain.ESX)
    made.__cause__ = error
    return made


class Tagging:
    """The tags of a vCenter.

    What it has told before is kept for finding names, and looked at anew before it counts.

    Args:
        session: The connection, which is to a vCenter.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._categories: dict[str, t.CategoryInfo] = {}
        self._tags: dict[str, t.TagInfo] = {}

    async def call(
        self, method: RestMethod[B, R], body: B | None = None, *, of: str = "", what: str
    ) -> R:
        """Call a method of the REST API.

        Args:
            method: From `aiovirt.protocols.vsphere.rest.tagging`.
            body: What it takes.
            of: The identifier of what it is about.
            what: What it does, for errors: ``make the tag 'web'``.

        Raises:
            AiovirtError: The server refused, or the connection ended.

        Cancellation: the server may do it all the same.
        """
        try:
            return await self.session.client.call_rest(method, body, of=of)
        except RestRefusal as error:
            raise refusal(error, method, self.session.where, what) from error

    async def _each(
        self, method: RestMethod[RestBody, R], keys: Iterable[str], what: str
    ) -> list[R]:
        """What a method tells of each; what is removed meanwhile is left out."""

        async def look(key: str) -> R | None:
            try:
                return await self.call(method, of=key, what=what)
            except NotFound:
                return None

        found = await gather(*(partial(look, key) for key in dict.fromkeys(keys)))
        return [each for each in found if each is not None]

    async def _named(
        self, method: RestMethod[RestBody, N], known: dict[str, N], keys: Sequence[str], name: str
    ) -> list[N]:
        """Those of a name; all are asked for where what is known of them does not hold."""
        what = f"find {name!r} among its tags"

        async def learn(wanted: Sequence[str]) -> None:
            told = {each.id: each for each in await self._each(method, wanted, what)}
            for key in wanted:
                known.pop(key, None)
            known.update(told)

        if len(known) > MAX_KNOWN:
            known.clear()
        new = {key: None for key in keys if key not in known}
        await learn(list(new))
        likely = _called(known, keys, name)
        await learn([key for key in likely if key not in new])
        doubtful = not likely or _called(known, keys, name) != likely
        if doubtful and len(new) < len(keys):
            await learn(keys)
        return [known[key] for key in _called(known, keys, name)]

    # --- categories -----------------------------------------------------------------------------

    async def categories(self) -> list[t.CategoryInfo]:
        """All categories."""
        what = "list the categories of tags"
        keys = await self.call(t.LIST_CATEGORIES, what=what)
        return await self._each(t.GET_CATEGORY, keys, what)

    async def category(self, name: str) -> t.CategoryInfo:
        """The category of a name.

        Raises:
            NotFound: There is none; the hint names those there are.
        """
        keys = await self.call(t.LIST_CATEGORIES, what="list the categories of tags")
        found = await self._named(t.GET_CATEGORY, self._categories, keys, name)
        if found:
            return found[0]
        raise NotFound(
            f"{self.session.where} has no category of tags {name!r}",
            hint=_choices(name, _names(self._categories, keys)),
        )

    # --- tags -----------------------------------------------------------------------------------

    async def infos(self, category: str | None) -> list[t.TagInfo]:
        """All tags, or those of a category."""
        return await self._each(t.GET_TAG, await self._keys(category), "list tags")

    async def _keys(self, category: str | None) -> Sequence[str]:
        if category is None:
            return await self.call(t.LIST_TAGS, what="list tags")
        of = (await self.category(category)).id
        what = f"list the tags of {category!r}"
        return await self.call(t.LIST_TAGS_FOR_CATEGORY, of=of, what=what)

    async def find(self, name: str, category: str | None) -> t.TagInfo:
        """The tag of a name.

        Args:
            name: The tag's.
            category: That of its category; None where no other tag has the name.

        Raises:
            NotFound: There is none; the hint names those there are.
            CallerError: Several categories have one.
        """
        keys = await self._keys(category)
        found = await self._named(t.GET_TAG, self._tags, keys, name)
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(each.category for each in await self.tags(found))
            raise CallerError(
                f"{self.session.where} has {len(found)} tags {name!r}",
                hint=f"say of which category it is: {names}",
            )
        place = "" if category is None else f" in the category {category!r}"
        raise NotFound(
            f"{self.session.where} has no tag {name!r}{place}",
            hint=_choices(name, _names(self._tags, keys)),
        )

    async def tags(self, infos: Sequence[t.TagInfo]) -> list[Tag]:
        """Tags with the names of their categories, sorted by these and their own."""
        found = await self.by_key(infos)
        return sorted(found.values(), key=by_name)

    async def by_key(self, infos: Sequence[t.TagInfo]) -> dict[str, Tag]:
        """The same by their identifiers; those whose category is removed meanwhile are left out."""
        keys = (each.category_id for each in infos)
        categories = await self._each(t.GET_CATEGORY, keys, "tell of tags")
        names = {each.id: each.name for each in categories}
        return {
            each.id: Tag(each.name, names[each.category_id], each.description)
            for each in infos
            if each.category_id in names
        }

    async def get(self, keys: Iterable[str]) -> list[t.TagInfo]:
        """Tags by their identifiers; those that are removed meanwhile are left out."""
        return await self._each(t.GET_TAG, keys, "tell of tags")


def by_name(tag: Tag) -> tuple[str, str]:
    """The order of tags."""
    return tag.category, tag.name


def _called(known: Mapping[str, _Named], keys: Sequence[str], name: str) -> list[str]:
    """Those of the keys that are known to be of a name."""
    return [key for key in keys if key in known and known[key].name == name]


def _names(known: Mapping[str, _Named], keys: Sequence[str]) -> list[str]:
    return [known[key].name for key in keys if key in known]


def _choices(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=3)
    if near:
        return f"did you mean {' or '.join(near)}?"
    there = ", ".join(sorted(set(known))[:_SHOWN])
    return f"there are: {there}" if there else "there are none"
