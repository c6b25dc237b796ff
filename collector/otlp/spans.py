"""Spans of OTLP as rows of `spans`: opentelemetry/proto/trace/v1/trace.proto."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.attributes import text
from collector.fields import FieldMap
from collector.otlp.attributes import Picker
from collector.otlp.records import Columns, Records, correlation
from collector.otlp.request import Request
from collector.otlp.values import mapping
from collector.otlp.wire import FIXED32, FIXED64, VARINT

_KINDS = pa.array([None, "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"])
_CODES = pa.array(["UNSET", "OK", "ERROR"])
_CALLERS = ("CLIENT", "PRODUCER")

_PEER = ("peer.service", "aws.remote.service")
# What a span that calls something says of it, most telling first; of others they tell where they are.
_CALLED = (
    *("messaging.destination.name", "db.collection.name", "db.namespace", "db.name", "rpc.service"),
    *("server.address", "net.peer.name", "db.system.name", "db.system"),
)


def columns(request: Request, records: Records, names: FieldMap) -> Columns:
    """The columns of a request's spans. Raises DecodeError or pa.ArrowInvalid if one cannot be read."""
    size = len(records)
    start, end = records.numbers(7, FIXED64), records.numbers(8, FIXED64)
    kind = _named(_KINDS, records.numbers(6, VARINT))
    told = {
        "time": _times(records, start),
        "duration_ms": _durations(records, start, end),
        "name": records.texts(5),
        "kind": kind,
        "trace_id": _ids(records, 1, 16, "traceId"),
        "span_id": _ids(records, 2, 8, "spanId"),
        "parent_span_id": records.ids(4, 8)[0],
        **_status(records),
    }
    _rest(records)
    exceptions = _happenings(records)
    found = records.attributes(9, request.spread())
    picker = Picker(found, size)
    told |= correlation(picker, names) | {"peer_service": _peer(picker, kind)}
    _explain(told, exceptions)
    return told | {"attributes": found.maps(size, picker.kept)}


def _named(words: pa.StringArray, numbers: NDArray[np.int64]) -> pa.StringArray:
    """The word of each number, null where there is none for it."""
    known = (numbers >= 0) & (numbers < len(words))
    return words.take(pa.array(np.where(known, numbers, 0), mask=~known))


def _times(records: Records, start: NDArray[np.uint64]) -> list[int | None]:
    for row in np.nonzero(start == 0)[0].tolist():
        records.faults[row] = "startTimeUnixNano is missing: a span begins at some time"
    return records.moments(start, "startTimeUnixNano")


def _durations(records: Records, start: NDArray[np.uint64], end: NDArray[np.uint64]) -> pa.DoubleArray:
    """Milliseconds; null for a span that has not ended, or that says it ended before it began."""
    ended = end >= start
    records.note("endTimeUnixNano", np.where(ended, 0, end))
    return pa.array((end - start) / 1e6, mask=~ended | (end == 0))


def _ids(records: Records, number: int, width: int, name: str) -> pa.StringArray:
    ids = records.ids(number, width)[0]
    if ids.null_count:
        for row in np.nonzero(ids.is_null().to_numpy(zero_copy_only=False))[0].tolist():
            records.faults[row] = f"{name} must be {2 * width} hex digits, not all of them 0"
    return ids


def _status(records: Records) -> Columns:
    status = records.inside(15)
    codes = _named(_CODES, status.numbers(3, VARINT))
    return {"status_code": codes.fill_null("UNSET"), "status_message": status.texts(2)}


def _rest(records: Records) -> None:
    """What has no column, under its name in OTLP/JSON."""
    records.write("traceState", records.texts(3))
    records.note("flags", records.numbers(16, FIXED32))
    for number, name in _DROPPED.items():
        records.note(name, records.numbers(number, VARINT))


_DROPPED = {10: "droppedAttributesCount", 12: "droppedEventsCount", 14: "droppedLinksCount"}


def _happenings(records: Records) -> dict[int, Mapping[str, Any]]:
    """Keeps events and links as attributes; what the last exception of a span says, by row."""
    exceptions: dict[int, Mapping[str, Any]] = {}
    events: dict[int, list[dict[str, Any]]] = {}
    for row, data in _parts(records, 11):
        event = Span.Event.FromString(data)
        told = mapping(event.attributes)
        events.setdefault(row, []).append(
            {"timeUnixNano": event.time_unix_nano, "name": event.name, "attributes": told}
        )
        if event.name == "exception":
            exceptions[row] = told
    links: dict[int, list[dict[str, Any]]] = {}
    for row, data in _parts(records, 13):
        link = Span.Link.FromString(data)
        known = {"traceId": link.trace_id.hex(), "spanId": link.span_id.hex()}
        links.setdefault(row, []).append(known | {"attributes": mapping(link.attributes)})
    for name, found in (("events", events), ("links", links)):
        records.keep([(row, name, text(each)) for row, each in found.items()])
    return exceptions


def _parts(records: Records, number: int) -> Iterator[tuple[int, bytes]]:
    owner, part = records.fields.repeated(number)
    return ((row, part.at(place)) for place, row in enumerate(owner.tolist()))


def _explain(columns: Columns, exceptions: Mapping[int, Mapping[str, Any]]) -> None:
    """Fill in from a span's exception what the span itself does not say of its error."""
    for column, key in (("error_type", "exception.type"), ("status_message", "exception.message")):
        said = {row: str(told[key]) for row, told in exceptions.items() if told.get(key)}
        if said:
            texts = columns[column].to_pylist()
            columns[column] = [each or said.get(row) for row, each in enumerate(texts)]


def _peer(picker: Picker, kind: pa.StringArray) -> pa.StringArray:
    named = picker.texts(_PEER)
    calls = pc.fill_null(pc.is_in(kind, pa.array(_CALLERS)), False)
    if not pc.any(calls).as_py():
        return named
    called = pc.if_else(calls, picker.texts(_CALLED, keep=True), pa.scalar(None, pa.string()))
    return pc.coalesce(named, called)
