"""X-Ray segment documents: one per service a request touched, with what it called as subsegments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from demo.clocks import Clocks
from demo.regions import ACCOUNT, DOMAIN
from demo.requests import Failure
from demo.spans import WRITER_SERVICE, Span
from demo.text import json

SLOW = 3.0  # seconds; the SDK sends a segment that takes longer once before it is complete


@dataclass(frozen=True, slots=True)
class Document:
    """A segment document, in JSON, as X-Ray of a region has it from `time` on (true epoch seconds)."""

    region: str
    trace_id: str
    segment_id: str
    time: float
    json: str


def documents(spans: Iterable[Span], clocks: Clocks) -> Iterator[Document]:
    """The documents of one request's spans."""
    known = list(spans)
    for span in known:
        if span.origin is None:
            continue
        parts = [part for part in known if part.origin is None and part.parent == span.id]
        if span.end - span.start > SLOW:
            yield _document(span, _segment(span, [], clocks) | {"in_progress": True}, span.start + SLOW)
        yield _document(span, _segment(span, parts, clocks), span.end)


def _document(span: Span, segment: dict[str, Any], time: float) -> Document:
    if segment.get("in_progress"):
        del segment["end_time"]
    return Document(span.region, span.request.trace_id, span.id, time, json(segment))


def _segment(span: Span, parts: list[Span], clocks: Clocks) -> dict[str, Any]:
    request = span.request
    segment = _timed(span, clocks) | {
        "trace_id": request.trace_id,
        "name": span.service,
        "origin": span.origin,
        "aws": {"account_id": ACCOUNT, **_aws(span)},
        **({"parent_id": span.parent} if span.parent else {}),
    }
    if span.status is not None:
        url = f"https://{DOMAIN}{request.path}"
        segment["http"] = {
            "request": {"method": request.method, "url": url, "client_ip": request.user.ip},
            "response": {"status": span.status, "content_length": request.size},
        }
    if span.origin == "AWS::Lambda::Function" and span.service != WRITER_SERVICE:
        segment["user"] = request.user.id
        segment["annotations"] = {"session_id": request.session, "route": request.route}
    if parts:
        segment["subsegments"] = [_subsegment(part, clocks) for part in parts]
    return segment


def _timed(span: Span, clocks: Clocks) -> dict[str, Any]:
    start, end = span.stamped(clocks)
    times = {"id": span.id, "start_time": round(start, 6), "end_time": round(end, 6)}
    return times | (_failed(span, span.failure) if span.failure else {})


def _failed(span: Span, failure: Failure) -> dict[str, Any]:
    flags = {"fault": True} if span.faulty else {"error": True}
    if span.status == 429:
        flags["throttle"] = True
    exception = {
        "id": span.id[::-1],
        "type": failure.error_type,
        "message": failure.message,
        "stack": [
            {"path": frame.module, "line": frame.line, "label": frame.function} for frame in failure.frames
        ],
    }
    return flags | {"cause": {"working_directory": "/var/task", "exceptions": [exception]}}


def _aws(span: Span) -> dict[str, str]:
    id = span.attributes.get("aws.request_id")
    return {"request_id": id} if id else {}


def _subsegment(span: Span, clocks: Clocks) -> dict[str, Any]:
    called = span.attributes
    part = _timed(span, clocks) | {"name": span.peer}
    if span.peer in ("DynamoDB", "S3"):
        names = "table_name" if span.peer == "DynamoDB" else "bucket_name"
        operation = {"read": "Get", "write": "Put"}[called["operation"]]
        suffix = "Item" if span.peer == "DynamoDB" else "Object"
        aws = {"operation": operation + suffix, "region": called["served_by"], names: called["resource"]}
        return part | {"namespace": "aws", "aws": aws}
    return part | {"namespace": "remote", "annotations": {"operation": called["operation"]}}
