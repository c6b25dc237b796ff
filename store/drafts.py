"""What new segments change in a table: each one's rows that are not there yet, and the rows they replace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from store import revisions
from store.engine import Workspace, name, quote, url
from store.layout import DataFile
from store.parts import NOTHING, Statistics, instant, measured, measures, order, rows_of
from store.schema import SQL_TYPES, Column, Table
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


@dataclass(frozen=True, slots=True)
class Loss:
    """A committed file some of whose rows are replaced, and how many."""

    file: Active
    rows: int


@dataclass(frozen=True, slots=True)
class Examined:
    """Segments that can be committed, committed files that lose rows to them, and segments that cannot."""

    drafts: list[Draft]
    losses: list[Loss]
    failed: list[Failed]


def examine(
    work: Workspace, table: Table, committed: Sequence[Active], segments: Sequence[DataFile]
) -> Examined:
    """Compare segments of one partition with each other and with the partition's committed files.

    Of equal rows a committed one remains, or the one in the earliest segment of the sequence.
    """
    _make_tables(work, table)
    sizes, failed = _sizes(work, segments)
    failed |= _take(work, table, {number: segments[number] for number in sizes})
    try:
        _compare(work, table, committed)
    except duckdb.Error as error:
        reason = f"cannot be compared with what is committed: {_sentence(error)}"
        failed |= dict.fromkeys(sizes.keys() - failed.keys(), reason)
        work.connection.execute("DELETE FROM superseded")
    read = sorted(sizes.keys() - failed.keys())
    new, old = _statistics(work, table)
    drafts = [
        Draft(segments[number], number, sizes[number], new.get(number, NOTHING), old.get(number, 0))
        for number in read
    ]
    return Examined(
        drafts,
        _losses(work, table, committed),
        [Failed(segments[number], reason) for number, reason in sorted(failed.items())],
    )


def _sizes(work: Workspace, segments: Sequence[DataFile]) -> tuple[dict[int, int], dict[int, str]]:
    """The bytes of each segment that is there, and why each other one is not."""
    sizes: dict[int, int] = {}
    missing: dict[int, str] = {}
    for number, segment in enumerate(segments):
        try:
            sizes[number] = work.store.info(segment.path).size
        except OSError as error:
            missing[number] = _sentence(error)
    return sizes, missing


def new_rows(work: Workspace, table: Table, draft: Draft) -> str:
    """A SQL relation of a segment's rows that are new, all its columns, in the order of a part."""
    return _rows_but(table, url(work.store, draft.file.path), f"duplicate WHERE segment = {draft.number}")


def rest(work: Workspace, table: Table, loss: Loss) -> str:
    """A SQL relation of a committed file's rows that are not replaced, in the order of a part."""
    location = _location(work, table, loss.file)
    return _rows_but(table, location, f"superseded WHERE file = {quote(location)}")


def _rows_but(table: Table, location: str, gone: str) -> str:
    return (
        f"(SELECT * EXCLUDE (file_row_number) FROM {rows_of(table, [location])} "
        f"WHERE file_row_number NOT IN (SELECT row FROM {gone}) ORDER BY {order(table)})"
    )


def _location(work: Workspace, table: Table, file: Active) -> str:
    return url(work.store, f"{table.name}/{file.name}")


def _make_tables(work: Workspace, table: Table) -> None:
    columns = [f"{name(column.name)} {SQL_TYPES[column.type]}" for column in _read(table)]
    columns += ["content VARCHAR"] if table.revision else []
    work.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE incoming (segment INTEGER, row BIGINT, {', '.join(columns)});"
        "CREATE OR REPLACE TEMP TABLE duplicate (segment INTEGER, row BIGINT);"
        "CREATE OR REPLACE TEMP TABLE superseded (file VARCHAR, row BIGINT)"
    )


def _read(table: Table) -> list[Column]:
    """The columns that are read of a segment: identity, what its statistics are about, and its revision."""
    read = {*table.identity, *table.sort, *revisions.columns(table)}
    return [column for column in table.stored if column.name in read]


def _take(work: Workspace, table: Table, segments: dict[int, DataFile]) -> dict[int, str]:
    """Put the segments' keys into `incoming`; returns why some are unreadable.

    All are read at once, which takes a tenth of the time; if that fails, each half, down to the culprits.
    """
    if not segments:
        return {}
    urls = [url(work.store, segment.path) for segment in segments.values()]
    try:
        _check_types(work, table, urls)
        columns = [name(column.name) for column in _read(table)]
        columns += [revisions.digest(table)] if table.revision else []
        work.connection.execute(
            f"INSERT INTO incoming SELECT segment, file_row_number, {', '.join(columns)} "
            f"FROM {rows_of(table, urls, named=True)} "
            "JOIN (SELECT unnest(?::VARCHAR[]) AS url, unnest(?::INTEGER[]) AS segment) ON url = filename",
            [urls, list(segments)],
        )
    except (TypeError, duckdb.Error) as error:
        if len(segments) == 1:
            return dict.fromkeys(segments, _sentence(error))
        numbers = sorted(segments)
        middle = len(numbers) // 2
        halves = (numbers[:middle], numbers[middle:])
        first, second = (_take(work, table, {number: segments[number] for number in half}) for half in halves)
        return first | second
    return {}


def _check_types(work: Workspace, table: Table, urls: list[str]) -> None:
    """Raises TypeError unless all files have the same columns, and these the types of the table."""
    schemas = work.count(
        "(SELECT DISTINCT list((name, type, logical_type)) "
        f"FROM parquet_schema([{', '.join(map(quote, urls))}]) GROUP BY file_name)"
    )
    if schemas != 1:
        raise TypeError("the files have different columns")
    found = work.connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", urls[:1]).fetchall()
    types = {row[0]: row[1] for row in found}
    if "time" not in types:
        raise TypeError("column time is missing")
    for column in table.stored:
        wanted = SQL_TYPES[column.type]
        if types.get(column.name, wanted) != wanted:
            raise TypeError(f"column {column.name} is {types[column.name]}, must be {wanted}")


def _compare(work: Workspace, table: Table, committed: Sequence[Active]) -> None:
    """Find the rows that are not to be in the table, among those that are incoming or committed."""
    bounds = (
        f"SELECT {instant('min(time)')}, {instant('max(time)')} FROM incoming "
        "WHERE time IS NOT NULL GROUP BY segment"
    )
    spans = [tuple(map(datetime.fromisoformat, span)) for span in work.connection.execute(bounds).fetchall()]
    near = [_location(work, table, file) for file in committed if _overlaps(file, spans)]
    if table.revision:
        revisions.find_outdone(work, table, near)
    else:
        _find_duplicates(work, table, near)


def _find_duplicates(work: Workspace, table: Table, near: Sequence[str]) -> None:
    columns = [name(column) for column in table.identity]
    key = ", ".join(columns)
    work.connection.execute(
        "INSERT INTO duplicate SELECT segment, row FROM incoming "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY segment, row) > 1"
    )
    if near:
        same = " AND ".join(f"old.{column} IS NOT DISTINCT FROM new.{column}" for column in columns)
        work.connection.execute(
            "INSERT INTO duplicate SELECT segment, row FROM incoming AS new "
            f"SEMI JOIN (SELECT {key} FROM {rows_of(table, near)} WHERE time BETWEEN "
            f"(SELECT min(time) FROM incoming) AND (SELECT max(time) FROM incoming)) AS old ON {same}"
        )


def _overlaps(file: Active, spans: Sequence[tuple[datetime, ...]]) -> bool:
    """Whether the file may hold rows of the time of one of the segments; a file without bounds may."""
    first, last = file.low.get("time"), file.high.get("time")
    return any(first is None or last is None or (first <= end and last >= start) for start, end in spans)


def _statistics(work: Workspace, table: Table) -> tuple[dict[int, Statistics], dict[int, int]]:
    """By segment: the statistics of its new rows, if it has any, and how many of its rows are not new."""
    new = work.connection.execute(
        f"SELECT segment, {measures(table)} FROM incoming ANTI JOIN duplicate USING (segment, row) "
        "GROUP BY segment"
    )
    statistics = {number: measured(table, values) for number, *values in new.fetchall()}
    old = work.connection.execute("SELECT segment, count(DISTINCT row) FROM duplicate GROUP BY segment")
    return statistics, dict(old.fetchall())


def _losses(work: Workspace, table: Table, committed: Sequence[Active]) -> list[Loss]:
    counts = dict(work.connection.execute("SELECT file, count(*) FROM superseded GROUP BY file").fetchall())
    lost = [(file, counts.get(_location(work, table, file))) for file in committed] if counts else []
    return [Loss(file, rows) for file, rows in lost if rows]


def _sentence(error: Exception) -> str:
    """The first line of an error; what follows it is of no use to an operator."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]
