"""What holds for the log holds for every table: each row once, sorted when compacted, gone when expired."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from deltalake.exceptions import TableNotFoundError
from locations import Location
from store_rows import START, deliver, files_on, rows, sample, samples, stored, times

from store import tables
from store.commit import commit, pending, sweep
from store.compact import compact
from store.engine import connect, url
from store.objects import Store
from store.retention import expire, vacuum
from store.schema import LOGS, TABLES, Table, arrow_schema, delta_schema
from store.verify import Report, verify

CLOSED = START + timedelta(days=3)

each_table = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)


@each_table
def test_rows_are_in_the_table_once_from_delivery_to_expiry(store: Store, table: Table) -> None:
    some = [*samples(table, range(30)), *samples(table, range(10), region="us-east-1")]
    files = [*deliver(store, some[:20], table=table), *deliver(store, some[10:], table=table)]
    result = sweep(store)
    assert (set(result.committed), result.rows, result.duplicates) == (set(files), 40, 10)
    again = commit(store, deliver(store, [*some[5:25], sample(table, 30)], table=table))
    assert (again.rows, again.duplicates, again.replaced) == (1, 20, 0)
    some.append(sample(table, 30))
    assert stored(store, "region, time", table) == times(some)

    merged = compact(store, CLOSED)
    assert (merged.files_after, merged.rows, merged.failed) == (2, 41, ())
    assert stored(store, "region, time", table) == times(some)
    assert verify(store) == Report(files=2, rows=41, waiting=0, quarantined=0, problems=())

    days = {table.name: {"eu-west-1": 1}}
    (removed,) = expire(store, days, CLOSED, vacuum_after=timedelta(0)).removed
    assert (removed.table, removed.region, removed.rows) == (table.name, "eu-west-1", 31)
    assert stored(store, "region, time", table) == times(some[30:40])
    assert files_on(store, table) == {f"{table.name}/{name}" for name in tables.snapshot(store, table).active}
    assert pending(store) == []


@each_table
def test_every_value_of_a_row_is_read_back_by_another_engine(local_store: Store, table: Table) -> None:
    bare: dict[str, Any] = {column.name: None for column in table.columns}
    bare |= {"time": START + timedelta(hours=1), "region": "eu-west-1", "day": START.date()}
    some = [*samples(table, range(5)), bare]
    commit(local_store, deliver(local_store, some, table=table))
    compact(local_store, CLOSED)
    frame = pl.read_delta(local_store.table_uri(table.name), storage_options=local_store.storage_options)
    expected = [one | {"attributes": one["attributes"] and dict(one["attributes"])} for one in some]
    assert frame.sort("time").to_dicts() == expected


@each_table
def test_a_compacted_file_is_sorted_and_has_bloom_filters(
    local_store: Store, table: Table, tmp_path: Path
) -> None:
    for start in (20, 0, 10):
        commit(local_store, deliver(local_store, samples(table, range(start, start + 10)), table=table))
    compact(local_store, CLOSED)
    (file,) = tables.snapshot(local_store, table).active.values()
    path = f"{table.name}/{file.name}"
    (tmp_path / "file").write_bytes(local_store.get(path))
    read = pq.read_table(tmp_path / "file", columns=list(table.sort), partitioning=None).to_pylist()
    order = [tuple(row[column] for column in table.sort) for row in read]
    assert order == sorted(order)
    with connect(local_store) as connection:
        query = "SELECT path_in_schema FROM parquet_metadata(?) WHERE bloom_filter_offset IS NOT NULL"
        filtered = {name for (name,) in connection.execute(query, [url(local_store, path)]).fetchall()}
    assert filtered >= set(table.bloom)
    assert {*file.low} == {*file.high} == {"time", *table.sort}


@each_table
def test_rows_that_differ_in_any_part_of_their_identity_are_both_kept(
    local_store: Store, table: Table
) -> None:
    alike = sample(table, 0)
    other = {"timestamp": START + timedelta(milliseconds=1), "string": "other-1", "integer": 7}
    identity = {"time", *table.key}
    others = [{**alike, one.name: other[one.type]} for one in table.columns if one.name in identity]
    result = commit(local_store, deliver(local_store, [alike, *others], table=table))
    assert (result.rows, result.duplicates) == (1 + len(others), 0)


@each_table
def test_the_columns_that_say_what_a_row_is_are_columns_of_the_table(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    decisive = {"region", *table.key, *table.sort, *table.bloom, table.revision, table.final} - {None}
    assert decisive <= set(names)
    assert [field.name for field in delta_schema(table).fields] == names
    assert arrow_schema(table).names == [name for name in names if name not in ("region", "day")]


def test_an_old_store_that_has_only_logs_gets_the_other_tables(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = location.open()
    with monkeypatch.context() as then:
        for name in TABLES.keys() - {"logs"}:
            then.delitem(TABLES, name)
        tables.ensure(old)
        commit(old, deliver(old, rows(range(5))))
    with pytest.raises(TableNotFoundError, match="spans"):
        tables.load(old, TABLES["spans"])
    version = tables.load(old, LOGS).version()
    tables.ensure(old)
    assert tables.load(old, LOGS).version() == version
    for table in TABLES.values():
        deliver(old, samples(table, range(100, 103)), table=table)
    assert sweep(old).rows == 3 * len(TABLES)
    assert compact(old, CLOSED).failed == ()
    assert vacuum(old, datetime.now(UTC) + timedelta(days=2), timedelta(0))
    assert verify(old) == Report(len(TABLES), 5 + 3 * len(TABLES), 0, 0, ())


def test_one_sweep_commits_the_segments_of_all_tables(store: Store) -> None:
    for table in TABLES.values():
        deliver(store, samples(table, range(3)), table=table)
    result = sweep(store)
    assert sorted(file.table for file in result.committed) == sorted(TABLES)
    assert result.rows == 3 * len(TABLES)


@each_table
def test_the_format_page_tells_the_identity_order_and_indexes_of_a_table(table: Table) -> None:
    page = (Path(__file__).parents[2] / "docs/format.md").read_text(encoding="utf-8")

    def names(columns: Iterable[str]) -> str:
        return ", ".join(f"`{column}`" for column in columns)

    rule = "last" if table.revision else "first"
    assert f"\n## `{table.name}`\n\n{table.doc}\n" in page
    assert f"| `{table.name}` | {names(['region', *table.identity])} | {rule} |" in page
    assert f"| `{table.name}` | {names(table.sort)} | {names(table.bloom)} |" in page
