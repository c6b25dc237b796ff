"""Retention: whole days that are too old leave the tables, and files that no version needs are deleted."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from store import layout, tables
from store.objects import ObjectInfo, Store
from store.schema import TABLES, Table
from store.tables import VACUUM_AFTER, Active, Snapshot

ORPHAN_AFTER = timedelta(days=1)  # no change takes that long: a part that the log does not know is left over

Days = Mapping[str, Mapping[str, int]]  # table (or layout.QUARANTINE) -> region -> days to keep


@dataclass(frozen=True, slots=True)
class Removed:
    """One region's day that left a table. `rows` is None where nobody has counted them."""

    table: str
    region: str
    day: date
    files: int
    rows: int | None
    bytes: int


@dataclass(frozen=True, slots=True)
class ExpireResult:
    """What was removed (or would be, on a dry run), and the files of earlier removals deleted for good."""

    removed: tuple[Removed, ...]
    deleted: tuple[ObjectInfo, ...]
    dry_run: bool


def expire(
    store: Store,
    days: Days,
    now: datetime | None = None,
    dry_run: bool = False,
    vacuum_after: timedelta = VACUUM_AFTER,
) -> ExpireResult:
    """Remove every day that ended more than `days[table][region]` days ago, then vacuum.

    A region or table that `days` does not name is kept for ever. What is removed stands in a record under
    layout.removed_path before it goes. Raises ValueError for an unknown table or a number below 1.
    """
    now = now or datetime.now(UTC)
    _check(days)
    removed: list[Removed] = []
    for name, regions in days.items():
        last = {region: (now - timedelta(days=kept + 1)).date() for region, kept in regions.items()}
        if name == layout.QUARANTINE:
            removed += _expire_quarantine(store, last, now, dry_run)
        else:
            removed += _expire_table(store, TABLES[name], last, now, dry_run)
    return ExpireResult(tuple(removed), tuple(vacuum(store, now, vacuum_after, dry_run)), dry_run)


def vacuum(
    store: Store, now: datetime | None = None, after: timedelta = VACUUM_AFTER, dry_run: bool = False
) -> list[ObjectInfo]:
    """Delete the files that the tables gave up more than `after` ago, and parts that no change took up.

    Never a segment that the log does not know: it waits for the committer.
    """
    now = now or datetime.now(UTC)
    deleted: list[ObjectInfo] = []
    for table in TABLES.values():
        there = list(store.list(table.name))
        snapshot = tables.snapshot(store, table)  # after the listing: a part committed meanwhile is known
        old = {f"{table.name}/{name}" for name in snapshot.removed_before(after)}
        orphans = {item.path for item in there if _orphan(snapshot, item, now)}
        deleted += [item for item in there if item.path in old | orphans]
    if not dry_run:
        store.delete(item.path for item in deleted)
    return deleted


def _expire_table(
    store: Store, table: Table, last: Mapping[str, date], now: datetime, dry_run: bool
) -> list[Removed]:
    for _ in tables.attempts(f"expiring {table.name}"):
        snapshot = tables.snapshot(store, table)
        doomed = [file for file in snapshot.active.values() if _expired(file.region, file.day, last)]
        removed = [_sum(table.name, files) for files in _by_day(doomed)]
        if dry_run or not doomed:
            return removed
        record = _record(store, now, removed, [file.name for file in doomed])
        actions = [
            tables.remove_action(file.name, file.region, file.day, file.size, data_change=True)
            for file in doomed
        ]
        if tables.change(snapshot, actions, operation="expire"):
            return removed
        store.delete([record])
    raise AssertionError("attempts() either yields or raises")


def _expire_quarantine(store: Store, last: Mapping[str, date], now: datetime, dry_run: bool) -> list[Removed]:
    doomed: list[_Object] = []
    for item in store.list(layout.QUARANTINE):
        place = layout.quarantined(item.path)
        if place and _expired(*place, last):
            doomed.append(_Object(item.path, *place, item.size))
    removed = [_sum(layout.QUARANTINE, files) for files in _by_day(doomed)]
    if doomed and not dry_run:
        _record(store, now, removed, [file.name for file in doomed])
        store.delete(file.name for file in doomed)
    return removed


@dataclass(frozen=True, slots=True)
class _Object:
    """A quarantine file, with the fields of tables.Active that retention looks at."""

    name: str
    region: str
    day: date
    size: int
    rows: int | None = None


def _expired(region: str, day: date, last: Mapping[str, date]) -> bool:
    return region in last and day <= last[region]


def _by_day(files: Sequence[_Object | Active]) -> Iterator[list[_Object | Active]]:
    def place(file: _Object | Active) -> tuple[str, date]:
        return file.region, file.day

    for _, group in groupby(sorted(files, key=place), key=place):
        yield list(group)


def _sum(table: str, files: Sequence[_Object | Active]) -> Removed:
    counts = [file.rows for file in files if file.rows is not None]
    rows = sum(counts) if len(counts) == len(files) else None
    return Removed(table, files[0].region, files[0].day, len(files), rows, sum(file.size for file in files))


def _record(store: Store, now: datetime, removed: Sequence[Removed], names: Sequence[str]) -> str:
    """Write down what is about to go, under a name of its own, and give the record's path.

    A process that ends before the change leaves a record whose files the next run's record names again.
    """
    path = layout.removed_path(now.date(), uuid.uuid4().hex)
    content = {
        "reason": "retention",
        "at": now.isoformat(),
        "removed": [{**asdict(one), "day": one.day.isoformat()} for one in removed],
        "files": list(names),
    }
    store.put(path, json.dumps(content, indent=1).encode())
    return path


def _orphan(snapshot: Snapshot, item: ObjectInfo, now: datetime) -> bool:
    file = layout.data_file(item.path)
    return bool(file and file.part and item.modified < now - ORPHAN_AFTER and not snapshot.knows(file.name))


def _check(days: Days) -> None:
    for table, regions in days.items():
        if table not in TABLES and table != layout.QUARANTINE:
            known = ", ".join([*TABLES, layout.QUARANTINE])
            raise ValueError(f"retention of {table!r}: no such table; one of {known}")
        for region, kept in regions.items():
            if kept < 1:
                raise ValueError(f"retention of {table} in {region} is {kept} days: must be at least 1")
