"""Log records for the tests of queries, and how they get into a store."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from store import segments
from store.commit import commit
from store.compact import compact
from store.layout import content_id
from store.objects import Store
from store.schema import LOGS, arrow_schema

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

Row = dict[str, Any]

_number = itertools.count(1)


def record(at: datetime = NOON, region: str = "eu-west-1", **columns: Any) -> Row:
    """A log record that is silent about all but what is given; each call is another event."""
    known = {
        "time": at,
        "observed_time": at,
        "region": region,
        "day": at.date(),
        "account_id": "123456789012",
        "body": "",
        "log_group": "/aws/lambda/orders",
        "log_stream": "stream",
        "event_id": f"{next(_number):056d}",
        "attributes": [],
    }
    return {column.name: None for column in LOGS.columns} | known | columns


def put(store: Store, *rows: Row) -> None:
    """Deliver the records and commit them."""
    schema = arrow_schema(LOGS).append(pa.field("region", pa.string())).append(pa.field("day", pa.date32()))
    id = content_id([row["event_id"].encode() for row in rows])
    result = commit(store, segments.write(store, LOGS, pa.Table.from_pylist(list(rows), schema), id).files)
    assert result.rows == len(rows)


def put_compacted(store: Store, *rows: Row) -> None:
    """Deliver the records and let their days be closed: sorted files with Bloom filters."""
    put(store, *rows)
    assert not compact(store, now=max(row["time"] for row in rows) + 10 * DAY).failed


def bodies(rows: Any) -> Sequence[str]:
    """The messages of a relation, in its order."""
    return [body for (body,) in rows.project("body").fetchall()]
