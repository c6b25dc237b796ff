"""The answer `t_visibility`: how long after a write other regions show it, as probes and reads have it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from queries.answers import SINCE, UNTIL, Answer, Column, Reader, Row, window
from queries.consistency.history import NEVER, NOT_FOUND, Codes, Times
from queries.consistency.past import Past, recent
from queries.settings import Settings

AFTER_MS = tuple(step * 10**power for power, step in product(range(6), (1, 2, 5)))  # 1 ms to 8 minutes

Lags = NDArray[np.float64]  # ms
Pair = tuple[str | None, str | None, str, str]  # layer, store, region that wrote and region that read


def t_visibility(
    reader: Reader, settings: Settings, since: datetime | None, until: datetime | None
) -> Iterator[Row]:
    """Rows of a source, a store and an ordered pair of regions, by time after the write."""
    start, end = window(since, until)
    rows = reader.rows("from probe_lags(since := $since, until := $until)", since=start, until=end)
    probed: dict[Pair, list[tuple[float, float]]] = {}
    for row in rows:
        pair = row["layer"], row["store"], row["write_region"], row["read_region"]
        most = np.inf if row["most"] is None else row["most"]
        probed.setdefault(pair, []).append((row["least"] or 0.0, most))
    for pair, lags in sorted(probed.items(), key=str):
        yield from _curve("probes", pair, *np.array(lags).T)
    for pair, (least, most) in _read(recent(reader, settings, start, end)):
        yield from _curve("reads", pair, least, most)


def _curve(source: str, pair: Pair, least: Lags, most: Lags) -> Iterator[Row]:
    layer, store, write_region, read_region = pair
    for after in AFTER_MS:
        surely, possibly = float(np.mean(most <= after)), float(np.mean(least < after))
        yield {
            "source": source,
            "layer": layer,
            "store": store,
            "write_region": write_region,
            "read_region": read_region,
            "after_ms": after,
            "writes": len(least),
            "visible_least": surely,
            "visible_most": possibly,
            "stale_least": 1 - possibly,
            "stale_most": 1 - surely,
        }


def _read(past: Past) -> Iterator[tuple[Pair, tuple[Lags, Lags]]]:
    """From the last read in a region that did not show a write, and the first that did."""
    history = past.history
    writes = np.flatnonzero(history.is_write & history.inside & (history.rank > NOT_FOUND))
    stores, regions = history.store.names, history.served_by.names
    for (code, store), (one, other) in product(enumerate(stores), permutations(range(len(regions)), 2)):
        of_pair = (history.store.codes[writes] == code) & (history.served_by.codes[writes] == one)
        lags = _lags(past, writes[of_pair], other)
        if len(lags[0]):
            yield (past.layer(store), store, regions[one], regions[other]), lags


def _lags(past: Past, writes: Codes, region: int) -> tuple[Lags, Lags]:
    """The least and the most time after which each write could be seen in a region, of those read there."""
    history = past.history
    reads = np.flatnonzero(
        ~history.is_write & (history.served_by.codes == region) & (history.rank >= NOT_FOUND)
    )
    reads = reads[np.lexsort((history.ended[reads], history.keys[reads]))]
    keys, step = history.keys[reads], int(history.rank.max(initial=0)) + 1
    shown = np.maximum.accumulate(keys * step + history.rank[reads])  # the newest version so far, by key
    first = np.searchsorted(shown, history.keys[writes] * step + history.rank[writes])
    new = _of_key(reads, keys, first, history.keys[writes])
    old = _of_key(reads, keys, first - 1, history.keys[writes])
    least = np.where(old >= 0, _elapsed(past, writes, old, history.began)[0] - 1, 0).clip(0)
    most = np.where(new >= 0, _elapsed(past, writes, new, history.ended)[1] + 1, np.inf)
    read = (new >= 0) | (least > 0)
    return least[read].astype(np.float64), most[read].clip(0)


def _of_key(reads: Codes, keys: Codes, places: Codes, wanted: Codes) -> Codes:
    """The reads at the places, where they are of the wanted key; else -1."""
    if not len(reads):
        return np.full(len(places), -1)
    inside = np.clip(places, 0, len(reads) - 1)
    return np.where((places == inside) & (keys[inside] == wanted), reads[inside], -1)


def _elapsed(past: Past, writes: Codes, reads: Codes, times: Times) -> tuple[Times, Times]:
    """From the end of each write to a time of a read, ms: the least and the most."""
    history = past.history
    least, most = np.full(len(writes), NEVER), np.full(len(writes), -NEVER)
    clocks = history.clock
    for here, there in product(range(len(clocks.names)), repeat=2):
        rows = np.flatnonzero((clocks.codes[writes] == here) & (clocks.codes[reads] == there) & (reads >= 0))
        low, high = past.between(clocks.names[here], clocks.names[there], history.ended[writes[rows]])
        gap = times[reads[rows]] - history.ended[writes[rows]]
        least[rows], most[rows] = gap - high, gap - low
    return least, most


T_VISIBILITY = Answer(
    "t_visibility",
    """How likely a region shows another's write some time after it was acknowledged (Bailis et al. 2012),
by probes, and by the reads and writes that the application logged.
One row = one source, store, ordered pair of regions and time after the write.
  since, until   first instant and the one after the last; default: the last hour
Reads only say that a write became visible between the last that did not show it and the first that did; and
clocks are uncertain. So all shares are between a least and a most.""",
    (SINCE, UNTIL),
    (
        Column("source", "VARCHAR", "probes or reads"),
        Column("layer", "VARCHAR", "layer of the store"),
        Column("store", "VARCHAR", "the store, as probes or the application call it"),
        Column("write_region", "VARCHAR", "region that wrote"),
        Column("read_region", "VARCHAR", "region that read"),
        Column("after_ms", "BIGINT", "time after the write was acknowledged"),
        Column("writes", "BIGINT", "writes of which something is known"),
        Column("visible_least", "DOUBLE", "share of them that were visible by then, at least"),
        Column("visible_most", "DOUBLE", "and at most"),
        Column("stale_least", "DOUBLE", "chance that a read at that time is stale, at least"),
        Column("stale_most", "DOUBLE", "and at most"),
    ),
    t_visibility,
)
