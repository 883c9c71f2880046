"""Verbs about the host's memory: what is free of it, huge pages, and pages that are shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain
from aiovirt.cli.session import Session
from aiovirt.errors import NotFound

if TYPE_CHECKING:
    from aiovirt.config.capabilities import HostCapabilities

__all__ = ["allocpages", "freecell", "freepages", "node_memory_tune", "nodememstats"]

KIB = 1024

CellArg = Annotated[int | None, about("Only this NUMA node.")]
AllArg = Annotated[bool, Parameter(name="--all", help="Each NUMA node.")]


async def nodememstats(
    *, cell: Annotated[int, about("Only this NUMA node.")] = -1, session: SessionArg
) -> Plain:
    """Show what the memory of the host is used for.

    For example:

        aiovirt nodememstats
        aiovirt nodememstats --cell 0 -o json
    """
    stats = asdict(await session.host.memory_stats(cell=cell))
    known = {name: value for name, value in stats.items() if value is not None}
    lines = [f"{name:<7}: {value // KIB:>20} KiB" for name, value in known.items()]
    return Plain("\n".join(lines), stats, [])


async def freecell(
    *, cellno: CellArg = None, everything: AllArg = False, session: SessionArg
) -> Plain:
    """Show how much memory of the host is free.

    For example:

        aiovirt freecell --all
    """
    if everything and cellno is not None:
        raise UsageError("--all and --cellno exclude each other")
    if not everything and cellno is None:
        free = await session.host.free_memory()
        return Plain(f"Total: {free // KIB} KiB", {"total": free}, [])
    if cellno is not None:
        (free,) = await session.host.cells_free_memory(cellno, 1)
        return Plain(f"{cellno}: {free // KIB} KiB", _cells([cellno], [free]), [])
    cells = await session.host.cells_free_memory()
    lines = [f"{cell:>5}: {free // KIB:>10} KiB" for cell, free in enumerate(cells)]
    total = f"Total: {sum(cells) // KIB:>10} KiB"
    text = "\n".join([*lines, "-" * 20, total])
    return Plain(text, {"total": sum(cells), "cells": _cells(range(len(cells)), cells)}, [])


def _cells(numbers: Sequence[int], free: Sequence[int]) -> list[dict[str, int]]:
    return [{"cell": cell, "free": one} for cell, one in zip(numbers, free, strict=True)]


# --- huge pages -------------------------------------------------------------------------------


async def _host(session: Session) -> HostCapabilities:
    """What the host says of itself."""
    config = import_module("aiovirt.config").CapabilitiesConfig
    host: HostCapabilities = config.parse(await session.host.capabilities()).host
    return host


def _sizes(host: HostCapabilities) -> Mapping[int, list[int]]:
    """The sizes of pages, in bytes, by NUMA node."""
    everywhere = [int(pages.size or 0) for pages in (host.cpu.pages if host.cpu else ())]
    return {
        cell.id or 0: [int(pages.size or 0) for pages in cell.pages] or everywhere
        for cell in host.cells
    }


async def freepages(
    *,
    cellno: CellArg = None,
    pagesize: Annotated[int | None, about("Only pages of that many KiB.")] = None,
    everything: AllArg = False,
    session: SessionArg,
) -> Plain:
    """Show how many pages of the host's memory are free.

    For example:

        aiovirt freepages --all
        aiovirt freepages --cellno 0 --pagesize 2048
    """
    if everything is (cellno is not None):
        raise UsageError("of which NUMA node: give either --cellno or --all")
    if everything or pagesize is None:
        known = _sizes(await _host(session))
    else:
        known = {cellno or 0: [pagesize * KIB]}
    if cellno is not None and cellno not in known:
        raise NotFound(f"the host has no NUMA node {cellno}")
    cells = known if cellno is None else {cellno: known[cellno]}
    found: list[tuple[int, Mapping[int, int]]] = []
    for cell, sizes in cells.items():
        wanted = sizes if pagesize is None else [pagesize * KIB]
        (pages,) = await session.host.free_pages(wanted, first=cell)
        found.append((cell, pages))
    data = [
        {"cell": cell, "page_size": size, "free": count}
        for cell, pages in found
        for size, count in pages.items()
    ]
    return Plain(_pages_text(found, headed=everything), data, [])


def _pages_text(found: Sequence[tuple[int, Mapping[int, int]]], *, headed: bool) -> str:
    lines: list[str] = []
    for cell, pages in found:
        lines += [f"Node {cell}:"] if headed else []
        lines += [f"{size // KIB}KiB: {count}" for size, count in pages.items()]
        lines += [""] if headed else []
    return "\n".join(lines)


async def allocpages(
    pagesize: Annotated[int, about("The size of a page, in KiB.")],
    pagecount: Annotated[int, about("How many there are to be.")],
    *,
    cellno: CellArg = None,
    add: Annotated[bool, about("They come to those that there are.")] = False,
    everything: AllArg = False,
    session: SessionArg,
) -> Plain:
    """Make huge pages, or give them back.

    For example:

        aiovirt allocpages 2048 512
        aiovirt allocpages 2048 128 --cellno 1 --add
    """
    if everything and cellno is not None:
        raise UsageError("--all and --cellno exclude each other")
    first, cells = (-1 if cellno is None else cellno), 1
    if everything:
        first, cells = 0, len((await _host(session)).cells)
    pages = {pagesize * KIB: pagecount}
    changed = await session.host.alloc_pages(pages, first=first, cells=cells, add=add)
    data = {"page_size": pagesize * KIB, "count": pagecount, "cells": changed}
    return Plain(f"Pages of {changed} NUMA nodes set", data, [], chatter=True)


# --- pages that are shared ----------------------------------------------------------------------


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How the kernel shares equal pages; shown when nothing is said."""

    shm_pages_to_scan: Annotated[int | None, about("How many it looks at at once.")] = None
    shm_sleep_millisecs: Annotated[int | None, about("How long it rests between.")] = None
    shm_merge_across_nodes: Annotated[
        int | None, about("1: pages of different NUMA nodes, too.")
    ] = None


NOTHING_SET = Sharing()


async def node_memory_tune(*, sharing: Sharing = NOTHING_SET, session: SessionArg) -> Plain:
    """Show or set how the kernel of the host shares equal pages.

    For example:

        aiovirt node-memory-tune
        aiovirt node-memory-tune --shm-pages-to-scan 200
    """
    given = {name: value for name, value in asdict(sharing).items() if value is not None}
    if given:
        await session.host.set_memory_parameters(given)
        return Plain("Memory parameters set", {**given, "result": "set"}, [], chatter=True)
    found = await session.host.memory_parameters()
    lines = [f"\t{name:<15} {value}" for name, value in found.items()]
    return Plain("\n".join(["Shared memory:", *lines]), dict(found), [])
