"""Rows for tests, of the table `logs` or of any other, and how to deliver and read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from store import segments, tables
from store.engine import connect, url
from store.layout import DataFile, content_id, data_file
from store.objects import Store
from store.schema import LOGS, Table, Type, arrow_schema

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Row = dict[str, Any]


def row(number: int, region: str = "eu-west-1", **columns: Any) -> Row:
    """The log event of that number, one a second from START; the same number is the same event."""
    time = columns.pop("time", START + timedelta(seconds=number))
    filled: Row = {column.name: None for column in LOGS.columns}
    filled |= {
        "time": time,
        "observed_time": time + timedelta(seconds=2),
        "region": region,
        "day": time.date(),
        "account_id": "123456789012",
        "service": "orders",
        "severity_number": 9,
        "severity_text": "INFO",
        "body": f"order {number} accepted",
        "trace_id": f"{number:032x}",
        "request_id": f"00000000-0000-0000-0000-{number:012d}",
        "user_id": f"u-{number % 7}" if number % 5 else None,
        "log_group": "/aws/lambda/orders",
        "log_stream": "2026/03/01/[$LATEST]abc",
        "event_id": f"{number:056d}",
        "attributes": [("http.route", "/orders/{id}"), ("note", None)],
    }
    return filled | columns


def rows(numbers: Iterable[int], **columns: Any) -> list[Row]:
    return [row(number, **columns) for number in numbers]


def sample(table: Table, number: int, region: str = "eu-west-1", **columns: Any) -> Row:
    """A row of any table with a value in every column, one a second from START; same number, same row."""
    time = START + timedelta(seconds=number)
    values: dict[Type, Any] = {
        "timestamp": time,
        "date": time.date(),
        "string": f"{number % 7} ünï",
        "integer": number % 5,
        "double": number / 4,
        "map": [("a.b", str(number)), ("none", None)],
    }
    return {column.name: values[column.type] for column in table.columns} | {"region": region} | columns


def samples(table: Table, numbers: Iterable[int], **columns: Any) -> list[Row]:
    return [sample(table, number, **columns) for number in numbers]


def arrow(rows: list[Row], table: Table = LOGS) -> pa.Table:
    """The rows as a collector hands them over: all columns, region and day among them."""
    schema = arrow_schema(table).append(pa.field("region", pa.string())).append(pa.field("day", pa.date32()))
    return pa.Table.from_pylist(rows, schema=schema)


def deliver(store: Store, rows: list[Row], salt: str = "", table: Table = LOGS) -> tuple[DataFile, ...]:
    """Put the rows as the segments of one delivery, not yet committed."""
    id = content_id([salt.encode(), *(repr(sorted(one.items())).encode() for one in rows)])
    return segments.write(store, table, arrow(rows, table), id).files


def stored(store: Store, columns: str = "region, event_id", table: Table = LOGS) -> Counter[tuple[Any, ...]]:
    """What the table holds, read from its committed files: each row and how often it is there."""
    active = tables.snapshot(store, table).active.values()
    found: Counter[tuple[Any, ...]] = Counter()
    with connect(store) as connection:
        for file in active:
            location = url(store, f"{table.name}/{file.name}")
            query = f"SELECT {columns} FROM read_parquet(?, hive_partitioning = true)"
            found.update(connection.execute(query, [location]).fetchall())
    return found


def once(rows: Iterable[Row]) -> Counter[tuple[Any, ...]]:
    """What `stored` shows when each of the rows is there exactly once."""
    return Counter(dict.fromkeys(((one["region"], one["event_id"]) for one in rows), 1))


def times(rows: Iterable[Row]) -> Counter[tuple[Any, ...]]:
    """What `stored` shows of the columns region and time, if each of the rows is there."""
    return Counter((one["region"], one["time"]) for one in rows)


def files_on(store: Store, table: Table = LOGS) -> set[str]:
    """The data files that lie in the table's folder, committed or not."""
    return {item.path for item in store.list(table.name) if data_file(item.path)}
