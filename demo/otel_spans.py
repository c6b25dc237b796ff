"""Spans as CloudWatch Transaction Search writes them into the log group aws/spans."""

from __future__ import annotations

from typing import Any

from demo.clocks import Clocks
from demo.regions import ACCOUNT
from demo.spans import WRITER_SERVICE, Span
from demo.text import json, w3c

GROUP = "aws/spans"


def record(span: Span, clocks: Clocks) -> str:
    """One span as one log message; unset fields are absent."""
    start, end = (round(time * 1_000_000) * 1000 for time in span.stamped(clocks))
    fields: dict[str, Any] = {
        "resource": {
            "attributes": {
                "service.name": span.service,
                "cloud.provider": "aws",
                "cloud.account.id": ACCOUNT,
                "cloud.region": span.region,
            }
        },
        "scope": {"name": "opentelemetry.instrumentation.aws_lambda", "version": "0.59b0"},
        "traceId": w3c(span.request),
        "spanId": span.id,
        "flags": 256,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": start,
        "endTimeUnixNano": end,
        "durationNano": end - start,
        "attributes": _attributes(span),
        "status": _status(span),
    }
    if span.parent:
        fields["parentSpanId"] = span.parent
    if span.failure and span.origin:
        fields["events"] = [_exception(span, end)]
    return json(fields)


def _attributes(span: Span) -> dict[str, Any]:
    request = span.request
    attributes: dict[str, Any] = {"aws.local.service": span.service, **span.attributes}
    if span.status is not None:
        attributes |= {
            "http.request.method": request.method,
            "url.path": request.path,
            "client.address": request.user.ip,
            "http.response.status_code": span.status,
        }
    if span.origin and span.service != WRITER_SERVICE:
        attributes |= {"enduser.id": request.user.id, "session.id": request.session}
    if span.peer:
        attributes |= {"peer.service": span.peer, "aws.remote.service": span.peer}
    return attributes


def _status(span: Span) -> dict[str, str]:
    if span.failure and span.faulty:
        return {"code": "ERROR", "message": span.failure.message}
    return {"code": "UNSET"}


def _exception(span: Span, end: int) -> dict[str, Any]:
    failure = span.failure
    assert failure
    attributes = {"exception.type": failure.error_type, "exception.message": failure.message}
    return {"timeUnixNano": end, "name": "exception", "attributes": attributes}
