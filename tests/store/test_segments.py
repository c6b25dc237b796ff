"""Segments: one file per region and day, put once, every value as it came."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pyarrow.parquet as pq
import pytest
from store_rows import START, arrow, row, rows

from store import segments
from store.engine import connect, url
from store.layout import content_id
from store.objects import Store, open_store
from store.schema import LOGS, arrow_schema

ID = content_id([b"delivery"])


def test_rows_are_split_by_region_and_day(store: Store) -> None:
    late = row(3, time=START - timedelta(days=1))
    written = segments.write(store, LOGS, arrow([*rows(range(2)), row(2, region="us-east-1"), late]), ID)
    assert [(file.region, file.day) for file in written.files] == [
        ("eu-west-1", date(2026, 2, 28)),
        ("eu-west-1", date(2026, 3, 1)),
        ("us-east-1", date(2026, 3, 1)),
    ]
    assert (written.stored, written.duplicate) == (4, 0)
    assert [store.info(file.path).path for file in written.files] == [file.path for file in written.files]


def test_the_same_delivery_again_counts_as_duplicate(store: Store) -> None:
    some = arrow(rows(range(5)))
    first = segments.write(store, LOGS, some, ID)
    second = segments.write(store, LOGS, some, ID)
    assert (second.stored, second.duplicate) == (0, 5)
    assert second.files == first.files


def test_a_delivery_that_was_cut_off_is_completed(store: Store) -> None:
    some = arrow([*rows(range(3)), row(3, region="us-east-1")])
    first = segments.write(store, LOGS, some, ID)
    store.delete([first.files[1].path])
    again = segments.write(store, LOGS, some, ID)
    assert (again.stored, again.duplicate) == (1, 3)


def test_every_value_is_read_back_as_it_came(store: Store) -> None:
    ugly = ["", "\0 NUL \0", "a\r\nb\tc", "ünïcode \U0010ffff", "x" * 1_000_000, "'; DROP TABLE logs", "NULL"]
    some = [
        row(number, body=text, user_id=text, request_id=text, attributes=[(text, text), (text + "2", None)])
        for number, text in enumerate(ugly)
    ]
    (file,) = segments.write(store, LOGS, arrow(some), ID).files
    with connect(store) as connection:
        query = "SELECT body, user_id, request_id, attributes FROM read_parquet(?) ORDER BY event_id"
        found = connection.execute(query, [url(store, file.path)]).fetchall()
    assert found == [(text, text, text, {text: text, text + "2": None}) for text in ugly]


def test_a_segment_has_the_columns_and_types_of_the_schema() -> None:
    store = open_store("memory://")
    (file,) = segments.write(store, LOGS, arrow(rows(range(3))), ID).files
    assert pq.read_schema(io.BytesIO(store.get(file.path))).equals(arrow_schema(LOGS))


@pytest.mark.parametrize("column", ["time", "region", "day"])
def test_a_row_without_its_place_is_refused_before_anything_is_put(column: str) -> None:
    store = open_store("memory://")
    broken = row(1)
    broken[column] = None
    with pytest.raises(ValueError, match=f"logs.{column}"):
        segments.write(store, LOGS, arrow([row(0), broken]), ID)
    assert list(store.list()) == []


def test_a_hostile_region_cannot_leave_the_store() -> None:
    store = open_store("memory://")
    with pytest.raises(ValueError, match="lower-case"):
        segments.write(store, LOGS, arrow([row(0), row(1, region="../../etc")]), ID)
    assert list(store.list()) == []
