"""The tables: the one place that says which columns exist and what they mean.

Names follow the OpenTelemetry data model and semantic conventions. Columns may be added, never renamed or
removed: a store written by an older version stays readable. Writers, views, docs and tests derive from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import Schema

Type = Literal["timestamp", "date", "string", "integer", "double", "map"]

# What DuckDB calls them when it reads the files.
SQL_TYPES: dict[Type, str] = {
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
    "string": "VARCHAR",
    "integer": "INTEGER",
    "double": "DOUBLE",
    "map": "MAP(VARCHAR, VARCHAR)",
}

PARTITION = ("region", "day")


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `doc` is its line in docs/format.md."""

    name: str
    type: Type
    doc: str


@dataclass(frozen=True, slots=True)
class Table:
    """One Delta table, partitioned by (region, day).

    `key` names the columns that make two rows the same delivery, `sort` the order of rows in a compacted
    file, and `bloom` the columns that get a Bloom filter there.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sort: tuple[str, ...]
    bloom: tuple[str, ...]

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns inside the Parquet files; the partition columns are in their paths."""
        return tuple(column for column in self.columns if column.name not in PARTITION)

    @property
    def identity(self) -> tuple[str, ...]:
        """The stored columns that, equal within one partition, make two rows the same delivery."""
        return ("time", *(name for name in self.key if name not in PARTITION))


LOGS = Table(
    name="logs",
    doc="One row per log event.",
    columns=(
        Column("time", "timestamp", "when the event happened, by the clock of its source"),
        Column("observed_time", "timestamp", "when the collector got it"),
        Column("region", "string", "AWS region the event comes from"),
        Column("day", "date", "UTC day of `time`"),
        Column("account_id", "string", "AWS account the event comes from"),
        Column("service", "string", "service.name, or the function or API that wrote it"),
        Column("severity_number", "integer", "OpenTelemetry severity, 1 to 24; null is unknown"),
        Column("severity_text", "string", "severity as the source wrote it"),
        Column("body", "string", "the message as delivered, altered by nothing but redaction"),
        Column("trace_id", "string", "32 lower-case hex digits, whatever form the source used"),
        Column("span_id", "string", "16 lower-case hex digits"),
        Column("request_id", "string", "the request id the source logged (Lambda, API Gateway, S3 …)"),
        Column("session_id", "string", "session, or its pseudonym where the zone says so"),
        Column("user_id", "string", "user, or its pseudonym where the zone says so"),
        Column("http_status", "integer", "HTTP status answered"),
        Column("duration_ms", "double", "how long the logged work took, milliseconds"),
        Column("error_type", "string", "exception class or error code"),
        Column("fingerprint", "string", "the same for messages that differ only in values"),
        Column("log_group", "string", "CloudWatch log group, or s3://bucket, or the folder of a file"),
        Column("log_stream", "string", "CloudWatch log stream, or the object's key, or the file's name"),
        Column("event_id", "string", "CloudWatch event id, or one derived from where the line stands"),
        Column("attributes", "map", "every other field, under semantic-convention keys where one exists"),
    ),
    key=("account_id", "region", "log_group", "log_stream", "event_id"),
    sort=("user_id", "time"),
    bloom=("trace_id", "request_id"),
)

TABLES: dict[str, Table] = {table.name: table for table in (LOGS,)}


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of the table's Parquet files (without the partition columns)."""
    import pyarrow as pa  # the collector has it; the committer's package has no room for it

    types: dict[Type, pa.DataType] = {
        "timestamp": pa.timestamp("us", tz="UTC"),
        "date": pa.date32(),
        "string": pa.string(),
        "integer": pa.int32(),
        "double": pa.float64(),
        "map": pa.map_(pa.string(), pa.string()),
    }
    return pa.schema([(column.name, types[column.type]) for column in table.stored])


def delta_schema(table: Table) -> Schema:
    """The schema of the Delta table, partition columns included."""
    from deltalake import Field, Schema
    from deltalake.schema import MapType, PrimitiveType

    def delta_type(kind: Type) -> MapType | PrimitiveType:
        if kind == "map":
            return MapType(PrimitiveType("string"), PrimitiveType("string"), value_contains_null=True)
        return PrimitiveType(kind)

    return Schema([Field(column.name, delta_type(column.type)) for column in table.columns])
