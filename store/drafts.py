"""What new segments add to a table: each one's rows that are not there yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from store.engine import Workspace, name, url
from store.layout import DataFile
from store.parts import Statistics, order, rows_of, statistics
from store.schema import SQL_TYPES, Table
from store.tables import Active


@dataclass(frozen=True, slots=True)
class Failed:
    """A segment that could not be committed now, and why. It stays where it is."""

    file: DataFile
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A readable segment: how many of its rows are new, their statistics, and how many are not new.

    `number` is its place in the temporary tables that `examine` made.
    """

    file: DataFile
    number: int
    size: int
    statistics: Statistics
    duplicates: int


def examine(
    work: Workspace, table: Table, committed: Sequence[Active], segments: Sequence[DataFile]
) -> tuple[list[Draft], list[Failed]]:
    """Compare segments of one partition with each other and with the partition's committed files.

    Of equal rows the one in the earliest segment of the sequence remains.
    """
    _make_tables(work, table)
    sizes: dict[int, int] = {}
    failed: list[Failed] = []
    for number, segment in enumerate(segments):
        try:
            size = work.store.info(segment.path).size
            _take(work, table, number, segment)
            sizes[number] = size
        except (OSError, TypeError, duckdb.Error) as error:
            failed.append(Failed(segment, _sentence(error)))
    try:
        _find_duplicates(work, table, committed)
    except duckdb.Error as error:
        reason = f"cannot be compared with what is committed: {_sentence(error)}"
        return [], failed + [Failed(segments[number], reason) for number in sizes]
    return [_draft(work, table, number, segments[number], size) for number, size in sizes.items()], failed


def new_rows(work: Workspace, table: Table, draft: Draft) -> str:
    """A SQL relation of a segment's rows that are new, all its columns, in the order of a part."""
    old = f"(SELECT row FROM duplicate WHERE segment = {draft.number})"
    return (
        f"(SELECT * EXCLUDE (file_row_number) FROM {rows_of(table, [url(work.store, draft.file.path)])} "
        f"WHERE file_row_number NOT IN {old} ORDER BY {order(table)})"
    )


def _make_tables(work: Workspace, table: Table) -> None:
    read = _read(table)
    columns = ", ".join(
        f"{name(column.name)} {SQL_TYPES[column.type]}" for column in table.stored if column.name in read
    )
    work.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE incoming (segment INTEGER, row BIGINT, {columns});"
        "CREATE OR REPLACE TEMP TABLE duplicate (segment INTEGER, row BIGINT)"
    )


def _read(table: Table) -> list[str]:
    """The columns that are read of a segment: its identity and what its statistics are about."""
    return [column.name for column in table.stored if column.name in {*table.identity, *table.sort}]


def _take(work: Workspace, table: Table, number: int, segment: DataFile) -> None:
    """Put a segment's keys into `incoming`. Raises what makes the segment unreadable."""
    location = url(work.store, segment.path)
    found = work.connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [location]).fetchall()
    types = {row[0]: row[1] for row in found}
    for column in table.stored:
        wanted = SQL_TYPES[column.type]
        if types.get(column.name, wanted) != wanted:
            raise TypeError(f"column {column.name} is {types[column.name]}, must be {wanted}")
    columns = ", ".join(map(name, _read(table)))
    work.connection.execute(
        f"INSERT INTO incoming SELECT {number}, file_row_number, {columns} FROM {rows_of(table, [location])}"
    )


def _find_duplicates(work: Workspace, table: Table, committed: Sequence[Active]) -> None:
    columns = [name(column) for column in table.identity]
    key = ", ".join(columns)
    work.connection.execute(
        "INSERT INTO duplicate SELECT segment, row FROM incoming "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY segment, row) > 1"
    )
    spans = work.connection.execute("SELECT min(time), max(time) FROM incoming GROUP BY segment").fetchall()
    near = [url(work.store, f"{table.name}/{file.name}") for file in committed if _overlaps(file, spans)]
    if near:
        same = " AND ".join(f"old.{column} IS NOT DISTINCT FROM new.{column}" for column in columns)
        work.connection.execute(
            "INSERT INTO duplicate SELECT segment, row FROM incoming AS new "
            f"SEMI JOIN (SELECT {key} FROM {rows_of(table, near)} WHERE time BETWEEN "
            f"(SELECT min(time) FROM incoming) AND (SELECT max(time) FROM incoming)) AS old ON {same}"
        )


def _overlaps(file: Active, spans: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether the file may hold rows of the time of one of the segments; a file without bounds may."""
    first, last = file.low.get("time"), file.high.get("time")
    return first is None or last is None or any(first <= end and last >= start for start, end in spans)


def _draft(work: Workspace, table: Table, number: int, segment: DataFile, size: int) -> Draft:
    mine = f"(SELECT * FROM incoming WHERE segment = {number})"
    kept = statistics(work.connection, table, f"({mine} ANTI JOIN duplicate USING (segment, row))")
    return Draft(segment, number, size, kept, work.count(mine) - kept.rows)


def _sentence(error: Exception) -> str:
    """The first line of an error; what follows it is of no use to an operator."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]
