"""One view per table: all its columns however old the store is, and no rows while the table is missing."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
from deltalake.exceptions import TableNotFoundError

from store import tables
from store.engine import name, quote, url
from store.objects import Store
from store.schema import SQL_TYPES, Table


def define_empty(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """A view of the right shape and without rows, to be opened later."""
    _define(connection, table, there=(), source="(select 1) where false")


def open_views(
    connection: duckdb.DuckDBPyConnection, store: Store, wanted: Iterable[Table]
) -> tuple[Table, ...]:
    """Let the views show what the store holds; returns the tables that it does not have yet."""
    missing = []
    for table in wanted:
        try:
            there = [field.name for field in tables.load(store, table).schema().fields]
        except TableNotFoundError:
            missing.append(table)
            continue
        # Attached, the log is read once for a query and not for each scan of it: so a query sees one version.
        catalog = name(f"delta_{table.name}")
        place = quote(url(store, table.name))
        connection.execute(f"attach {place} as {catalog} (type delta, read_only)")
        _define(connection, table, there, f"{catalog}.main.{catalog}")
    return tuple(missing)


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
