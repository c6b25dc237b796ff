"""OTLP requests: resources, scopes and, untouched, the records within; and each record as a request alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from collector.attributes import flattened
from collector.decode import Unreadable
from collector.otlp.attributes import Attributes
from collector.otlp.values import mapping
from collector.otlp.wire import Places
from store.schema import LOGS, METRICS, SPANS, Table

Signal = Literal["logs", "traces", "metrics"]
Write = Callable[[bytes], bytes]

SPREAD = 2**28  # bytes that what resources and scopes say may take, said again in each of their records
DAMAGED = "not a message of protobuf: damaged or truncated"


@dataclass(frozen=True, slots=True)
class Kind:
    """How one signal is spelled: its messages, the fields that lead to its records, and where they go."""

    signal: Signal
    request: type[Message]
    response: type[Message]
    record: type[Message]
    resources: str
    scopes: str
    records: str
    rejected: str  # what a response calls the records that were not accepted
    table: Table


KINDS: dict[Signal, Kind] = {
    kind.signal: kind
    for kind in (
        Kind(
            "logs",
            logs_service_pb2.ExportLogsServiceRequest,
            logs_service_pb2.ExportLogsServiceResponse,
            logs_pb2.LogRecord,
            *("resource_logs", "scope_logs", "log_records", "rejected_log_records"),
            LOGS,
        ),
        Kind(
            "traces",
            trace_service_pb2.ExportTraceServiceRequest,
            trace_service_pb2.ExportTraceServiceResponse,
            trace_pb2.Span,
            *("resource_spans", "scope_spans", "spans", "rejected_spans"),
            SPANS,
        ),
        Kind(
            "metrics",
            metrics_service_pb2.ExportMetricsServiceRequest,
            metrics_service_pb2.ExportMetricsServiceResponse,
            metrics_pb2.Metric,
            *("resource_metrics", "scope_metrics", "metrics", "rejected_data_points"),
            METRICS,
        ),
    )
}

# Left as bytes in the outline of a request: one of these that is damaged leaves its neighbours alone.
_OPAQUE = {common_pb2.KeyValue.DESCRIPTOR.full_name} | {
    kind.record.DESCRIPTOR.full_name for kind in KINDS.values()
}
_FILES = (
    *(common_pb2, resource_pb2, logs_pb2, trace_pb2, metrics_pb2),
    *(logs_service_pb2, trace_service_pb2, metrics_service_pb2),
)


@dataclass(frozen=True, slots=True)
class Request:
    """The records of a request, the group each belongs to, and what those of a group share.

    A group is one scope of one resource, and `shared` the attributes of both.
    """

    kind: Kind
    records: Sequence[bytes]
    group: Places
    shared: Sequence[dict[str, str | None]]
    groups: Sequence[tuple[Any, Any]]  # resource and scope, in the outline

    def spread(self) -> Attributes:
        """What its group shares, for each record."""
        entries = [(group, *entry) for group, told in enumerate(self.shared) for entry in told.items()]
        return Attributes.of(entries).shared(self.group)

    def only(self, rows: Places) -> Request:
        """The chosen records alone."""
        return replace(self, records=[self.records[row] for row in rows.tolist()], group=self.group[rows])

    def alone(self, row: int, record: bytes | None = None) -> bytes:
        """The smallest request that holds a record, or another one in its place."""
        resource, scope = self.groups[int(self.group[row])]
        outline = _outline(self.kind)()
        place = getattr(outline, self.kind.resources).add()
        place.resource.CopyFrom(resource.resource)
        place.schema_url = resource.schema_url
        inner = getattr(place, self.kind.scopes).add()
        inner.scope.CopyFrom(scope.scope)
        inner.schema_url = scope.schema_url
        getattr(inner, self.kind.records).append(self.records[row] if record is None else record)
        data: bytes = outline.SerializeToString()
        return data


def opened(kind: Kind, body: bytes) -> Request:
    """A request in protobuf. Raises Unreadable."""
    try:
        outline = _outline(kind).FromString(body)
        return _request(kind, outline)
    except (DecodeError, ValueError):
        raise Unreadable(f"not an OTLP request for {kind.signal}") from None


def _request(kind: Kind, outline: Any) -> Request:
    """Raises DecodeError, ValueError or Unreadable."""
    records: list[bytes] = []
    sizes: list[int] = []
    shared: list[dict[str, str | None]] = []
    groups = []
    for resource, scope in _scopes(kind, outline):
        found = getattr(scope, kind.records)
        shared.append(_said(resource.resource, scope.scope))
        records += found
        sizes.append(len(found))
        groups.append((resource, scope))
    weights = (sum(16 + len(name) + len(text or "") for name, text in told.items()) for told in shared)
    if sum(size * weight for size, weight in zip(sizes, weights, strict=True)) > SPREAD:
        raise Unreadable(f"what its resources say takes more than {SPREAD} bytes in all of their records")
    group = np.repeat(np.arange(len(sizes)), sizes)
    return Request(kind, records, group, shared, groups)


def _said(resource: Any, scope: Any) -> dict[str, str | None]:
    """The attributes of a resource and a scope. Raises DecodeError."""
    known = {name: value for name in ("name", "version") if (value := getattr(scope, name))}
    inner = flattened(known | _mapping(scope.attributes), "otel.scope.")
    return inner | flattened(_mapping(resource.attributes))


def _mapping(pairs: Iterable[bytes]) -> dict[str, Any]:
    return mapping(map(common_pb2.KeyValue.FromString, pairs))


def _scopes(kind: Kind, outline: Any) -> Iterator[tuple[Any, Any]]:
    for resource in getattr(outline, kind.resources):
        for scope in getattr(resource, kind.scopes):
            yield resource, scope


@cache
def _outline(kind: Kind) -> Any:
    """The class of the request whose records and attributes are bytes."""
    return GetMessageClass(_pool().FindMessageTypeByName(kind.request.DESCRIPTOR.full_name))


@cache
def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    for module in _FILES:
        file = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in file.message_type:
            for each in message.field:
                if each.type_name.removeprefix(".") in _OPAQUE:
                    each.type = FieldDescriptorProto.TYPE_BYTES
                    each.ClearField("type_name")
        pool.Add(file)
    return pool
