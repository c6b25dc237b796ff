"""Which JSON fields hold the user, session, request, trace …: the defaults, extended by the configuration.

A name is a path: `user.id` matches both {"user": {"id": …}} and {"user.id": …}, also inside the objects in
which loggers keep what their users add (`attributes`, `contextMap`, `mdc`, `fields`). The first name whose
value fits the column wins, so the names a team adds in its configuration stand before these.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Field paths per column, most telling first; from the loggers' documentation and semconv."""

    user: tuple[str, ...] = (
        "user_id",
        "userId",
        "user.id",
        "enduser.id",
        "enduser.pseudo.id",
        "usr.id",
        "user",
        "sub",
        "user.name",
        "username",
        "userName",
        "principalId",
        "authorizer.claims.sub",
        "authorizer.principalId",
    )
    session: tuple[str, ...] = ("session_id", "sessionId", "session.id", "sid")
    request: tuple[str, ...] = (
        "request_id",
        "requestId",
        "function_request_id",
        "aws_request_id",
        "awsRequestId",
        "AWSRequestId",
        "aws.request_id",
        "faas.invocation_id",
        "http.request.id",
        "correlation_id",
        "req.id",
        "reqId",
        "requestID",
    )
    trace: tuple[str, ...] = (
        "trace_id",
        "traceId",
        "trace.id",
        "xray_trace_id",
        "xrayTraceId",
        "traceparent",
        "otelTraceID",
        "dd.trace_id",
        "X-Amzn-Trace-Id",
        "x-amzn-trace-id",
        "_X_AMZN_TRACE_ID",
    )
    span: tuple[str, ...] = ("span_id", "spanId", "span.id", "otelSpanID", "dd.span_id")
    service: tuple[str, ...] = (
        "service",
        "service.name",
        "service_name",
        "serviceName",
        "resource.service.name",
        "function_name",
        "functionName",
    )
    severity: tuple[str, ...] = (
        "severity_number",
        "severityNumber",
        "level",
        "log.level",
        "severity",
        "severityText",
        "severity_text",
        "levelname",
        "lvl",
        "loglevel",
        "log_level",
        "status",
    )
    message: tuple[str, ...] = ("message", "msg", "event", "body", "log", "errorMessage", "short_message")
    error: tuple[str, ...] = (
        "error.type",
        "exception.type",
        "exception_name",
        "errorType",
        "error_type",
        "err.type",
        "exc_type",
        "error.name",
        "thrown.name",
        "exception.class",
        "error.kind",
        "errorCode",
    )
    status: tuple[str, ...] = (
        "http.response.status_code",
        "http.status_code",
        "http_status",
        "status_code",
        "statusCode",
        "status",
        "res.statusCode",
        "response.status",
    )
    duration: tuple[str, ...] = (
        "duration_ms",
        "durationMs",
        "responseLatency",
        "latency_ms",
        "responseTime",
        "elapsed_ms",
    )

    def extended(self, **names: tuple[str, ...]) -> Self:
        """A copy in which the given names stand before the defaults of their column."""
        known = {field.name for field in fields(self)}
        for column in names:
            if column not in known:
                raise ValueError(f"fields.{column}: no such mapping; one of {', '.join(sorted(known))}")
        return replace(self, **{column: (*new, *getattr(self, column)) for column, new in names.items()})
