"""Which region takes the writes of a store, as the application logs them: evidence that the role moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise

from queries.answers import Reader, Row
from queries.failovers.evidence import Evidence, around
from store.engine import quote

SECONDS = 10
LASTING = 3  # periods in a row, with
ENOUGH = 10  # writes, that one region alone served, before and after: such a store has a single writer

Corrected = Callable[
    [str, int], tuple[int, int]
]  # a region's stamp (µs): by the reference clock, and the bound


def signs(reader: Reader, corrected: Corrected, since: datetime, until: datetime) -> Iterator[Evidence]:
    """A pair per change of writer: the last write of the old region, and the first of the new one."""
    rows = reader.rows(
        "from writers($seconds, since := $since, until := $until) order by store, bin, first_us",
        seconds=SECONDS,
        since=since,
        until=until,
    )
    for _, of_store in groupby(rows, key=lambda row: row["store"]):
        yield from _changes(list(of_store), corrected)


def _changes(rows: Sequence[Row], corrected: Corrected) -> Iterator[Evidence]:
    """Where a run of periods of one region alone is followed by another's: of several writers none is."""
    periods = [list(period) for _, period in groupby(rows, key=lambda row: row["bin"])]
    runs = [
        (served, [row for period in run for row in period])
        for served, run in groupby(periods, key=lambda period: {row["served_by"] for row in period})
    ]
    turns = [run for run in runs if len(run[0]) == 1]  # the role may move within a period
    for (old, before), (new, after) in pairwise(turns):
        if old != new and _lasts(before) and _lasts(after):
            mixed = [
                row for served, run in runs if len(served) > 1 for row in run if _between(row, before, after)
            ]
            (one,), (other,) = old, new
            yield from _change(one, before + mixed, other, mixed + after, corrected)


def _lasts(rows: Sequence[Row]) -> bool:
    return len({row["bin"] for row in rows}) >= LASTING and sum(row["writes"] for row in rows) >= ENOUGH


def _between(row: Row, before: Sequence[Row], after: Sequence[Row]) -> bool:
    return bool(before[-1]["bin"] < row["bin"] < after[0]["bin"])


def _change(
    old: str, before: Sequence[Row], new: str, after: Sequence[Row], corrected: Corrected
) -> Iterator[Evidence]:
    last = max(corrected(row["region"], row["last_us"]) for row in before if row["served_by"] == old)
    first = min(corrected(row["region"], row["first_us"]) for row in after if row["served_by"] == new)
    store, layer = before[0]["store"], before[0]["layer"] or "database"
    row = f"writers({SECONDS}, {around(last[0], first[0])}) where store = {quote(store)} and served_by = "
    fence = Evidence(
        kind="writes",
        time=last[0],
        what=f"The last write of {store} that {old} took.",
        row=f"{row}{quote(old)}",
        layer=layer,
        from_region=old,
        to_region=new,
        bound=last[1],
        opens=True,
        phase="fence",
        facts={"store": store},
    )
    yield fence
    yield Evidence(
        kind="writes",
        time=first[0],
        what=f"The first write of {store} that {new} took.",
        row=f"{row}{quote(new)}",
        layer=layer,
        from_region=old,
        to_region=new,
        bound=first[1],
        opens=True,
        phase="promote",
        facts={"store": store},
    )
