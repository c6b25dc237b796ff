"""What Lambda itself writes about each invocation, as text lines or as JSON platform records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from math import ceil
from typing import Any

from demo.requests import Invocation, Request
from demo.text import iso, json, ms

Lines = Iterator[tuple[float, str]]


def before(request: Request, invocation: Invocation) -> Lines:
    """The lines that come before the handler's own."""
    json_format = invocation.function.logger == "console_json"
    return _records_before(request, invocation) if json_format else _lines_before(request, invocation)


def after(request: Request, invocation: Invocation) -> Lines:
    """The lines that come after the handler's own."""
    json_format = invocation.function.logger == "console_json"
    return _records_after(request, invocation) if json_format else _lines_after(request, invocation)


def _lines_before(request: Request, invocation: Invocation) -> Lines:
    if invocation.init is not None:
        version, arn = _runtime(request, invocation)
        text = f"INIT_START Runtime Version: {version}\tRuntime Version ARN: {arn}\n"
        yield invocation.start - invocation.init, text
    yield invocation.start, f"START RequestId: {invocation.request_id} Version: $LATEST\n"


def _lines_after(request: Request, invocation: Invocation) -> Lines:
    end, id, metrics = invocation.end, invocation.request_id, _metrics(invocation)
    yield end, f"END RequestId: {id}\n"
    report = [
        f"REPORT RequestId: {id}",
        f"Duration: {metrics['durationMs']:.2f} ms",
        f"Billed Duration: {metrics['billedDurationMs']} ms",
        f"Memory Size: {metrics['memorySizeMB']} MB",
        f"Max Memory Used: {metrics['maxMemoryUsedMB']} MB",
    ]
    if "initDurationMs" in metrics:
        report.append(f"Init Duration: {metrics['initDurationMs']:.2f} ms")
    if invocation.outcome == "timeout":
        report.append("Status: timeout")
    trace = f"XRAY TraceId: {request.trace_id}\tSegmentId: {invocation.span_id}\tSampled: true\t\n"
    yield end, "\t".join(report) + "\t\n" + trace
    if invocation.outcome == "timeout":
        yield end, f"{iso(end)} {id} Task timed out after {invocation.function.timeout:.2f} seconds\n\n"


def _records_before(request: Request, invocation: Invocation) -> Lines:
    if invocation.init is not None:
        version, arn = _runtime(request, invocation)
        init = {
            "initializationType": "on-demand",
            "phase": "init",
            "runtimeVersion": version,
            "runtimeVersionArn": arn,
            "functionName": invocation.function.name,
            "functionVersion": "$LATEST",
        }
        yield _record(invocation.start - invocation.init, "platform.initStart", init)
    start = {
        "requestId": invocation.request_id,
        "version": "$LATEST",
        "tracing": _tracing(request, invocation),
    }
    yield _record(invocation.start, "platform.start", start)


def _records_after(request: Request, invocation: Invocation) -> Lines:
    end, metrics = invocation.end, _metrics(invocation)
    done: dict[str, Any] = {
        "requestId": invocation.request_id,
        "status": invocation.outcome,
        "tracing": _tracing(request, invocation),
    }
    if request.failure and invocation.outcome == "error":
        done["errorType"] = request.failure.error_type
    produced = {"durationMs": metrics["durationMs"], "producedBytes": request.size}
    yield _record(end, "platform.runtimeDone", done | {"metrics": produced})
    yield _record(end, "platform.report", done | {"metrics": metrics})


def _record(time: float, kind: str, record: dict[str, Any]) -> tuple[float, str]:
    return time, json({"time": iso(time), "type": kind, "record": record})


def _tracing(request: Request, invocation: Invocation) -> dict[str, str]:
    header = f"Root={request.trace_id};Parent={invocation.span_id};Sampled=1"
    return {"spanId": invocation.span_id, "type": "X-Amzn-Trace-Id", "value": header}


def _metrics(invocation: Invocation) -> dict[str, Any]:
    billed = invocation.duration + (invocation.init or 0.0)
    metrics: dict[str, Any] = {
        "durationMs": ms(invocation.duration),
        "billedDurationMs": ceil(billed * 1000),
        "memorySizeMB": invocation.function.memory,
        "maxMemoryUsedMB": invocation.function.memory // 2 - 9,
    }
    if invocation.init is not None:
        metrics["initDurationMs"] = ms(invocation.init)
    return metrics


def _runtime(request: Request, invocation: Invocation) -> tuple[str, str]:
    """The runtime's version, and its ARN, which is the same for all functions of a region."""
    runtime = invocation.function.runtime
    version = runtime.replace("python", "python:").replace("nodejs", "nodejs:").removesuffix(".x") + ".v38"
    digest = hashlib.sha256(version.encode()).hexdigest()
    return version, f"arn:aws:lambda:{request.region}::runtime:{digest}"
