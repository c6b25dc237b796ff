"""The application's own log lines: what its handlers note, in the format of each function's logger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from demo.functions import Logger
from demo.requests import Failure, Invocation, Note, Request, moment
from demo.text import epoch_ms, iso, java_trace, json, ms, node_stack, python_trace, w3c

Lines = Iterator[tuple[float, str]]  # when, and what

PINO_LEVELS = {"DEBUG": 20, "INFO": 30, "WARNING": 40, "ERROR": 50}
FAILED = "request failed"


def application_lines(request: Request, invocation: Invocation) -> Lines:
    """Each note of the handler, and the exception that ended it, if one did."""
    write_note, write_failure = _WRITERS[invocation.function.logger]
    for note in request.notes:
        yield note.time, write_note(request, invocation, note)
    failure = request.failure
    if failure and invocation.outcome != "timeout":
        for line in write_failure(request, invocation, failure):
            yield failure.time, line
    if invocation.function.logger == "powertools":
        yield invocation.end, _emf(request, invocation)


def _powertools(request: Request, invocation: Invocation, note: Note) -> str:
    function = invocation.function
    return json(
        {
            "level": note.level,
            "location": "handler:31",
            "message": note.message,
            "timestamp": f"{moment(note.time):%Y-%m-%d %H:%M:%S},{epoch_ms(note.time) % 1000:03d}+0000",
            "service": function.service,
            "cold_start": invocation.init is not None,
            "function_name": function.name,
            "function_memory_size": str(function.memory),
            "function_arn": function.arn(request.region),
            "function_request_id": invocation.request_id,
            "correlation_id": request.request_id,
            "xray_trace_id": request.trace_id,
            "user_id": request.user.id,
            "session_id": request.session,
            **note.fields,
        }
    )


def _powertools_failure(request: Request, invocation: Invocation, failure: Failure) -> list[str]:
    fields = {"exception": python_trace(failure), "exception_name": failure.error_type}
    return [_powertools(request, invocation, Note(failure.time, "ERROR", FAILED, fields))]


def _emf(request: Request, invocation: Invocation) -> str:
    """An embedded metric line, as Powertools writes one at the end of an invocation."""
    names = [{"Name": "Requests", "Unit": "Count"}, {"Name": "Latency", "Unit": "Milliseconds"}]
    metrics = [{"Namespace": "Shop", "Dimensions": [["service"]], "Metrics": names}]
    return json(
        {
            "_aws": {"Timestamp": epoch_ms(invocation.end), "CloudWatchMetrics": metrics},
            "service": request.service,
            "function_request_id": invocation.request_id,
            "Requests": [1.0],
            "Latency": [ms(invocation.duration)],
        }
    )


def _pino(request: Request, invocation: Invocation, note: Note) -> str:
    return json(
        {
            "level": PINO_LEVELS[note.level],
            "time": epoch_ms(note.time),
            "pid": 8,
            "hostname": "169.254.76.1",
            "name": request.service,
            "reqId": invocation.request_id,
            "traceId": w3c(request),
            "spanId": invocation.span_id,
            "userId": request.user.id,
            "sessionId": request.session,
            **note.fields,
            "msg": note.message,
        }
    )


def _pino_failure(request: Request, invocation: Invocation, failure: Failure) -> list[str]:
    err = {"type": failure.error_type, "message": failure.message, "stack": "\n".join(node_stack(failure))}
    return [_pino(request, invocation, Note(failure.time, "ERROR", FAILED, {"err": err}))]


def _python(request: Request, invocation: Invocation, note: Note) -> str:
    """The standard logger of Lambda's Python runtime; what the library of the stores logs is JSON."""
    fields = {"user_id": request.user.id, "session_id": request.session, **note.fields}
    stored = "store" in note.fields
    said = json({"message": note.message, **fields}) if stored else f"{note.message} {_logfmt(fields)}"
    return f"[{note.level}]\t{iso(note.time)}\t{invocation.request_id}\t{said}\n"


def _python_failure(request: Request, invocation: Invocation, failure: Failure) -> list[str]:
    """What logger.exception wrote, and what the runtime says if the exception leaves the handler."""
    prefix = f"[ERROR]\t{iso(failure.time)}\t{invocation.request_id}\t"
    logged = f"{prefix}{FAILED} user_id={request.user.id}\n{python_trace(failure)}\n"
    if failure.handled:
        return [logged]
    return [logged, f"[ERROR] {failure.error_type}: {failure.message}\n{python_trace(failure)}\n"]


def _structlog(request: Request, invocation: Invocation, note: Note) -> str:
    fields = {
        "timestamp": iso(note.time),
        "level": note.level.lower(),
        "event": note.message,
        "service": request.service,
        "request_id": invocation.request_id,
        "trace_id": w3c(request),
        "user_id": request.user.id,
        "session_id": request.session,
    }
    return _logfmt(fields | dict(note.fields)) + "\n"


def _console_json(request: Request, invocation: Invocation, note: Note) -> str:
    """console.info({…}) in a Node.js function with LogFormat JSON."""
    said = {"msg": note.message, "userId": request.user.id, "sessionId": request.session, **note.fields}
    return json(_console_record(invocation, note.time, note.level) | {"message": said})


def _console_json_failure(request: Request, invocation: Invocation, failure: Failure) -> list[str]:
    error = {
        "message": FAILED,
        "errorType": failure.error_type,
        "errorMessage": failure.message,
        "stackTrace": node_stack(failure),
    }
    return [json(_console_record(invocation, failure.time, "ERROR") | error)]


def _console_record(invocation: Invocation, time: float, level: str) -> dict[str, Any]:
    return {"timestamp": iso(time), "level": level.removesuffix("ING"), "requestId": invocation.request_id}


def _console(request: Request, invocation: Invocation, note: Note) -> str:
    """console.info(JSON.stringify({…})) in a Node.js function with LogFormat text."""
    said = {"msg": note.message, "userId": request.user.id, "sessionId": request.session, **note.fields}
    level = note.level.removesuffix("ING")
    return f"{iso(note.time)}\t{invocation.request_id}\t{level}\t{json(said)}\n"


def _console_failure(request: Request, invocation: Invocation, failure: Failure) -> list[str]:
    """console.error(error), or what the runtime says of an error that leaves the handler."""
    prefix, stack = f"{iso(failure.time)}\t{invocation.request_id}\tERROR\t", node_stack(failure)
    if failure.handled:
        return [prefix + "\n".join(stack) + "\n"]
    error = {"errorType": failure.error_type, "errorMessage": failure.message, "stack": stack}
    return [f"{prefix}Invoke Error \t{json(error)}\n"]


def _ecs(request: Request, invocation: Invocation, note: Note) -> str:
    """The Elastic Common Schema layout of log4j2, in the container."""
    return json(
        {
            "@timestamp": iso(note.time),
            "log.level": note.level.removesuffix("ING"),
            "message": note.message,
            "ecs.version": "1.2.0",
            "service.name": invocation.function.name,
            "process.thread.name": f"http-nio-8080-exec-{request.number % 10 + 1}",
            "log.logger": "com.example.shop.download.DownloadController",
            "http.request.id": request.request_id,
            "trace.id": w3c(request),
            "user.id": request.user.id,
            "session.id": request.session,
            **note.fields,
        }
    )


def _ecs_failure(request: Request, invocation: Invocation, failure: Failure) -> list[str]:
    error = {
        "error.type": failure.error_type,
        "error.message": failure.message,
        "error.stack_trace": java_trace(failure),
    }
    return [_ecs(request, invocation, Note(failure.time, "ERROR", FAILED, error))]


def _logfmt(fields: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_quoted(str(value))}" for name, value in fields.items())


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


_WRITERS: dict[
    Logger,
    tuple[Callable[[Request, Invocation, Note], str], Callable[[Request, Invocation, Failure], list[str]]],
] = {
    "powertools": (_powertools, _powertools_failure),
    "pino": (_pino, _pino_failure),
    "python": (_python, _python_failure),
    "structlog": (_structlog, _python_failure),
    "console_json": (_console_json, _console_json_failure),
    "console": (_console, _console_failure),
    "ecs": (_ecs, _ecs_failure),
}
