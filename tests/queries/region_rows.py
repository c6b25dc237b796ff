"""Rows of any table for the tests about regions, and how they get into a store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pyarrow as pa
from query_rows import NOON, SECOND

from store import segments
from store.commit import commit
from store.layout import content_id
from store.objects import Store
from store.schema import EVENTS, METRICS, PROBES, SPANS, Table, arrow_schema

Row = dict[str, Any]

EU, US = "eu-west-1", "us-east-1"


def deliver(store: Store, table: Table, rows: Iterable[Row]) -> None:
    """Commit rows that are silent about all but what is given."""
    schema = arrow_schema(table).append(pa.field("region", pa.string())).append(pa.field("day", pa.date32()))
    known = [{"observed_time": row["time"] + SECOND, "day": row["time"].date(), **row} for row in rows]
    id = content_id([repr(known).encode()])
    result = commit(store, segments.write(store, table, pa.Table.from_pylist(known, schema), id).files)
    assert result.rows == len(known)


def metric(
    store: Store, name: str, *values: float, at: datetime = NOON, statistic: str = "sum", **columns: Any
) -> None:
    """One point a minute, of one series."""
    told = {"region": EU, "attributes": [], "unit": "1", "period_s": 60, **columns}
    series = repr((name, statistic, sorted(told.items(), key=str)))
    deliver(
        store,
        METRICS,
        [
            {"time": at + 60 * minute * SECOND, "name": name, "statistic": statistic, "value": value}
            | {"series": series, **told}
            for minute, value in enumerate(values)
        ],
    )


def span(number: int, at: datetime = NOON, **columns: Any) -> Row:
    """A span of a trace of its own, a tenth of a second after the one before it."""
    told = {"region": EU, "kind": "SERVER", "status_code": "UNSET", "duration_ms": 10.0, **columns}
    ids = {"trace_id": f"{number:032x}", "span_id": content_id([repr(told).encode()])[:16]}
    return {"time": at + number * SECOND / 10, **ids, **told}


def spans(store: Store, count: int, **columns: Any) -> None:
    deliver(store, SPANS, [span(number, **columns) for number in range(count)])


def event(store: Store, kind: str, at: datetime = NOON, **columns: Any) -> None:
    told = {"region": EU, "event_id": repr(columns), **columns}
    deliver(store, EVENTS, [{"time": at, "kind": kind, **told}])


def probes(store: Store, *lags: float | None, at: datetime = NOON, **columns: Any) -> None:
    """One probe a minute; one without a lag timed out."""
    told = {"region": EU, "target_region": US, "layer": "session", "resource": "shop-sessions", **columns}
    deliver(
        store,
        PROBES,
        [
            {"time": at + 60 * minute * SECOND, "key_hash": str(minute), "lag_ms": lag}
            | {"error_bound_ms": None if lag is None else lag / 10}
            | {"outcome": "timeout" if lag is None else "visible", **told}
            for minute, lag in enumerate(lags)
        ],
    )
