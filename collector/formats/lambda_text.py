"""Lambda's text logs: what the service says of an invocation, and what the runtimes put before a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from collector import severity
from collector.columns import Source
from collector.fields import FieldMap
from collector.formats import json_log, plain, stacktrace
from collector.formats.block import Reading, readable
from collector.formats.dialect import Dialect
from collector.formats.json_dialects import TIMES, dialect_of
from collector.formats.plain import LINE

# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
INVOCATION = Dialect(
    columns={
        "RequestId": "request_id",
        "XRAY TraceId": "trace_id",
        "SegmentId": "span_id",
        "Duration": "duration_ms",
        "Error Type": "error_type",
        "Status": ("outcome", "timeout"),
    },
    attributes={
        "Status": "aws.lambda.status",
        "Version": "faas.version",
        "Runtime Version": "aws.lambda.runtime_version",
        "Runtime Version ARN": "aws.lambda.runtime_version_arn",
        "Billed Duration": "aws.lambda.billed_duration_ms",
        "Init Duration": "aws.lambda.init_duration_ms",
        "Restore Duration": "aws.lambda.restore_duration_ms",
        "Billed Restore Duration": "aws.lambda.billed_restore_duration_ms",
        "Memory Size": "aws.lambda.memory_size_mb",
        "Max Memory Used": "aws.lambda.max_memory_used_mb",
        "Phase": "aws.lambda.phase",
        "Sampled": "aws.xray.sampled",
    },
    template=(("aws.lambda.event",), ("Status",), ("Error Type",)),
)
_FACTS = tuple(sorted({*INVOCATION.columns, *INVOCATION.attributes}, key=len, reverse=True))
_FACT = re.compile(rf"({'|'.join(_FACTS)}): (\S+)")
_BEGINNING = (
    r"(?:START|END|REPORT)(?= RequestId: )|(?:INIT|RESTORE)_(?:START|REPORT)(?=[\t ])"
    r"|(?:EXTENSION|TELEMETRY|LOGS)(?=\tName: )"
)
_EVENT = re.compile(_BEGINNING)
_LONGEST = 2048  # characters of such a line that are looked at

_MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?Z?"
_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_LEVEL = rf"(?i:{'|'.join(severity.WORDS)})"

# Python: `[LEVEL]\ttime\tid\tmessage`, and `[ERROR] Class: message` for what the handler did not catch.
# Node and .NET: `time\tid\tLEVEL\tmessage`; Java's log4j2 layout has blanks between; a timeout has no level.
_PYTHON = re.compile(rf"\[({_LEVEL})\][\t ](?:({_MOMENT})\t({_ID})?\t)?")
_NODE = re.compile(rf"({_MOMENT})[\t ](?:({_ID})|undefined)[\t ]+(?:({_LEVEL})\b[\t ]*)?")
_SERVICE = re.compile(r"RequestId: (\S{1,64})[ \t]+(?:Error: )?")
_DATADOG = re.compile(r"\[((?:dd\.\w{1,20}=[^\s\]]{0,200} ?){1,8})\] ?")

RECOGNISED = rf"{_BEGINNING}|(?:RequestId:|\[{_LEVEL}\])[\t ]|{_MOMENT}[\t ](?:{_ID}|undefined)[\t ]"

DialectOf = Callable[[tuple[str, ...]], Dialect]


def _invocation(keys: tuple[str, ...]) -> Dialect:
    return INVOCATION


def _line(keys: tuple[str, ...]) -> Dialect:
    return LINE


def read(
    rows: Sequence[int], messages: Sequence[str], sources: Sequence[Source], fields: FieldMap
) -> Reading:
    """Blocks of the lines the Lambda service or one of its runtimes wrote."""
    kinds: dict[DialectOf, tuple[list[int], list[dict[str, Any]]]] = {}
    for row in rows:
        kind, record = _taken_apart(messages[row], fields)
        group = kinds.setdefault(kind, ([], []))
        group[0].append(row)
        group[1].append(record)
    return Reading([block for kind, group in kinds.items() for block in readable(*group, kind).blocks])


def _taken_apart(message: str, fields: FieldMap) -> tuple[DialectOf, dict[str, Any]]:
    head = _EVENT.match(message)
    if head:
        return _invocation, {"aws.lambda.event": head[0], **dict(_FACT.findall(message, 0, _LONGEST))}
    head = _PYTHON.match(message)
    if head:
        level, moment, id = head.groups()
        return _application(message[head.end() :], moment, level, id, fields)
    head = _NODE.match(message)
    if head:
        moment, id, level = head.groups()
        return _application(message[head.end() :], moment, level, id, fields)
    head = _SERVICE.match(message)
    text = message[head.end() :] if head else message
    failed = head and (head[0].endswith("Error: ") or text.startswith("Process exited"))
    error = {"error_type": stacktrace.runtime_error(text)} if failed else {}
    return _line, plain.line(text, request_id=head[1] if head else None) | error


def _application(
    text: str, moment: str | None, level: str | None, id: str | None, fields: FieldMap
) -> tuple[DialectOf, dict[str, Any]]:
    """A line of the function's own: text, or JSON behind the runtime's head."""
    extra: dict[str, Any] = {}
    datadog = _DATADOG.match(text)
    if datadog:
        extra = dict(pair.split("=", 1) for pair in datadog[1].split())
        text = text[datadog.end() :]
    start = 0 if text.startswith("{") else text.find("\t{") + 1
    record = json_log.opened(text[start:], fields) if start or text.startswith("{") else None
    if record:
        return dialect_of, _headed(record | extra, moment, level, id, fields)
    found = plain.line(text, moment, level, id) | extra
    if text.startswith("Task timed out after"):
        found["error_type"] = stacktrace.TIMED_OUT
    return _line, found


def _headed(
    record: dict[str, Any], moment: str | None, level: str | None, id: str | None, fields: FieldMap
) -> dict[str, Any]:
    """The record with what the head says and the record does not; of two request ids the head's is better."""
    if level and not any(severity.number(record.get(name)) for name in fields.severity):
        record.setdefault("level", level)
    if moment and not any(name in record for name in TIMES):
        record["timestamp"] = moment
    if id:
        record["requestId"] = id
    return record
