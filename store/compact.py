"""Compaction: the small files of a region and day become few large ones, sorted, with Bloom filters.

A change of files, never of rows: readers and committers go on meanwhile, and a compaction that is overtaken
by another one deletes what it made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import duckdb
from deltalake.transaction import AddAction, RemoveAction

from store import engine, layout, parts, runs, tables
from store.engine import Workspace
from store.layout import DataFile
from store.objects import Store
from store.schema import TABLES, Table
from store.tables import Active

MEMORY = 2 * 1024**3  # bytes; of a function with 3 GB
GRACE = timedelta(days=1)  # for late events, after the end of a day; then the day is closed

Progress = Callable[[int, int], None]  # rows merged so far, rows to merge in all


@dataclass(frozen=True, slots=True)
class Merge:
    """Files of one partition that are to become one sorted run."""

    table: Table
    region: str
    day: date
    files: tuple[Active, ...]

    @property
    def rows(self) -> int:
        return sum(map(_rows, self.files))

    def __str__(self) -> str:
        return f"{self.table.name} region={self.region} day={self.day.isoformat()}"


@dataclass(frozen=True, slots=True)
class CompactResult:
    """Files merged into fewer; merges that another process made superfluous; those that failed, and why."""

    files_before: int = 0
    files_after: int = 0
    rows: int = 0
    overtaken: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def __add__(self, other: CompactResult) -> CompactResult:
        return CompactResult(
            self.files_before + other.files_before,
            self.files_after + other.files_after,
            self.rows + other.rows,
            self.overtaken + other.overtaken,
            self.failed + other.failed,
        )


def compact(
    store: Store,
    now: datetime | None = None,
    grace: timedelta = GRACE,
    memory: int = MEMORY,
    progress: Progress | None = None,
) -> CompactResult:
    """Merge what is worth merging in every table.

    In an open day only small files are merged; a day closed for `grace` becomes one sorted run. DuckDB keeps
    to `memory` bytes and spills to the temporary folder.
    """
    now = now or datetime.now(UTC)
    merges = [merge for table in TABLES.values() for merge in plan(store, table, now, grace)]
    total, done = sum(merge.rows for merge in merges), 0
    result = CompactResult()
    for merge in merges:
        result += _run(store, merge, memory)
        done += merge.rows
        if progress:
            progress(done, total)
    for table in dict.fromkeys(merge.table for merge in merges):
        tables.checkpoint(store, table)  # planning a search takes a third less time
    return result


def plan(store: Store, table: Table, now: datetime, grace: timedelta = GRACE) -> Iterator[Merge]:
    """The merges that a table calls for, oldest day first."""
    partitions: dict[tuple[date, str], list[Active]] = {}
    for file in tables.snapshot(store, table).active.values():
        partitions.setdefault((file.day, file.region), []).append(file)
    for (day, region), files in sorted(partitions.items(), key=lambda item: item[0]):
        closed = now >= datetime.combine(day, time(), UTC) + timedelta(days=1) + grace
        for group in _unsorted(table, files) if closed else _small(files):
            yield Merge(table, region, day, tuple(group))


def _unsorted(table: Table, files: list[Active]) -> list[list[Active]]:
    """All files, unless they are the parts of one sorted run: in the sort order they do not overlap."""
    if not all(_is_part(table, file) for file in files):
        return [files]
    spans = sorted(_span(table, file) for file in files)
    return [] if all(before[1] <= after[0] for before, after in pairwise(spans)) else [files]


def _is_part(table: Table, file: Active) -> bool:
    known = layout.data_file(f"{table.name}/{file.name}")
    return known is not None and known.part


def _span(table: Table, file: Active) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Where a part begins and ends in the sort order: first by value, then, without one, by time."""
    column = table.sort[0]
    valueless = file.nulls[column]
    if valueless == file.rows:
        return (1, file.low["time"]), (1, file.high["time"])
    start = (0, _cut(file.low[column]))
    # A file with both kinds of rows is the last of the one and the first of the other.
    return start, (1,) if valueless else (0, _cut(file.high.get(column, parts.LAST)))


def _cut(bound: Any) -> Any:
    return bound[: parts.STATISTIC_LENGTH] if isinstance(bound, str) else bound


def _small(files: list[Active]) -> list[list[Active]]:
    """Groups of small files, neighbours in time, each enough for one file of FILE_ROWS or all there are.

    A file with more rows than all the smaller ones together waits: so a row is rewritten a logarithmic
    number of times while its day fills up.
    """
    small = sorted((file for file in files if _rows(file) < parts.FILE_ROWS), key=_rows)
    total = sum(map(_rows, small))
    while small and 2 * _rows(small[-1]) > total:
        total -= _rows(small.pop())
    groups: list[list[Active]] = []
    filled = parts.FILE_ROWS
    for file in sorted(small, key=lambda file: (str(file.low.get("time")), file.name)):
        if filled >= parts.FILE_ROWS:
            groups.append([])
            filled = 0
        groups[-1].append(file)
        filled += _rows(file)
    return [group for group in groups if len(group) > 1]


def _rows(file: Active) -> int:
    return file.rows or 0


def _run(store: Store, merge: Merge, memory: int) -> CompactResult:
    made: dict[DataFile, AddAction] = {}
    try:
        with engine.workspace(store, memory) as work:
            _make(work, merge, memory, made)
        swapped = _swap(store, merge, made)
    except (duckdb.Error, OSError, ValueError) as error:
        parts.discard(store, merge.table, made)
        return CompactResult(failed=(f"{merge}: {str(error).splitlines()[0]}",))
    if not swapped:
        parts.discard(store, merge.table, made)
        return CompactResult(overtaken=(str(merge),))
    return CompactResult(len(merge.files), len(made), merge.rows)


def _make(work: Workspace, merge: Merge, memory: int, made: dict[DataFile, AddAction]) -> None:
    """Put the parts of the sorted run, noting each in `made` before it is put."""
    urls = [engine.url(work.store, f"{merge.table.name}/{file.name}") for file in merge.files]
    rows = 0
    for file, statistics in runs.write(work, merge.table, urls, memory):
        part = DataFile(merge.table.name, merge.region, merge.day, file.name, part=True)
        made[part] = parts.add_action(part, file.stat().st_size, statistics, data_change=False)
        work.store.put(part.path, file)
        file.unlink()
        rows += statistics.rows
    if rows != merge.rows:
        raise ValueError(f"the files hold {rows} rows, the log says {merge.rows}")


def _swap(store: Store, merge: Merge, made: dict[DataFile, AddAction]) -> bool:
    """Put the parts in the place of the files, unless one of these was given up meanwhile."""
    for _ in tables.attempts(f"compacting {merge}"):
        snapshot = tables.snapshot(store, merge.table)
        if made and all(part.name in snapshot.active for part in made):
            return True  # the last attempt did succeed, only its answer was lost
        if any(file.name not in snapshot.active for file in merge.files):
            return False
        if tables.change(snapshot, [*made.values(), *_removals(merge)], operation="compact"):
            return True
    raise AssertionError("attempts() either yields or raises")


def _removals(merge: Merge) -> list[RemoveAction]:
    return [
        tables.remove_action(file.name, file.region, file.day, file.size, data_change=False)
        for file in merge.files
    ]
