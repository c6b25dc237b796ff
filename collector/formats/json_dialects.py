"""What the fields of JSON records mean: the common loggers, and the records AWS itself writes as JSON."""

from __future__ import annotations

from collector.formats.access_dialects import CLOUDFRONT
from collector.formats.azure import AZURE
from collector.formats.dialect import Dialect


def _marks(*sets: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(names.split()) for names in sets)


TIMES = (
    *("timestamp", "@timestamp", "time", "ts", "asctime", "datetime", "@t", "timeMillis"),
    *("instant.epochSecond", "timeUnixNano", "time_unix_nano", "observedTimeUnixNano"),
)
_STACKS = (
    *("exception", "exc_info", "traceback", "stack", "stack_trace", "stacktrace", "stackTrace", "trace"),
    *("err.stack", "error.stack", "error.stack_trace", "exception.stacktrace", "thrown.extendedStackTrace"),
)

APPLICATION = Dialect(
    columns={
        **dict.fromkeys(TIMES, "time"),
        "severity_number": "otel_severity",
        "severityNumber": "otel_severity",
        **dict.fromkeys(_STACKS, "stack"),
        **dict.fromkeys(("duration", "elapsed", "latency", "took"), "duration_with_unit"),
    },
    attributes={
        **dict.fromkeys(_STACKS, "exception.stacktrace"),
        **dict.fromkeys(
            ("errorMessage", "error.message", "err.message", "thrown.message"), "exception.message"
        ),
        **dict.fromkeys(("function_name", "functionName"), "faas.name"),
        **dict.fromkeys(("function_version", "functionVersion"), "faas.version"),
        **dict.fromkeys(("function_arn", "functionArn"), "aws.lambda.invoked_arn"),
        **dict.fromkeys(("cold_start", "coldStart"), "faas.coldstart"),
        **dict.fromkeys(("hostname", "host.hostname"), "host.name"),
        **dict.fromkeys(("pid", "process_id"), "process.pid"),
        **dict.fromkeys(("thread", "thread_name", "threadName", "process.thread.name"), "thread.name"),
        **dict.fromkeys(("httpMethod", "http_method", "http.method", "req.method"), "http.request.method"),
        **dict.fromkeys(("userAgent", "user_agent", "http.user_agent"), "user_agent.original"),
        **dict.fromkeys(("sourceIp", "source_ip", "clientIp", "client_ip", "client.ip"), "client.address"),
        **dict.fromkeys(("req.remoteAddress", "remote_addr", "remoteAddress"), "client.address"),
        "http.url": "url.full",
        "deployment.environment": "deployment.environment.name",
    },
)

# pino and bunyan: `name` is what other loggers call service
PINO = Dialect(
    columns={**APPLICATION.columns, "name": "service"},
    attributes=APPLICATION.attributes,
    marks=_marks("level time pid hostname"),
)

GELF = Dialect(
    columns={"timestamp": "time", "level": "syslog_severity"},
    attributes={"host": "host.name", "full_message": "exception.stacktrace"},
    marks=_marks("version host short_message"),
)

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
EMF = Dialect(
    columns={"_aws.Timestamp": "time", **APPLICATION.columns},
    attributes=APPLICATION.attributes,
    marks=_marks("_aws"),
)

# https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
PLATFORM = Dialect(
    columns={
        "time": "time",
        "record": "message",
        "record.requestId": "request_id",
        "record.functionName": "service",
        "record.status": ("outcome", "timeout"),
        "record.tracing.value": "trace_id",
        "record.tracing.spanId": "span_id",
        "record.metrics.durationMs": "duration_ms",
        "record.errorType": "error_type",
    },
    attributes={
        "type": "aws.lambda.event",
        "record.status": "aws.lambda.status",
        "record.version": "faas.version",
        "record.functionVersion": "faas.version",
        "record.runtimeVersion": "aws.lambda.runtime_version",
        "record.runtimeVersionArn": "aws.lambda.runtime_version_arn",
        "record.metrics.billedDurationMs": "aws.lambda.billed_duration_ms",
        "record.metrics.initDurationMs": "aws.lambda.init_duration_ms",
        "record.metrics.restoreDurationMs": "aws.lambda.restore_duration_ms",
        "record.metrics.memorySizeMB": "aws.lambda.memory_size_mb",
        "record.metrics.maxMemoryUsedMB": "aws.lambda.max_memory_used_mb",
    },
    template=(("type",), ("record.status",), ("record.errorType",)),
    marks=_marks("time type record"),
)

# https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html: teams choose the fields
API_GATEWAY = Dialect(
    columns={
        "requestTimeEpoch": "time",
        "requestTime": "time",
        "requestId": "request_id",
        "xrayTraceId": "trace_id",
        "status": "http_status",
        "responseLatency": "duration_ms",
        "apiId": "service",
    },
    attributes={
        "extendedRequestId": "aws.extended_request_id",
        "httpMethod": "http.request.method",
        "resourcePath": "http.route",
        "routeKey": "http.route",
        "path": "url.path",
        "protocol": "network.protocol.name",
        "responseLength": "http.response.body.size",
        "domainName": "server.address",
        **dict.fromkeys(("ip", "sourceIp", "identity.sourceIp"), "client.address"),
        **dict.fromkeys(("userAgent", "identity.userAgent"), "user_agent.original"),
    },
    template=(("httpMethod",), ("resourcePath", "routeKey", "path"), ("status",)),
    marks=_marks(
        *("requestId status httpMethod", "requestId status routeKey", "requestId status resourcePath"),
        *("extendedRequestId status httpMethod", "extendedRequestId status resourcePath"),
    ),
    by_status=True,
    dashes=True,
)

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
CLOUDTRAIL = Dialect(
    columns={
        "eventTime": "time",
        "eventSource": "service",
        "awsRegion": "region",
        "recipientAccountId": "account_id",
        "requestID": "request_id",
        "errorCode": "error_type",
    },
    attributes={
        "sourceIPAddress": "client.address",
        "userAgent": "user_agent.original",
        "errorMessage": "exception.message",
    },
    template=(("eventSource",), ("eventName",), ("errorCode",)),
    marks=_marks("eventVersion eventSource eventName eventTime"),
)

# https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
WAF = Dialect(
    columns={
        "timestamp": "time",
        "httpRequest.requestId": ("request_id", "trace_id"),  # of an ALB it is the Root of the trace
        "responseCodeSent": "http_status",
    },
    attributes={
        "httpRequest.clientIp": "client.address",
        "httpRequest.httpMethod": "http.request.method",
        "httpRequest.uri": "url.path",
        "httpRequest.args": "url.query",
        "httpRequest.scheme": "url.scheme",
        "httpRequest.host": "server.address",
    },
    template=(("action",), ("terminatingRuleId",), ("httpRequest.httpMethod",), ("httpRequest.uri",)),
    marks=_marks("webaclId httpRequest"),
    by_status=True,
)

# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html
RESOLVER = Dialect(
    columns={"query_timestamp": "time", "account_id": "account_id", "region": "region"},
    attributes={
        "query_name": "dns.question.name",
        "query_type": "dns.question.type",
        "rcode": "dns.response_code",
        "srcaddr": "client.address",
        "srcport": "client.port",
        "transport": "network.transport",
    },
    template=(("query_type",), ("query_name",), ("rcode",)),
    marks=_marks("query_timestamp query_name rcode"),
)

_MARKED = (PLATFORM, EMF, CLOUDTRAIL, WAF, API_GATEWAY, CLOUDFRONT, RESOLVER, AZURE, GELF, PINO)


def dialect_of(keys: tuple[str, ...]) -> Dialect:
    """The dialect of records with these (flattened) keys."""
    tops = {key.partition(".")[0] for key in keys}
    for dialect in _MARKED:
        if any(marks <= tops for marks in dialect.marks):
            return dialect
    return APPLICATION
