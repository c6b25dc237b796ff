"""One X-Ray segment or subsegment as a row of `spans`, without those nested in it.

Fields: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html. Kinds and names of
attributes follow the X-Ray receiver of the OpenTelemetry Collector.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from collector.attributes import Attributes, flattened, taken, text
from collector.fields import FieldMap
from collector.moment import RULE, micros
from collector.trace import span_id, trace_id

Fields = Mapping[str, Any]
Row = dict[str, Any]

# Semantic-convention names, where one clearly exists; any other field keeps its own.
_NAMES = {
    "http.request.url": "url.full",
    "http.request.user_agent": "user_agent.original",
    "http.request.client_ip": "client.address",
    "http.response.content_length": "http.response.body.size",
    "sql.sanitized_query": "db.query.text",
    "sql.database_type": "db.system.name",
    "aws.operation": "rpc.method",
    "aws.queue_url": "aws.sqs.queue.url",
    "aws.bucket_name": "aws.s3.bucket",
    "aws.function_arn": "aws.lambda.invoked_arn",
    "aws.xray.sdk": "telemetry.sdk.name",
    "aws.xray.sdk_version": "telemetry.sdk.version",
    "aws.ec2.instance_id": "host.id",
    "aws.ec2.instance_size": "host.type",
    "aws.ec2.ami_id": "host.image.id",
    "aws.ec2.availability_zone": "cloud.availability_zone",
    "aws.ecs.container": "container.name",
    "aws.ecs.container_id": "container.id",
    "aws.ecs.task_arn": "aws.ecs.task.arn",
    "aws.eks.cluster_name": "k8s.cluster.name",
    "aws.eks.pod": "k8s.pod.name",
    "aws.eks.container_id": "container.id",
}
_PREFIX = "aws.xray."  # of fields at the top of a segment

_FAILURES = ("fault", "error", "throttle")
_CALLS = ("aws", "remote")  # namespaces of subsegments that call something outside the application
_CALLED = ("table_name", "queue_url", "topic_arn", "bucket_name")
_APART = {
    *("id", "trace_id", "parent_id", "name", "start_time", "end_time", "user"),
    *("cause", "annotations", "subsegments"),
}
_WHO = FieldMap()
_LONGEST = 1e12  # seconds: what is more cannot be a duration


@dataclass(frozen=True, slots=True)
class Place:
    """Where a segment stands: its trace, the span above it and, if known, the service that did the work.

    `written_id` is the trace's id as the document has it; a `part` is a subsegment.
    """

    written_id: str
    trace_id: str
    parent_span_id: str | None
    service: str | None
    part: bool


def place(segment: Fields) -> Place:
    """Where a document's outermost segment stands. Raises ValueError, naming key and rule."""
    written, parent = segment.get("trace_id"), segment.get("parent_id")
    trace = trace_id(written) if isinstance(written, str) else None
    above = span_id(parent) if isinstance(parent, str) else None
    if trace is None:
        raise ValueError("trace_id must be 1-8hex-24hex, or 32 hex digits")
    if parent and above is None:
        raise ValueError("parent_id must be 16 hex digits")
    part = segment.get("type") == "subsegment"
    return Place(str(written), trace, above, None if part else _known(segment.get("name")), part)


def row(segment: Any, at: Place, exceptions: Mapping[str, Fields]) -> Row:
    """The segment's row; `exceptions` are those of the whole trace, by their ids.

    Raises ValueError, naming key, value and rule.
    """
    if not isinstance(segment, dict):
        raise ValueError("subsegments must hold objects")
    name, id = segment.get("name"), segment.get("id")
    span = span_id(id) if isinstance(id, str) else None
    if not isinstance(name, str) or not name:
        raise ValueError("name must be text")
    if span is None:
        raise ValueError("id must be 16 hex digits")
    attributes = _attributes(segment)
    found: Row = {
        "time": _time(segment, at, attributes),
        "duration_ms": _duration(segment, attributes),
        "service": at.service,
        "name": name,
        "kind": _kind(segment, at),
        "trace_id": at.trace_id,
        "span_id": span,
        "parent_span_id": at.parent_span_id,
        "account_id": attributes.pop("aws.account_id", None),
        "request_id": attributes.pop("aws.request_id", None),
        "http_status": _status(attributes),
        "peer_service": _peer(segment, name),
        "attributes": attributes,
    }
    _fail(found, segment, exceptions)
    _annotate(found, segment)
    return found


def exceptions(segment: Fields) -> dict[str, Fields]:
    """The exceptions that the segment tells whole, by their ids."""
    cause = segment.get("cause")
    listed = cause.get("exceptions") if isinstance(cause, dict) else None
    told = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return {each["id"]: each for each in told if isinstance(each.get("id"), str)}


def _known(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _attributes(segment: Fields) -> Attributes:
    told: Attributes = {}
    for key, value in flattened({key: segment[key] for key in segment if key not in _APART}).items():
        name = _NAMES.get(key, key if "." in key else _PREFIX + key)
        told[key if name in told else name] = value  # ECS and EKS both tell a container.id
    return told


def _time(segment: Fields, at: Place, attributes: Attributes) -> int:
    """The start; where that is a number but no believable time, the second in which its trace began.

    An X-Ray id begins with that second. An id may be made otherwise, so a start that can be true is believed.
    """
    start = segment.get("start_time")
    time = micros(start)
    if time is None and _is_number(start) and at.written_id.startswith("1-"):
        time = micros(int(at.trace_id[:8], 16))
        attributes[_PREFIX + "start_time"] = text(start)
    if time is None:
        raise ValueError(f"start_time is {_shown(start)}: {RULE}")
    return time


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    return repr(value) if _is_number(value) else "no number"


def _duration(segment: Fields, attributes: Attributes) -> float | None:
    """Milliseconds; None while the segment is in progress, or if it says that it ended before it began."""
    start, end = segment.get("start_time"), segment.get("end_time")
    if end is None or segment.get("in_progress") is True:
        return None
    if _is_number(start) and _is_number(end) and 0 <= end - start < _LONGEST:
        return round((end - start) * 1_000_000) / 1000
    attributes[_PREFIX + "end_time"] = text(end)
    return None


def _kind(segment: Fields, at: Place) -> str:
    """A segment is what a service does for a request; subsegments are its parts and its calls."""
    if segment.get("namespace") in _CALLS:
        return "CLIENT"
    return "INTERNAL" if at.part else "SERVER"


def _status(attributes: Attributes) -> int | None:
    code = attributes.get("http.response.status") or ""
    if not re.fullmatch("[1-5][0-9][0-9]", code):
        return None
    del attributes["http.response.status"]
    return int(code)


def _peer(segment: Fields, name: str) -> str | None:
    if segment.get("namespace") not in _CALLS:
        return None
    aws = segment.get("aws")
    called = [_known(aws.get(key)) for key in _CALLED] if isinstance(aws, dict) else []
    return next(filter(None, called), name)


def _fail(found: Row, segment: Fields, known: Mapping[str, Fields]) -> None:
    """Status and error of a segment that failed; its attributes say whether by fault, error or throttle."""
    failed = any(segment.get(failure) is True for failure in _FAILURES)
    exception, rest = _cause(segment.get("cause"), known)
    found["status_code"] = "ERROR" if failed else "UNSET"
    found["status_message"] = _known(exception.get("message")) or _known(rest.pop("message", None))
    found["error_type"] = _known(exception.get("type"))
    attributes = found["attributes"]
    if stack := exception.get("stack"):
        attributes["exception.stacktrace"] = _stacktrace(stack)
    told = {key: value for key, value in exception.items() if key not in ("type", "message", "stack")}
    attributes |= flattened(told, _PREFIX + "exception.") | flattened(rest, _PREFIX + "cause.")


def _cause(cause: Any, known: Mapping[str, Fields]) -> tuple[Fields, Row]:
    """The exception that made a segment fail, and what else the cause says."""
    if isinstance(cause, str):  # the id of an exception that another segment of the trace tells
        return known.get(cause, {"id": cause}), {}
    if not isinstance(cause, dict):
        return {}, {} if cause is None else {"is": cause}
    listed = cause.get("exceptions")
    if not (isinstance(listed, list) and listed and isinstance(listed[0], dict)):
        return {}, dict(cause)
    others = {"exceptions": listed[1:]} if listed[1:] else {}
    return listed[0], {key: value for key, value in cause.items() if key != "exceptions"} | others


def _stacktrace(stack: Any) -> str | None:
    """The frames, one to a line; as they are if they are none."""
    if not (isinstance(stack, list) and all(isinstance(frame, dict) for frame in stack)):
        return text(stack)
    return "\n".join(
        f"at {_of(frame, 'label')} ({_of(frame, 'path')}:{_of(frame, 'line')})" for frame in stack
    )


def _of(frame: Fields, key: str) -> str:
    return text(frame.get(key)) or "?"


def _annotate(found: Row, segment: Fields) -> None:
    """What the application added: columns where its names are well known, else attributes under its names."""
    added, attributes = segment.get("annotations"), found["attributes"]
    annotations = (
        flattened(added) if isinstance(added, dict) else {"annotations": text(added)} if added else {}
    )
    found["user_id"] = text(segment.get("user")) or taken(annotations, _WHO.user)
    found["session_id"] = taken(annotations, _WHO.session)
    found["request_id"] = found["request_id"] or taken(annotations, _WHO.request)
    for name, value in annotations.items():
        attributes[f"annotations.{name}" if name in attributes else name] = value
