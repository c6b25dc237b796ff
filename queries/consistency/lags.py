"""The longest that replication took between two regions, as probes measured it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from queries.answers import Reader
from queries.consistency.guarantees import HORIZON

Lags = Callable[
    [str | None, str | None, str, str], float | None
]  # of a store or its layer, between two regions


def lags(reader: Reader, since: datetime, until: datetime) -> Lags:
    """The longest lag between two regions, in either direction, ms; None if nothing was probed.

    A probe that timed out is taken to have lasted HORIZON.
    """
    longest: dict[tuple[str | None, frozenset[str]], float] = {}
    for row in reader.rows("from lag_of_probes(since := $since, until := $until)", since=since, until=until):
        found = HORIZON if row["max_ms"] is None else row["max_ms"] + row["error_bound_ms"]
        pair = frozenset((row["source_region"], row["target_region"]))
        for name in (row["resource"], row["layer"]):
            longest[name, pair] = max(longest.get((name, pair), 0.0), found)

    def lag(store: str | None, layer: str | None, one: str, other: str) -> float | None:
        pair = frozenset((one, other))
        return longest.get((store, pair), longest.get((layer, pair)))

    return lag
