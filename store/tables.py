"""The Delta tables: made, found, read as a snapshot of files, and changed in one atomic step."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, SchemaMismatchError, TableNotFoundError
from deltalake.transaction import AddAction, CommitProperties, RemoveAction, Transaction

from store.objects import Store
from store.schema import PARTITION, TABLES, Table, delta_schema

# How long the log remembers which segments were committed and which files were removed. Longer than the
# longest redelivery (SQS keeps a message 14 days at most) and than VACUUM_AFTER, or a removed file that
# still lies there would look like a new segment.
MEMORY = timedelta(days=15)
VACUUM_AFTER = timedelta(days=7)  # Delta's default: readers of an older version finish in peace

PROPERTIES: dict[str, str | None] = {
    "delta.setTransactionRetentionDuration": f"interval {MEMORY.days} days",
    "delta.deletedFileRetentionDuration": f"interval {MEMORY.days} days",
    "delta.logRetentionDuration": "interval 7 days",
    "delta.checkpointInterval": "20",  # every reader replays the commits since the last checkpoint
}

ATTEMPTS = 30  # of a commit; each one lost means that another process's commit went through


class Busy(Exception):
    """Other processes kept committing first; nothing is lost, try again."""


@dataclass(frozen=True, slots=True)
class Active:
    """A file of a version of the table. `low` and `high` are bounds per column; absent is unknown."""

    name: str
    region: str
    day: date
    size: int
    rows: int | None
    low: dict[str, Any]
    high: dict[str, Any]
    nulls: dict[str, int]


@dataclass(frozen=True)
class Snapshot:
    """One version of a table, and its files by name."""

    delta: DeltaTable
    active: dict[str, Active]

    @cached_property
    def removed(self) -> frozenset[str]:
        """The names of files that the log has given up, within MEMORY."""
        return self.removed_before(timedelta(0))

    def removed_before(self, age: timedelta) -> frozenset[str]:
        """The names of files that the log gave up longer than `age` ago, rounded up to hours."""
        hours = math.ceil(age / timedelta(hours=1))
        # A vacuum's dry run is how deltalake tells; a full one would count segments that wait as well.
        return frozenset(self.delta.vacuum(hours, dry_run=True, enforce_retention_duration=False, full=False))

    def knows(self, name: str) -> bool:
        """The log has this file, or had it: its rows need no commit."""
        return name in self.active or name in self.removed


def ensure(store: Store) -> None:
    """Create the tables that are missing, and add the columns that an older store lacks.

    Raises SchemaMismatchError if a column is there with another type.
    """
    _need_folder_or_bucket(store)
    for table in TABLES.values():
        try:
            delta = load(store, table)
        except TableNotFoundError:
            delta = _create(store, table)
        _add_columns(delta, table)


def load(store: Store, table: Table) -> DeltaTable:
    """The table at its newest version. Raises TableNotFoundError."""
    _need_folder_or_bucket(store)
    try:
        return DeltaTable(store.table_uri(table.name), storage_options=store.storage_options)
    except TableNotFoundError:
        raise TableNotFoundError(f"{store.uri} has no table {table.name!r}") from None


def snapshot(store: Store, table: Table) -> Snapshot:
    """The table's files at its newest version. Raises TableNotFoundError."""
    delta = load(store, table)
    return Snapshot(delta, {file.name: file for file in _active(delta)})


def checkpoint(store: Store, table: Table) -> None:
    """Sum the table's log up in one file, so that readers need not replay it from the last sum on."""
    load(store, table).create_checkpoint()


def change(
    snapshot: Snapshot,
    actions: Sequence[AddAction | RemoveAction],
    transactions: Sequence[Transaction] = (),
    operation: str = "commit",
) -> bool:
    """Apply all the actions: True; or none of them if the snapshot is not the newest version: False."""
    properties = CommitProperties(
        app_transactions=list(transactions),
        max_commit_retries=0,
        custom_metadata={"regionscope": operation},
    )
    try:
        snapshot.delta.create_write_transaction(
            list(actions),
            "append",
            snapshot.delta.schema(),
            partition_by=list(PARTITION),
            commit_properties=properties,
        )
    except CommitFailedError:
        return False
    return True


def attempts(what: str) -> Iterator[int]:
    """Count the attempts at a change, waiting longer after each. Raises Busy when they are used up."""
    for attempt in range(ATTEMPTS):
        yield attempt
        time.sleep(random.uniform(0, min(2.0, 0.02 * 2**attempt)))
    raise Busy(f"{what}: {ATTEMPTS} attempts were overtaken by other processes")


def remove_action(file: str, region: str, day: date, size: int, data_change: bool) -> RemoveAction:
    """Give up a file from now on."""
    return RemoveAction(file, data_change, now_ms(), size, {"region": region, "day": day.isoformat()})


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def _active(delta: DeltaTable) -> Iterator[Active]:
    adds = delta.get_add_actions(flatten=True)
    columns = {name: adds.column(name).to_pylist() for name in adds.column_names}
    for i, name in enumerate(columns["path"]):
        row = {column: values[i] for column, values in columns.items() if values[i] is not None}
        yield Active(
            name,
            row["partition.region"],
            row["partition.day"],
            row["size_bytes"],
            row.get("num_records"),
            low=_under("min.", row),
            high=_under("max.", row),
            nulls=_under("null_count.", row),
        )


def _under(prefix: str, row: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)}


def _create(store: Store, table: Table) -> DeltaTable:
    try:
        return DeltaTable.create(
            store.table_uri(table.name),
            schema=delta_schema(table),
            name=table.name,
            description=table.doc,
            partition_by=list(PARTITION),
            configuration=PROPERTIES,
            storage_options=store.storage_options,
            commit_properties=CommitProperties(max_commit_retries=0),
        )
    except DeltaError as error:
        try:
            return load(store, table)  # another process made it meanwhile
        except TableNotFoundError:
            raise error from None


def _add_columns(delta: DeltaTable, table: Table) -> None:
    wanted = {field.name: field for field in delta_schema(table).fields}
    for _ in attempts(f"adding columns to {table.name}"):
        there = {field.name: field for field in delta.schema().fields}
        for name in wanted.keys() & there.keys():
            if wanted[name].type != there[name].type:
                raise SchemaMismatchError(
                    f"{table.name}.{name} is {there[name].type} in the store, must be {wanted[name].type}"
                )
        missing = [wanted[name] for name in wanted if name not in there]
        if not missing:
            return
        try:
            delta.alter.add_columns(missing, commit_properties=CommitProperties(max_commit_retries=0))
        except CommitFailedError:
            delta.update_incremental()


def _need_folder_or_bucket(store: Store) -> None:
    if store.uri.startswith("memory:"):
        raise ValueError(f"store {store.uri!r}: tables need a folder or a bucket, memory holds objects only")
