"""One view per table: all its columns however old the store is, and no rows while the table is missing."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import duckdb
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from store import tables
from store.engine import name, quote, url
from store.objects import Store
from store.schema import SQL_TYPES, TABLES, Table

# Seconds after which a version is looked up anew in any case. The log forgets versions after days, and then
# no longer tells that there are newer ones.
RELIED_ON = 3600.0


@dataclass(frozen=True, slots=True)
class Pinned:
    """The version of a table that its view shows, attached as `catalog`; `since` is in monotonic seconds."""

    version: int
    catalog: str
    since: float


class Views:
    """The views of one connection. Each shows one version of its table, until `renew` finds a newer one.

    DuckDB would read the log of a table for every query; of a pinned version it has read it already.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, store: Store) -> None:
        self._connection = connection
        self._store = store
        self._numbers = itertools.count(1)
        self._pinned: dict[str, Pinned] = {}
        self._replaced: dict[str, Pinned] = {}
        for table in TABLES.values():
            _define(connection, table, there=(), source="(select 1) where false")

    def renew(self) -> None:
        """Let every view show the newest version of its table."""
        for table in TABLES.values():
            pinned = self._pinned.get(table.name)
            if pinned and time.monotonic() - pinned.since < RELIED_ON and not self._grown(table, pinned):
                continue
            with suppress(TableNotFoundError):
                self._pin(table, tables.load(self._store, table))

    def _grown(self, table: Table, pinned: Pinned) -> bool:
        """Whether the log has the version after the one that is shown."""
        try:
            self._store.info(f"{table.name}/_delta_log/{pinned.version + 1:020}.json")
        except FileNotFoundError:
            return False
        return True

    def _pin(self, table: Table, delta: DeltaTable) -> None:
        # What another thread is about to run may still mean the version before this one, but no older one.
        if before := self._replaced.pop(table.name, None):
            self._connection.execute(f"detach {before.catalog}")
        if pinned := self._pinned.get(table.name):
            self._replaced[table.name] = pinned
        catalog = name(f"delta_{table.name}_{next(self._numbers)}")
        place = quote(url(self._store, table.name))
        self._connection.execute(f"attach {place} as {catalog} (type delta, read_only, pin_snapshot)")
        there = [field.name for field in delta.schema().fields]
        _define(self._connection, table, there, f"{catalog}.main.{catalog}")
        self._pinned[table.name] = Pinned(delta.version(), catalog, time.monotonic())


def _define(connection: duckdb.DuckDBPyConnection, table: Table, there: Iterable[str], source: str) -> None:
    columns = ", ".join(
        name(column.name)
        if column.name in there
        else f"null::{SQL_TYPES[column.type]} as {name(column.name)}"
        for column in table.columns
    )
    connection.execute(f"create or replace view {name(table.name)} as select {columns} from {source}")
    connection.execute(f"comment on view {name(table.name)} is {quote(table.doc)}")
    for column in table.columns:
        connection.execute(f"comment on column {name(table.name)}.{name(column.name)} is {quote(column.doc)}")
