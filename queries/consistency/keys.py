"""The operations of single keys, as the checker and the search for lost updates take them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from queries.consistency.checker import Operation
from queries.consistency.history import ALWAYS, NEVER, Between, Codes, History, Times


def by_key(
    history: History, rows: Codes, reference: str | None, between: Between
) -> Iterator[tuple[int, list[Operation]]]:
    """For each key a row of it, and its operations (ids are rows) with times by the reference's clock, ms.

    Intervals are as wide as the clocks are uncertain; those of a key that one clock has stamped as they are.
    """
    keys = history.keys[rows]
    order = np.argsort(keys, kind="stable")
    bounds = np.flatnonzero(np.diff(keys[order], prepend=-1, append=-1)).tolist()
    widened = _widened(history, rows, reference, between)
    for first, last in pairwise(bounds):
        own = order[first:last]
        start, end, about = (each[own] for each in widened)
        if len(np.unique(history.clock.codes[rows[own]])) == 1:
            start, end, about = (
                history.began[rows[own]],
                history.ended[rows[own]] + 1,
                history.ended[rows[own]],
            )
        yield (
            int(rows[own[0]]),
            [
                _operation(history, *each)
                for each in zip(*(each.tolist() for each in (rows[own], start, end, about)), strict=True)
                if history.version.codes[each[0]] >= 0
            ],
        )


def _widened(
    history: History, rows: Codes, reference: str | None, between: Between
) -> tuple[Times, Times, Times]:
    """When each operation began at the earliest, ended at the latest, and about ended, by the reference."""
    start, end = np.full(len(rows), NEVER), np.full(len(rows), ALWAYS)
    about = history.ended[rows]
    for code, clock in enumerate(history.clock.names):
        own = np.flatnonzero(history.clock.codes[rows] == code)
        if reference is None or not len(own):
            continue
        began, ended = history.began[rows[own]], history.ended[rows[own]]
        low, high = between(reference, clock, ended)
        start[own], end[own] = np.maximum(began - high, NEVER), ended + 1 - low
        about[own] = ended - (low + high) // 2
    return start, end, about


def _operation(history: History, row: int, start: int, end: int, about: int) -> Operation:
    return Operation(
        id=str(row),
        op="write" if history.is_write[row] else "read",
        version=history.version.name(row) or "",
        start=start,
        end=None if end >= ALWAYS // 2 else end,
        session=str(code) if (code := history.own[row]) >= 0 else None,
        based_on=history.based_on.name(row),
        region=history.served_by.name(row) or "",
        at=about,
    )
