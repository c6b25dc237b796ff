"""A part: a Parquet file made by the committer or compaction, sorted, with Bloom filters and statistics."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from deltalake.transaction import AddAction

from store import tables
from store.engine import name, quote
from store.layout import DataFile
from store.objects import Store
from store.schema import SQL_TYPES, Column, Table

# A search decodes the row groups that may hold what it looks for, and asks the statistics or Bloom filters
# of all others. Smaller groups are cheaper to decode and more to ask. The log tells which file has a user,
# but any file may have a request. DuckDB 1.5.5 against plain Parquet sorted by time, 20 million rows, 950,000
# in each region and day, two cores (`python benchmarks/search.py --millions 20`; CPU: medians of 8):
#   16,384 rows per group, files of them     32 (CPU)   16 (CPU)   16 (elapsed)
#   a user: times faster                          7.2        8.5            7.1
#   a request: times faster                      10.9        8.6            6.6
# Groups of 30,720 rows in one file double the time of a user. On S3 a filter asked is a read.
ROW_GROUP_ROWS = 16_384
ROW_GROUP_BYTES = 128_000_000  # in memory, where rows are long
FILE_ROWS = 16 * ROW_GROUP_ROWS

# DuckDB writes a Bloom filter only for a dictionary-encoded column, and encodes so only while the dictionary
# is small. Ids (36 characters and a length of 4 bytes) are to fit even if all differ; bodies are not.
DICTIONARY_BYTES_PER_ROW = 48

STATISTIC_LENGTH = 128  # longer strings are cut in the log: they are bounds, and bounds may be loose
LAST = "\U0010ffff"  # the character above all others


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the log says about a file: rows, and per column its bounds and number of nulls."""

    rows: int
    low: dict[str, Any]
    high: dict[str, Any]
    nulls: dict[str, int]

    def json(self) -> str:
        """Per-file statistics as the Delta protocol writes them."""
        return json.dumps(
            {
                "numRecords": self.rows,
                "minValues": self.low,
                "maxValues": self.high,
                "nullCount": self.nulls,
            }
        )


def new_id() -> str:
    """A part's id, never used before: what one attempt discards, no other can have committed."""
    return uuid.uuid4().hex


def rows_of(table: Table, urls: Iterable[str], named: bool = False) -> str:
    """A SQL relation of all rows of some files: every column of the table, also those an old file lacks.

    Besides, `file_row_number` counts the rows of each file from 0, and if `named`, `filename` is its URL.
    """
    blank = ", ".join(f"NULL::{SQL_TYPES[column.type]} AS {name(column.name)}" for column in table.stored)
    files = ", ".join(quote(url) for url in urls)
    return (
        f"(SELECT {blank} WHERE false UNION ALL BY NAME "
        f"SELECT * FROM read_parquet([{files}], union_by_name = true, hive_partitioning = false, "
        f"file_row_number = true, filename = {named}))"
    )


def order(table: Table) -> str:
    """The ORDER BY of a part."""
    return ", ".join(f"{name(column)} NULLS LAST" for column in table.sort)


def write(connection: duckdb.DuckDBPyConnection, rows: str, file: Path) -> None:
    """Write the rows of a SQL relation, which has the part's order, to a local file."""
    # DuckDB bounds a row group by bytes only if it need not keep the order; one thread keeps it anyway.
    connection.execute("SET preserve_insertion_order = false; SET threads = 1")
    connection.execute(
        f"COPY {rows} TO {quote(str(file))} (FORMAT parquet, COMPRESSION zstd, "
        f"ROW_GROUP_SIZE {ROW_GROUP_ROWS}, ROW_GROUP_SIZE_BYTES {ROW_GROUP_BYTES}, "
        f"DICTIONARY_SIZE_LIMIT {ROW_GROUP_ROWS}, "
        f"STRING_DICTIONARY_PAGE_SIZE_LIMIT {ROW_GROUP_ROWS * DICTIONARY_BYTES_PER_ROW})"
    )
    connection.execute("RESET preserve_insertion_order; RESET threads")


NOTHING = Statistics(0, {}, {}, {})


def statistics(connection: duckdb.DuckDBPyConnection, table: Table, rows: str) -> Statistics:
    """Statistics over a SQL relation, of the columns that a file is found by: time and the sort order."""
    values = connection.execute(f"SELECT {measures(table)} FROM {rows}").fetchone()
    assert values
    return measured(table, values)


def measures(table: Table) -> str:
    """The SQL aggregates that `measured` makes statistics of."""
    each = (
        f"count({name(column.name)}), {_low(column)}, {_high(column)}" for column in _measured_columns(table)
    )
    return ", ".join(("count(*)", *each))


def measured(table: Table, values: Sequence[Any]) -> Statistics:
    """The statistics in a row of `measures`."""
    total, present, low, high = values[0], values[1::3], values[2::3], values[3::3]
    names = [column.name for column in _measured_columns(table)]
    return Statistics(
        total,
        {column: value for column, value in zip(names, low, strict=True) if value is not None},
        {column: value for column, value in zip(names, high, strict=True) if value is not None},
        {column: total - count for column, count in zip(names, present, strict=True)},
    )


def _measured_columns(table: Table) -> list[Column]:
    return [column for column in table.stored if column.name in {"time", *table.sort}]


def add_action(file: DataFile, size: int, statistics: Statistics, data_change: bool) -> AddAction:
    """Register a file that is already there."""
    partition = {"region": file.region, "day": file.day.isoformat()}
    return AddAction(file.name, size, partition, tables.now_ms(), data_change, statistics.json())


def discard(store: Store, table: Table, made: Iterable[DataFile]) -> None:
    """Delete the parts of a change that did not happen, unless the log says that it did."""
    if made := list(made):
        snapshot = tables.snapshot(store, table)
        store.delete(part.path for part in made if not snapshot.knows(part.name))


def instant(expression: str) -> str:
    """A SQL expression of a time as ISO 8601 text, as in the log; to fetch a time DuckDB would need pytz."""
    return f"strftime({expression}, '%Y-%m-%dT%H:%M:%S.%fZ')"


def _low(column: Column) -> str:
    least = f"min({name(column.name)})"
    if column.type == "timestamp":
        return instant(least)
    return f"left({least}, {STATISTIC_LENGTH})" if column.type == "string" else least


def _high(column: Column) -> str:
    most = f"max({name(column.name)})"
    if column.type == "timestamp":
        return instant(most)
    if column.type != "string":
        return most
    # Cut, with the last character there is in the place of one below it; unknown if there is none below it.
    cut = f"rtrim(left({most}, {STATISTIC_LENGTH + 1}), {quote(LAST)})"
    above = f"nullif(left({cut}, length({cut}) - 1) || {quote(LAST)}, {quote(LAST)})"
    return f"CASE WHEN length({most}) > {STATISTIC_LENGTH} THEN {above} ELSE {most} END"
