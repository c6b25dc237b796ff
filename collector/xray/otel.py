"""A span as CloudWatch Transaction Search keeps it in aws/spans, and as ListRetrievedTraces tells it (OTEL).

OpenTelemetry's names, but not OTLP: attributes are plain maps, kind and status are words, times are numbers
or texts, and a span that has not ended has no end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from collector.attributes import Attributes, flattened, taken, text
from collector.fields import FieldMap
from collector.moment import RULE, micros
from collector.trace import span_id, trace_id

Row = dict[str, Any]

_MARKS = {"traceId", "spanId", "startTimeUnixNano"}
_KINDS = ("INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")  # OTLP numbers them from 1
_CODES = ("UNSET", "OK", "ERROR")  # and these from 0
_APART = {
    *_MARKS,
    *("parentSpanId", "name", "kind", "status", "endTimeUnixNano", "durationNano"),
    *("resource", "scope", "attributes"),
}
_WHO = FieldMap()
_STATUS = ("http.response.status_code", "http.status_code")
_SERVICE = ("service.name", "aws.local.service")
_PEER = ("peer.service", "aws.remote.service")
_REGION = re.compile(r"[a-z0-9-]+")  # what the store's paths can hold


def is_span(value: Mapping[str, Any]) -> bool:
    return value.keys() >= _MARKS


def row(span: Mapping[str, Any]) -> Row:
    """The span's row of `spans`. Raises ValueError, naming key, value and rule."""
    attributes = _attributes(span)
    exception = _exception(span.get("events"))
    status = _part(span, "status")
    return {
        "time": _start(span),
        "duration_ms": _duration(span, attributes),
        "region": _region(attributes.get("cloud.region")),
        "account_id": attributes.get("cloud.account.id"),
        "service": taken(attributes, _SERVICE),
        "name": _name(span, attributes),
        "kind": _word(span.get("kind"), "SPAN_KIND_", _KINDS, 1),
        "status_code": _word(status.get("code"), "STATUS_CODE_", _CODES, 0) or "UNSET",
        "status_message": text(status.get("message")) or exception.get("exception.message"),
        "trace_id": _id(span, "traceId", trace_id, "32 hex digits"),
        "span_id": _id(span, "spanId", span_id, "16 hex digits"),
        "parent_span_id": _parent(span),
        "request_id": taken(attributes, _WHO.request),
        "session_id": taken(attributes, _WHO.session),
        "user_id": taken(attributes, _WHO.user),
        "http_status": _http_status(attributes),
        "error_type": taken(attributes, _WHO.error) or exception.get("exception.type"),
        "peer_service": taken(attributes, _PEER),
        "attributes": attributes,
    }


def _part(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under that key, empty if there is none."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _attributes(span: Mapping[str, Any]) -> Attributes:
    """The span's own, what it says besides, and those of its resource, under other names where they clash."""
    own = flattened(_part(span, "attributes"))
    told = own | flattened({key: value for key, value in span.items() if key not in _APART})
    told |= flattened(_part(span, "scope"), "otel.scope.")
    for name, value in flattened(_part(_part(span, "resource"), "attributes")).items():
        told[f"resource.{name}" if told.get(name, value) != value else name] = value
    return told


def _start(span: Mapping[str, Any]) -> int:
    start = span["startTimeUnixNano"]
    time = micros(start)
    if time is None:
        shown = start if isinstance(start, int | float) else "no number"
        raise ValueError(f"startTimeUnixNano is {shown}: {RULE}")
    return time


def _duration(span: Mapping[str, Any], attributes: Attributes) -> float | None:
    """Milliseconds; None for a span that has not ended, or that says it ended before it started."""
    start, end = _nanos(span["startTimeUnixNano"]), _nanos(span.get("endTimeUnixNano"))
    if start is not None and end and 0 <= end - start < 1e18:
        return (end - start) / 1_000_000
    for key in ("endTimeUnixNano", "durationNano"):
        if span.get(key):
            attributes[key] = text(span[key])
    return None


def _nanos(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return int(value) if isinstance(value, int | float) and 0 <= value < 1e19 else None


def _name(span: Mapping[str, Any], attributes: Attributes) -> str:
    name = span.get("name") or attributes.get("_aws.xray.name")
    if not isinstance(name, str) or not name:
        raise ValueError("name must be text")
    return name


def _word(value: Any, prefix: str, words: Sequence[str], first: int) -> str | None:
    """The word, however it is spelled or numbered; None if it is none of the words."""
    if isinstance(value, int) and 0 <= value - first < len(words):
        return words[value - first]
    word = value.upper().removeprefix(prefix) if isinstance(value, str) else None
    return word if word in words else None


def _id(span: Mapping[str, Any], key: str, read: Any, rule: str) -> str:
    value = span[key]
    id: str | None = read(value) if isinstance(value, str) else None
    if id is None:
        raise ValueError(f"{key} must be {rule}")
    return id


def _parent(span: Mapping[str, Any]) -> str | None:
    parent = span.get("parentSpanId")
    if not parent or (isinstance(parent, str) and not parent.strip("0")):
        return None
    return _id(span, "parentSpanId", span_id, "16 hex digits")


def _region(name: str | None) -> str | None:
    return name if name and _REGION.fullmatch(name) else None


def _http_status(attributes: Attributes) -> int | None:
    name = next(
        (name for name in _STATUS if re.fullmatch("[1-5][0-9][0-9]", attributes.get(name) or "")), None
    )
    return int(attributes.pop(name) or 0) if name else None


def _exception(events: Any) -> Attributes:
    """The attributes of the first exception among the span's events."""
    for event in events if isinstance(events, list) else ():
        if isinstance(event, dict) and event.get("name") == "exception":
            return flattened(_part(event, "attributes"))
    return {}
