"""Rows as records of the OpenTelemetry SDK, which its exporters send to another backend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import (
    Gauge,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

Row = Mapping[str, Any]  # the columns of a table, region among them; `attributes` as pairs

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCOPE = InstrumentationScope("regionscope")

# Columns under their names in the semantic conventions. Others that a signal has no place for keep theirs.
_RESOURCE = {"service": "service.name", "region": "cloud.region", "account_id": "cloud.account.id"}
_NAMES = {
    "user_id": "user.id",
    "session_id": "session.id",
    "request_id": "aws.request_id",
    "http_status": "http.response.status_code",
    "error_type": "error.type",
    "peer_service": "peer.service",
}


def spans(rows: Iterable[Row]) -> list[ReadableSpan]:
    """Rows of `spans`."""
    return [_span(row) for row in rows]


def logs(rows: Iterable[Row]) -> list[ReadableLogRecord]:
    """Rows of `logs`."""
    taken = ("time", "observed_time", "body", "severity_number", "severity_text", "trace_id", "span_id")
    return [
        ReadableLogRecord(
            LogRecord(
                timestamp=_nanos(row["time"]),
                observed_timestamp=_nanos(row["observed_time"]),
                trace_id=int(row["trace_id"] or "0", 16) or None,
                span_id=int(row["span_id"] or "0", 16) or None,
                severity_number=SeverityNumber(row["severity_number"] or 0),
                severity_text=row["severity_text"],
                body=row["body"],
                attributes=_attributes(row, taken),
            ),
            _resource(row),
            _SCOPE,
        )
        for row in rows
    ]


def happenings(table: str) -> Callable[[Iterable[Row]], list[ReadableLogRecord]]:
    """Rows of a table that OTLP has no signal for, as log records with the table's name for an event name."""
    return lambda rows: [
        ReadableLogRecord(
            LogRecord(
                timestamp=_nanos(row["time"]),
                observed_timestamp=_nanos(row["observed_time"]),
                body=row.get("title"),
                attributes=_attributes(row, ("time", "observed_time", "title")),
                event_name=f"regionscope.{table}",
            ),
            _resource(row),
            _SCOPE,
        )
        for row in rows
    ]


def metrics(rows: Iterable[Row]) -> MetricsData:
    """Rows of `metrics`: each statistic is a gauge. A point whose value is unknown is left out."""
    found: dict[Resource, dict[tuple[str, str], list[NumberDataPoint]]] = {}
    for row in rows:
        if row["value"] is not None:
            name = f"{row['name']}/{row['statistic']}"
            metrics_of = found.setdefault(_resource(row), {})
            metrics_of.setdefault((name, row["unit"] or ""), []).append(_point(row))
    return MetricsData(
        [
            ResourceMetrics(
                resource,
                [
                    ScopeMetrics(
                        _SCOPE,
                        [Metric(name, None, unit, Gauge(points)) for (name, unit), points in told.items()],
                        "",
                    )
                ],
                "",
            )
            for resource, told in found.items()
        ]
    )


def _span(row: Row) -> ReadableSpan:
    start = _nanos(row["time"])
    duration = row["duration_ms"]
    taken = (
        *("time", "observed_time", "duration_ms", "name", "kind", "status_code", "status_message"),
        *("trace_id", "span_id", "parent_span_id"),
    )
    status = StatusCode[row["status_code"] or "UNSET"]
    return ReadableSpan(
        name=row["name"] or "",
        context=_context(row["trace_id"], row["span_id"]),
        parent=_context(row["trace_id"], row["parent_span_id"]) if row["parent_span_id"] else None,
        resource=_resource(row),
        attributes=_attributes(row, taken),
        kind=SpanKind[row["kind"] or "INTERNAL"],
        status=Status(status, row["status_message"] if status is StatusCode.ERROR else None),
        start_time=start,
        end_time=None if duration is None else start + round(duration * 1_000_000),
        instrumentation_scope=_SCOPE,
    )


def _point(row: Row) -> NumberDataPoint:
    start, length = _nanos(row["time"]), (row["period_s"] or 0) * 10**9
    taken = ("time", "observed_time", "period_s", "name", "value", "unit", "statistic", "series")
    return NumberDataPoint(_attributes(row, taken), start, start + length, row["value"])


def _context(trace: str, span: str) -> SpanContext:
    return SpanContext(int(trace, 16), int(span, 16), False, TraceFlags(TraceFlags.SAMPLED))


def _nanos(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1) * 1000


def _resource(row: Row) -> Resource:
    return _shared(tuple((name, row[column]) for column, name in _RESOURCE.items() if row.get(column)))


@lru_cache(maxsize=1024)
def _shared(pairs: Sequence[tuple[str, str]]) -> Resource:
    return Resource(dict(pairs))


def _attributes(row: Row, taken: Sequence[str]) -> dict[str, Any]:
    """The attributes, and the columns that are not taken, without what is null."""
    left_out = {*taken, *_RESOURCE, "attributes", "day"}
    columns = {_NAMES.get(name, name): value for name, value in row.items() if name not in left_out}
    told = dict(row["attributes"] or ()) | columns
    return {name: value for name, value in told.items() if value is not None}
