"""A sorted run: the rows of some files in one order, written as files, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from store import parts
from store.engine import Workspace, name
from store.parts import Statistics
from store.schema import Table

# DuckDB's sort spills, but each of its threads holds this many rows at once, however long they are (measured
# with 1.5.5: 700,000 rows of 4 kB exceed 1 GB with two threads). Longer rows are sorted range by range.
SORT_ROWS = 122_880
THREADS = 2


def write(
    work: Workspace, table: Table, urls: Sequence[str], memory: int
) -> Iterator[tuple[Path, Statistics]]:
    """Sort the rows of the files and write them into the workspace, one file after the other.

    Each is yielded as soon as it is written, and belongs to the caller. `memory` is DuckDB's limit in bytes.
    """
    rows = parts.rows_of(table, urls)
    for within in _ranges(work, table, urls, rows, memory):
        # Sorting into a table, which can spill, takes half the memory of sorting into the Parquet writer.
        work.connection.execute(f"SET threads = {THREADS}")
        work.connection.execute(
            "CREATE OR REPLACE TEMP TABLE run AS SELECT * EXCLUDE (file_row_number) "
            f"FROM {rows} WHERE {within} ORDER BY {parts.order(table)}"
        )
        yield from _slices(work, table)


def _slices(work: Workspace, table: Table) -> Iterator[tuple[Path, Statistics]]:
    """The table `run` as files of equal size, FILE_ROWS at most."""
    count = work.count("run")
    files = -(-count // parts.FILE_ROWS)
    for number in range(files):
        start, end = count * number // files, count * (number + 1) // files
        rows = f"(SELECT * FROM run WHERE rowid >= {start} AND rowid < {end})"
        file = work.folder / parts.new_id()
        parts.write(work.connection, rows, file)
        yield file, parts.statistics(work.connection, table, rows)


def _ranges(work: Workspace, table: Table, urls: Sequence[str], rows: str, memory: int) -> list[str]:
    """Conditions that cut the sort order into ranges, each of which can be sorted in the memory."""
    found = work.connection.execute(
        "SELECT sum(total_uncompressed_size)::BIGINT FROM parquet_metadata(?)", [list(urls)]
    ).fetchone()
    size, count = (found and found[0]) or 0, work.count(rows)
    if size * SORT_ROWS * THREADS <= count * memory // 2:
        return ["true"]
    step = max(1, count * (memory // 4) // size)
    ranges = -(-count // step)
    key = ", ".join(map(name, table.sort))
    work.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE bound AS SELECT {key}, (position - 1) // {step} AS number FROM "
        f"(SELECT {key}, row_number() OVER (ORDER BY {parts.order(table)}) AS position FROM {rows}) "
        f"WHERE (position - 1) % {step} = 0"
    )
    # Within row(…) DuckDB compares a null as the largest value, as NULLS LAST does.
    bounds = [f"(SELECT row({key}) FROM bound WHERE number = {number})" for number in range(1, ranges)]
    above = ["true", *(f"row({key}) >= {bound}" for bound in bounds)]
    below = [*(f"row({key}) < {bound}" for bound in bounds), "true"]
    return [f"{low} AND {high}" for low, high in zip(above, below, strict=True)]
