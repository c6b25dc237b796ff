"""Plain Delta: other engines read the same rows, also of an old store whose schema has grown since."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable
from locations import Location
from store_rows import START, arrow, deliver, row, rows

from store import schema, segments, tables
from store.commit import commit, sweep
from store.compact import compact
from store.engine import connect, quote
from store.objects import Store, open_store
from store.schema import LOGS

LATER = START + timedelta(days=3)


def by_duckdb(store: Store, query: str = "SELECT * FROM logs") -> list[dict[str, Any]]:
    with connect(store, delta=True) as connection:
        connection.execute(f"CREATE VIEW logs AS FROM delta_scan({quote(store.table_uri('logs'))})")
        found = connection.execute(query)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, values, strict=True)) for values in found.fetchall()]


def by_polars(store: Store) -> list[dict[str, Any]]:
    frame = pl.read_delta(store.table_uri("logs"), storage_options=store.storage_options)
    return frame.to_dicts()


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda one: (one["region"], one["event_id"]))


def expected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return in_order([one | {"attributes": dict(one["attributes"])} for one in rows])


def test_duckdb_and_polars_read_the_rows_that_were_delivered(store: Store) -> None:
    some = [
        *rows(range(20)),
        row(20, region="us-east-1", duration_ms=math.pi, http_status=503, error_type="Timeout"),
        row(21, time=START - timedelta(days=1), body="\0 ünïcode \r\n", user_id="\0", attributes=[("", "")]),
    ]
    commit(store, deliver(store, some))
    commit(store, deliver(store, [*some[:5], row(22)]))
    some.append(row(22))
    assert in_order(by_duckdb(store)) == expected(some)
    assert in_order(by_polars(store)) == expected(some)
    compact(store, LATER)
    assert in_order(by_duckdb(store)) == expected(some)
    assert in_order(by_polars(store)) == expected(some)


def test_the_bounds_in_the_log_hide_no_row_from_a_search(store: Store) -> None:
    users = [
        None,
        "",
        "a",
        "u-1",
        "ünï",
        "\U0010ffff" * 200,
        "z" * 300,
        "a" * 128 + "\U0010ffff" * 2,
        "\0",
        "u\"'\\\n",
    ]
    for number, user in enumerate(users):
        deliver(store, [row(number, user_id=user)])
    sweep(store)
    with connect(store, delta=True) as connection:
        logs = f"delta_scan({quote(store.table_uri('logs'))})"
        for number, user in enumerate(users):
            for column, value in (("user_id", user), ("time", row(number)["time"])):
                where = f"{column} IS NOT DISTINCT FROM ?" if value is None else f"{column} = ?"
                found = connection.execute(f"SELECT event_id FROM {logs} WHERE {where}", [value]).fetchall()
                assert [int(id) for (id,) in found] == [number], (column, value)


def test_an_old_store_stays_readable_and_takes_rows_with_a_new_column(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = location.open()
    old = replace(
        LOGS, columns=tuple(one for one in LOGS.columns if one.name not in {"session_id", "error_type"})
    )
    monkeypatch.setitem(schema.TABLES, "logs", old)
    tables.ensure(store)
    commit(store, old_segment(store, old, range(5)))
    monkeypatch.setitem(schema.TABLES, "logs", LOGS)
    tables.ensure(store)
    commit(store, old_segment(store, old, range(5, 10)))
    commit(store, deliver(store, rows(range(8, 15), session_id="s", error_type="E")))
    compact(store, LATER)
    found = in_order(by_duckdb(store))
    assert [int(one["event_id"]) for one in found] == list(range(15))
    assert [one["session_id"] for one in found] == [None] * 10 + ["s"] * 5
    assert in_order(by_polars(store)) == found


def old_segment(store: Store, table: schema.Table, numbers: range) -> Any:

    return segments.write(store, table, arrow(rows(numbers)), f"{numbers.start:032x}").files


@pytest.mark.parametrize("name", ["with space", "[brackets] *?", "# hash", "it's ünïcode"])
def test_a_folder_of_any_name_holds_tables(name: str, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / name))
    tables.ensure(store)
    for numbers in (range(5), range(3, 8), range(8, 12)):
        commit(store, deliver(store, rows(numbers)))
    compact(store, LATER)
    assert [int(one["event_id"]) for one in in_order(by_duckdb(store))] == list(range(12))


def test_a_table_can_be_read_as_it_was_before_a_compaction(store: Store) -> None:
    commit(store, [*deliver(store, rows(range(5))), *deliver(store, rows(range(5, 9)))])
    version = tables.load(store, LOGS).version()
    compact(store, LATER)
    before = DeltaTable(store.table_uri("logs"), version=version, storage_options=store.storage_options)
    assert before.count() == 9
    assert len(before.file_uris()) == 2


def test_a_connection_answers_in_utc_and_loads_nothing_else(local_store: Store) -> None:
    with connect(local_store, delta=True) as connection:
        assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
        with pytest.raises(duckdb.Error, match="while database is running"):
            connection.execute("SET allow_unsigned_extensions = true")
        with pytest.raises(duckdb.Error, match="httpfs"):
            connection.execute("SELECT * FROM 's3://bucket/file.parquet'")
