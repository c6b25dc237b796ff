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
    file, and `bloom` the columns that get a Bloom filter there. Of rows with the same key that say different
    things the table keeps the one with the greatest `revision`, but none without a value in `final` if there
    is one with; without `revision`, the row that came first.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sort: tuple[str, ...]
    bloom: tuple[str, ...]
    revision: str | None = None
    final: str | None = None

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

SPANS = Table(
    name="spans",
    doc="One row per span; the same trace may have spans in several regions.",
    columns=(
        Column("time", "timestamp", "when the span started, by the clock of its source"),
        Column("observed_time", "timestamp", "when the collector got it"),
        Column("region", "string", "AWS region the span was recorded in"),
        Column("day", "date", "UTC day of `time`"),
        Column("account_id", "string", "AWS account the span comes from"),
        Column("service", "string", "service.name, or the name of the X-Ray segment"),
        Column("name", "string", "name of the operation"),
        Column("kind", "string", "SERVER, CLIENT, INTERNAL, PRODUCER or CONSUMER"),
        Column("status_code", "string", "OK, ERROR or UNSET, as OpenTelemetry has them"),
        Column("status_message", "string", "what the source says of an error"),
        Column("trace_id", "string", "32 lower-case hex digits, whatever form the source used"),
        Column("span_id", "string", "16 lower-case hex digits"),
        Column("parent_span_id", "string", "the span that caused this one; null for the first of a trace"),
        Column("request_id", "string", "the request id the span carries (Lambda, API Gateway, S3 …)"),
        Column("session_id", "string", "session, or its pseudonym where the zone says so"),
        Column("user_id", "string", "user, or its pseudonym where the zone says so"),
        Column("http_status", "integer", "HTTP status answered"),
        Column("duration_ms", "double", "how long the span took, milliseconds; null while it is in progress"),
        Column("error_type", "string", "exception class or error code"),
        Column("peer_service", "string", "what the span called: a service, a table, a queue"),
        Column("attributes", "map", "every other field, under semantic-convention keys where one exists"),
    ),
    key=("region", "trace_id", "span_id"),
    sort=("trace_id", "time"),
    bloom=("user_id", "request_id"),
    revision="observed_time",
    final="duration_ms",
)

METRICS = Table(
    name="metrics",
    doc="One row per data point of one statistic of one metric.",
    columns=(
        Column("time", "timestamp", "start of the period the point is about"),
        Column("observed_time", "timestamp", "when the collector got it"),
        Column("region", "string", "AWS region the point is about: where its resource is"),
        Column("day", "date", "UTC day of `time`"),
        Column("account_id", "string", "AWS account of the resource"),
        Column("name", "string", "the metric, with its namespace: AWS/DynamoDB/ReplicationLatency"),
        Column("value", "double", "the value in `unit`"),
        Column("unit", "string", "UCUM: ms, s, By, 1, %"),
        Column("statistic", "string", "sum, average, minimum, maximum, sample_count, last, or p50 to p99"),
        Column("period_s", "integer", "length of the period, seconds; null for an instant"),
        Column(
            "layer",
            "string",
            "edge, routing, compute, session, file, database, cache, auth, queue or collector",
        ),
        Column("resource", "string", "what is measured: the value of the metric's main dimension"),
        Column("source_region", "string", "region that replication comes from"),
        Column("target_region", "string", "region that replication goes to"),
        Column(
            "series", "string", "the same for all points of one time series: metric, statistic and dimensions"
        ),
        Column("attributes", "map", "the other dimensions, and what else the source says"),
    ),
    key=("region", "series", "period_s"),
    sort=("name", "time"),
    bloom=("resource",),
    revision="observed_time",
)

EVENTS = Table(
    name="events",
    doc="One row per change of state of something that serves the application.",
    columns=(
        Column("time", "timestamp", "when it happened, by the clock of its source"),
        Column("observed_time", "timestamp", "when the collector got it"),
        Column("region", "string", "AWS region it is about, not the one that reported it"),
        Column("day", "date", "UTC day of `time`"),
        Column("account_id", "string", "AWS account it is about"),
        Column(
            "kind",
            "string",
            "health_check, alarm, failover, switchover, replication_failure, aws_health, deployment, drill, "
            "routing, topology, compute or collector",
        ),
        Column("subject", "string", "what changed: the alarm, the cluster, the table, the function"),
        Column("state", "string", "the state it is in now, in its source's word"),
        Column("from_region", "string", "region a role or traffic moves from"),
        Column("to_region", "string", "region a role or traffic moves to"),
        Column("title", "string", "one sentence for people"),
        Column("event_id", "string", "the same whenever and wherever the event is delivered"),
        Column("attributes", "map", "every other field, under semantic-convention keys where one exists"),
    ),
    key=("region", "kind", "event_id"),
    sort=("kind", "time"),
    bloom=("subject",),
)

PROBES = Table(
    name="probes",
    doc="One row per replication probe: a stamped write in one region, looked for in another.",
    columns=(
        Column("time", "timestamp", "when the write was acknowledged, by the clock of the writer"),
        Column("observed_time", "timestamp", "when the collector got it"),
        Column("region", "string", "region of the writer"),
        Column("day", "date", "UTC day of `time`"),
        Column("target_region", "string", "region of the reader"),
        Column("layer", "string", "session, file, database or cache"),
        Column("resource", "string", "table, bucket, cluster or cache that was probed"),
        Column("key_hash", "string", "hash of the probe's key"),
        Column("outcome", "string", "visible, timeout or error"),
        Column("lag_ms", "double", "from acknowledged to visible; null unless visible"),
        Column("error_bound_ms", "double", "the lag is right within so much; null unless visible"),
        Column("mode", "string", "one_way, or echo, which does not depend on the clocks"),
        Column("attributes", "map", "what else is known: the version seen, the error, the clock's offset"),
    ),
    key=("region", "layer", "resource", "target_region", "key_hash"),
    sort=("layer", "time"),
    bloom=("resource",),
)

TABLES: dict[str, Table] = {table.name: table for table in (LOGS, SPANS, METRICS, EVENTS, PROBES)}


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
