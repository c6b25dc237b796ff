"""Revisions: of the rows that tell of the same thing differently, which one a table keeps."""

from __future__ import annotations

from collections.abc import Sequence

from store.engine import Workspace, name, quote
from store.parts import instant, rows_of
from store.schema import Column, Table


def digest(table: Table) -> str:
    """A SQL expression that is equal for rows that say the same, whenever that was observed."""
    told = (_canonical(column) for column in table.stored if column.name != table.revision)
    return f"sha256(json_array({', '.join(told)})::VARCHAR)"


def columns(table: Table) -> list[str]:
    """The columns that decide, besides the content, which row is kept."""
    return [column for column in (table.final, table.revision) if column]


def find_outdone(work: Workspace, table: Table, near: Sequence[str]) -> None:
    """Put the rows of `incoming` that are not to stay into `duplicate`, committed ones into `superseded`.

    `near` are the URLs of the committed files that may hold rows of the same time. Which content stays
    depends on the rows alone and not on their order; of the rows with that content a committed one stays, so
    that what is known is not written again.
    """
    _gather(work, table, near)
    key = ", ".join(map(name, table.identity))
    # What `final` says comes first: a source may be asked late, and answer with what it knew early.
    best = f"{name(table.final)} IS NULL, " if table.final else ""
    best += f"{name(str(table.revision))} DESC NULLS LAST, content DESC"
    work.connection.execute(
        "CREATE OR REPLACE TEMP TABLE outdone AS SELECT segment, file, row FROM "
        f"(SELECT *, first_value(content) OVER (PARTITION BY {key} ORDER BY {best}) AS kept FROM told) "
        f"QUALIFY row_number() OVER (PARTITION BY {key} "
        f"ORDER BY content = kept DESC, segment IS NULL DESC, {best}, file, segment, row) > 1;"
        "INSERT INTO duplicate SELECT segment, row FROM outdone WHERE segment IS NOT NULL;"
        "INSERT INTO superseded SELECT file, row FROM outdone WHERE segment IS NULL"
    )


def _gather(work: Workspace, table: Table, near: Sequence[str]) -> None:
    """The table `told`: the incoming rows, and the committed ones with the same identity."""
    decisive = ", ".join(name(column) for column in dict.fromkeys([*table.identity, *columns(table)]))
    work.connection.execute(
        "CREATE OR REPLACE TEMP TABLE told AS "
        f"SELECT segment, NULL::VARCHAR AS file, row, {decisive}, content FROM incoming"
    )
    if near:
        same = " AND ".join(f"old.{name(one)} IS NOT DISTINCT FROM new.{name(one)}" for one in table.identity)
        bounds = work.connection.execute(
            f"SELECT {instant('min(time)')}, {instant('max(time)')} FROM incoming"
        )
        # As constants, unlike as subqueries, they spare DuckDB from unpacking the rows of other times.
        first, last = (f"{quote(bound)}::TIMESTAMPTZ" for bound in bounds.fetchall()[0])
        work.connection.execute(
            f"INSERT INTO told SELECT NULL, filename, file_row_number, {decisive}, {digest(table)} "
            f"FROM {rows_of(table, near, named=True)} AS old SEMI JOIN incoming AS new ON {same} "
            f"WHERE time BETWEEN {first} AND {last}"
        )


def _canonical(column: Column) -> str:
    """The column, or what does not depend on the order of a map's entries."""
    return f"list_sort(map_entries({name(column.name)}))" if column.type == "map" else name(column.name)
