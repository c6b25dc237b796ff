"""Verification: is every committed file there and whole, and has every segment been committed?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb

from store import engine, quarantine, tables
from store.commit import waiting
from store.layout import DataFile
from store.objects import Store
from store.schema import TABLES, Table
from store.tables import Active

OVERDUE = timedelta(hours=1)  # a segment is committed within minutes; the sweep runs several times an hour

FOOTERS = 500  # files whose footers are read with one statement


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with which object."""

    path: str
    what: str


@dataclass(frozen=True, slots=True)
class Report:
    """Files and rows the tables hold, segments that wait, records in quarantine, and what is wrong."""

    files: int
    rows: int
    waiting: int
    quarantined: int
    problems: tuple[Problem, ...]


def verify(store: Store, now: datetime | None = None) -> Report:
    """Compare the log with the objects: existence, size and footer of every committed file."""
    now = now or datetime.now(UTC)
    committed: list[Active] = []
    problems: list[Problem] = []
    with engine.connect(store) as connection:
        for table in TABLES.values():
            active = list(tables.snapshot(store, table).active.values())
            problems += _damaged(store, connection, table, active)
            committed += active
    late = waiting(store)
    problems += _overdue(late, now)
    quarantined, damaged = _quarantine(store)
    rows = sum(file.rows or 0 for file in committed)
    return Report(len(committed), rows, len(late), quarantined, tuple(problems + damaged))


def _damaged(
    store: Store, connection: duckdb.DuckDBPyConnection, table: Table, active: Sequence[Active]
) -> Iterator[Problem]:
    sizes = {item.path: item.size for item in store.list(table.name)}
    whole: dict[str, Active] = {}
    for file in active:
        path = f"{table.name}/{file.name}"
        if path not in sizes:
            yield Problem(path, "is committed and not there")
        elif sizes[path] != file.size:
            yield Problem(path, f"has {sizes[path]} bytes, the log says {file.size}")
        else:
            whole[engine.url(store, path)] = file
    for url, rows in _counts(connection, list(whole)).items():
        path, said = f"{table.name}/{whole[url].name}", whole[url].rows
        if rows is None:
            yield Problem(path, "cannot be read as Parquet")
        elif rows != said:
            yield Problem(path, f"has {rows} rows, the log says {said}")


def _counts(connection: duckdb.DuckDBPyConnection, urls: Sequence[str]) -> dict[str, int | None]:
    """Rows by each file's footer, None where it cannot be read."""
    question = "SELECT file_name, num_rows FROM parquet_file_metadata(?)"
    if len(urls) <= FOOTERS:
        try:
            return dict(connection.execute(question, [list(urls)]).fetchall()) if urls else {}
        except duckdb.Error:  # of one file, but it does not say which
            if len(urls) == 1:
                return {urls[0]: None}
    half = len(urls) // 2
    return _counts(connection, urls[:half]) | _counts(connection, urls[half:])


def _overdue(late: Mapping[DataFile, datetime], now: datetime) -> Iterator[Problem]:
    for file, since in sorted(late.items()):
        if since < now - OVERDUE:
            yield Problem(file.path, f"waits for its commit since {since.isoformat(timespec='seconds')}")


def _quarantine(store: Store) -> tuple[int, list[Problem]]:
    count, damaged = 0, []
    for path in quarantine.paths(store):
        try:
            count += len(quarantine.read(store, path))
        except ValueError:
            damaged.append(Problem(path, "cannot be read as a quarantine file"))
    return count, damaged
