"""OTLP requests made by hand, an intake to send them to, and what of them ended up in a store."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
from collector_payloads import MS, collector
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.otlp.intake import Intake, Request, Response
from store.layout import data_file
from store.objects import Store

NANOS = MS * 1_000_000
LIMIT = 4 * 2**20
PROTOBUF, JSON = "application/x-protobuf", "application/json"

RESOURCE = {"service.name": "orders", "cloud.region": "eu-west-1", "cloud.account.id": "123456789012"}


def any_value(value: Any) -> AnyValue:
    if value is None:
        return AnyValue()
    if isinstance(value, dict):
        return AnyValue(kvlist_value=KeyValueList(values=pairs(value)))
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[any_value(each) for each in value]))
    names = {bool: "bool_value", int: "int_value", float: "double_value", bytes: "bytes_value"}
    return AnyValue(**{names.get(type(value), "string_value"): value})


def pairs(values: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def span(number: int = 1, attributes: dict[str, Any] | None = None, **fields: Any) -> Span:
    """A span of one second; the same number is the same span."""
    known = {
        "trace_id": number.to_bytes(16, "big"),
        "span_id": number.to_bytes(8, "big"),
        "name": "POST /orders",
        "kind": Span.SPAN_KIND_SERVER,
        "start_time_unix_nano": NANOS + number * 1000,
        "end_time_unix_nano": NANOS + number * 1000 + 10**9,
    }
    return Span(**known | fields, attributes=pairs(attributes or {}))


def log(body: Any, attributes: dict[str, Any] | None = None, **fields: Any) -> LogRecord:
    known = {"time_unix_nano": NANOS, "severity_number": 9, "severity_text": "INFO"}
    return LogRecord(**known | fields, body=any_value(body), attributes=pairs(attributes or {}))


def traces(*spans: Span, resource: dict[str, Any] = RESOURCE) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(pairs(resource))
    group.scope_spans.add().spans.extend(spans)
    return request


def logs(*records: LogRecord, resource: dict[str, Any] = RESOURCE) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.extend(pairs(resource))
    group.scope_logs.add().log_records.extend(records)
    return request


def metrics(*found: Metric, resource: dict[str, Any] = RESOURCE) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    group.resource.attributes.extend(pairs(resource))
    group.scope_metrics.add().metrics.extend(found)
    return request


PATHS: dict[type, str] = {
    ExportTraceServiceRequest: "/v1/traces",
    ExportLogsServiceRequest: "/v1/logs",
    ExportMetricsServiceRequest: "/v1/metrics",
}


def intake(store: Store, token: Callable[[], bytes] | None = None, **settings: Any) -> Intake:
    return Intake(collector(store, **settings), token, LIMIT)


def post(
    door: Intake, path: str, body: bytes, encoding: str = PROTOBUF, method: str = "POST", **headers: str
) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return door(Request(method, path, {"content-type": encoding, **named}, body))


def send(door: Intake, request: Any) -> Response:
    """Post a request that has to be accepted as a whole."""
    response = post(door, PATHS[type(request)], request.SerializeToString())
    assert (response.status, response.body) == (200, b"")
    return response


def stored(store: Store, table: str) -> list[dict[str, Any]]:
    """The rows of a table's segments, with region from their paths, attributes as dicts, by time."""
    rows = [
        row | {"region": file.region, "attributes": dict(row["attributes"] or {})}
        for item in store.list(table)
        if (file := data_file(item.path))
        for row in pq.read_table(io.BytesIO(store.get(item.path))).to_pylist()
    ]
    return sorted(rows, key=lambda row: (row["time"], json.dumps(row, default=str)))
