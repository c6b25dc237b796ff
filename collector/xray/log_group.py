"""The log group aws/spans, into which CloudWatch Transaction Search writes every span as a log event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from collector.columns import Events, Source
from collector.decode import Misfit
from collector.envelope import serialized
from collector.signals import Signals
from collector.xray import otel
from store.schema import SPANS

GROUP = "aws/spans"


def spans(document: Mapping[str, Any], events: Events) -> Signals:
    """The spans that the events of a CloudWatch Logs document are; a misfit for each event that is none."""
    rows, misfits = [], []
    for number, message in enumerate(events.message):
        try:
            rows.append(_row(message, events.source[number]))
        except ValueError as error:
            misfits.append(_misfit(document, events, number, str(error)))
    return Signals.of(SPANS, rows, misfits)


def _row(message: str, source: Source) -> otel.Row:
    try:
        value = orjson.loads(message)
    except orjson.JSONDecodeError:
        raise ValueError("message is no JSON: must be a span") from None
    if not (isinstance(value, dict) and otel.is_span(value)):
        raise ValueError("message is no span: traceId, spanId or startTimeUnixNano is missing")
    found = otel.row(value)
    found["account_id"] = source.account_id or found["account_id"]
    found["region"] = source.region or found["region"]
    return found


def _misfit(document: Mapping[str, Any], events: Events, number: int, reason: str) -> Misfit:
    """The event as a CloudWatch Logs document of its own."""
    event: dict[str, Any] = {"id": events.event_id[number], "timestamp": (events.time[number] or 0) // 1000}
    source = events.source[number]
    system = {"@aws.account": source.account_id, "@aws.region": source.region}
    event["message"] = events.message[number]
    event["extractedFields"] = {name: value for name, value in system.items() if value}
    return Misfit(serialized({**document, "logEvents": [event]}), reason, source.region)
