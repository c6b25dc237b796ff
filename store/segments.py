"""Segments: the immutable Parquet files in which a collector delivers rows, one per region and day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from store.layout import DataFile, region_name
from store.objects import Store
from store.schema import PARTITION, Table, arrow_schema

# Their values hardly repeat: building a dictionary for them takes a third of the writing and saves nothing.
_DISTINCT = {"time", "body", "trace_id", "span_id", "request_id", "session_id", "user_id", "event_id"}


@dataclass(frozen=True, slots=True)
class Written:
    """The files that hold the rows, and how many rows were stored now or lay there already."""

    files: tuple[DataFile, ...]
    stored: int
    duplicate: int


def write(store: Store, table: Table, rows: pa.Table, id: str) -> Written:
    """Put the rows, which have all columns of the table, into one segment per region and day.

    The same id means the same rows: a segment that is already there stays as it is, and its rows count as
    duplicate. Raises ValueError, before anything is put, for a row without time, region or day and for a
    region that cannot stand in a path.
    """
    for column in ("time", *PARTITION):
        if rows[column].null_count:
            raise ValueError(
                f"{table.name}.{column}: {rows[column].null_count} rows have none; each needs one"
            )
    segments = [
        (DataFile(table.name, region_name(region), day, id), part) for region, day, part in _partitions(rows)
    ]
    stored = duplicate = 0
    for file, part in segments:
        if store.put_new(file.path, _parquet(table, part)):
            stored += part.num_rows
        else:
            duplicate += part.num_rows
    return Written(tuple(file for file, _ in segments), stored, duplicate)


def _partitions(rows: pa.Table) -> Iterator[tuple[str, date, pa.Table]]:
    """The rows of each region and day, in order of these."""
    places = rows.select(PARTITION).group_by(list(PARTITION)).aggregate([]).to_pylist()
    for place in sorted(places, key=lambda place: (place["region"], place["day"])):
        region, day = place["region"], place["day"]
        here = pc.and_(pc.equal(rows["region"], region), pc.equal(rows["day"], pa.scalar(day, pa.date32())))
        yield region, day, rows if len(places) == 1 else rows.filter(here)


def _parquet(table: Table, rows: pa.Table) -> bytes:
    schema = arrow_schema(table)
    repeating = [name for name in schema.names if name not in _DISTINCT]
    keys = [f"{field.name}.key_value.key" for field in schema if pa.types.is_map(field.type)]
    output = pa.BufferOutputStream()
    pq.write_table(
        rows.select(schema.names).cast(schema),
        output,
        compression="zstd",
        compression_level=1,  # level 3 takes twice the time for the same size; compaction comes later anyway
        use_dictionary=repeating + keys,
        write_statistics=["time", *table.sort],
        store_schema=False,
    )
    data: bytes = output.getvalue().to_pybytes()
    return data
