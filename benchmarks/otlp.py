"""How fast OTLP requests become segments on one core, against decoding them with the protobuf library alone.

    python benchmarks/otlp.py [--repeats N] [--seed N] [--assert]

Times are CPU time, medians of interleaved repeats: each is of several requests, one after the other, from the
bytes of the body to the durable segment. The library alone parses the same bytes; `every value` also reads
each of its values into Python once. With --assert a missed goal is an error.
"""

from __future__ import annotations

import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from statistics import median
from typing import Any

import core
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector.handler import Collector
from collector.otlp.intake import Intake, Request
from store.objects import open_store
from store.zone import Zone

GOAL = 8  # times the parsing
SIZES = (512, 8192)  # records of a request: what an SDK, and what a Collector sends at once by default
RECORDS = 16_384  # of one repeat

_START = 1_714_521_600_000_000_000  # 2024-05-01T00:00:00Z
_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)
_RESOURCE = {
    "service.name": "orders",
    "service.version": "2024.5.1",
    "cloud.provider": "aws",
    "cloud.region": "eu-west-1",
    "cloud.account.id": "123456789012",
    "host.name": "ip-10-0-3-17.eu-west-1.compute.internal",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.version": "1.45.2",
}


def main() -> None:
    arguments = core.parser(__doc__).parse_args()
    core.one()
    missed = []
    for size in SIZES:
        for name, path, kind, make in (
            ("spans", "/v1/traces", ExportTraceServiceRequest, _spans),
            ("logs", "/v1/logs", ExportLogsServiceRequest, _logs),
        ):
            seeds = range(arguments.seed, arguments.seed + RECORDS // size)
            bodies = [make(random.Random(seed), size) for seed in seeds]
            print(f"{name}, {size} a request, {sum(map(len, bodies)) / RECORDS:.0f} bytes each")
            ratio = _measure(path, kind, bodies, arguments.repeats)
            if ratio > GOAL:
                missed.append(f"{name}, {size} a request: {ratio:.1f} times the parsing, goal {GOAL}")
    if missed and arguments.insist:
        sys.exit("; ".join(missed))


def _measure(path: str, kind: Any, bodies: Sequence[bytes], repeats: int) -> float:
    measures: dict[str, Callable[[], float]] = {
        "library alone": lambda: _timed(lambda: [kind.FromString(body) for body in bodies]),
        "library, every value": lambda: _timed(lambda: [_walked(kind.FromString(body)) for body in bodies]),
        "body to durable segment": lambda: _stored(path, bodies),
    }
    for measure in measures.values():  # imports, caches and pools are not what is measured
        measure()
    runs: dict[str, list[float]] = {each: [] for each in measures}
    for _ in range(repeats):
        for each, measure in measures.items():
            gc.collect()
            runs[each].append(measure())
    for each, seconds in runs.items():
        spent = median(seconds) / RECORDS
        print(f"  {each:26}{spent * 1e6:8.2f} µs/record{1 / spent:12,.0f} records/s")
    *bases, stored = runs.values()
    strict, read = (median(full / part for part, full in zip(base, stored, strict=True)) for base in bases)
    verdict = "reached" if strict <= GOAL else "MISSED"
    print(
        f"  {strict:.1f} times the parsing, goal ≤ {GOAL}: {verdict}; {read:.1f} times reading every value\n"
    )
    return strict


def _walked(request: Any) -> list[Any]:
    """All that a request says of its records, read by name: the quickest that Python code can."""
    found: list[Any] = []
    is_spans = isinstance(request, ExportTraceServiceRequest)
    for resource in request.resource_spans if is_spans else request.resource_logs:
        for scope in resource.scope_spans if is_spans else resource.scope_logs:
            for record in scope.spans if is_spans else scope.log_records:
                found.append(_SPAN(record) if is_spans else _LOG(record))
                for pair in record.attributes:
                    value = pair.value
                    found.append((pair.key, getattr(value, value.WhichOneof("value"))))
    return found


_SPAN = attrgetter(
    *("trace_id", "span_id", "parent_span_id", "name", "kind", "start_time_unix_nano", "end_time_unix_nano"),
    *("status.code", "status.message"),
)
_LOG = attrgetter(
    *("trace_id", "span_id", "time_unix_nano", "observed_time_unix_nano", "severity_number"),
    *("severity_text", "flags", "body.string_value"),
)


def _timed(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _stored(path: str, bodies: Sequence[bytes]) -> float:
    """Each request into a segment of its own, in a fresh local store."""
    requests = [Request("POST", path, {"content-type": "application/x-protobuf"}, body) for body in bodies]
    with tempfile.TemporaryDirectory() as folder:
        intake = Intake(Collector("eu-west-1", open_store(folder), lambda _: Zone("open")), None, 64 * 2**20)
        answers: list[Any] = []
        spent = _timed(lambda: answers.extend(map(intake, requests)))
    if any((answer.status, answer.body) != (200, b"") for answer in answers):
        sys.exit("not everything was stored")
    return spent


def _pair(key: str, value: Any) -> KeyValue:
    pair = KeyValue(key=key)
    kinds = {bool: "bool_value", int: "int_value", float: "double_value"}
    setattr(pair.value, kinds.get(type(value), "string_value"), value)
    return pair


def _pairs(values: dict[str, Any]) -> Iterator[KeyValue]:
    return (_pair(key, value) for key, value in values.items())


def _spans(source: random.Random, size: int) -> bytes:
    """Server spans of a web shop with 15 attributes each, as the instrumentation of a framework makes them."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(_pairs(_RESOURCE))
    scope = group.scope_spans.add()
    scope.scope.name, scope.scope.version = "opentelemetry.instrumentation.flask", "0.66b2"
    for number in range(size):
        start = _START + number * 1_000_000 + source.randrange(10**6)
        failed = source.random() < 0.03
        scope.spans.add(
            trace_id=source.randbytes(16),
            span_id=source.randbytes(8),
            parent_span_id=source.randbytes(8),
            name="POST /orders/{id}",
            kind=Span.SPAN_KIND_SERVER,
            start_time_unix_nano=start,
            end_time_unix_nano=start + source.randrange(10**9),
            status=Status(code=Status.STATUS_CODE_ERROR if failed else Status.STATUS_CODE_UNSET),
            attributes=_pairs(
                {
                    "http.request.method": "POST",
                    "url.scheme": "https",
                    "url.path": f"/orders/{source.randrange(10**6)}",
                    "http.route": "/orders/{id}",
                    "http.response.status_code": 502 if failed else 200,
                    "server.address": "api.shop.example",
                    "server.port": 443,
                    "client.address": f"20.{source.randrange(256)}.{source.randrange(256)}.7",
                    "user_agent.original": _AGENT,
                    "network.protocol.version": "1.1",
                    "enduser.id": f"u-{source.randrange(5000):05}",
                    "session.id": f"{source.randrange(2**128):032x}",
                    "aws.request_id": f"{source.randrange(2**128):032x}",
                    "order.items": source.randrange(9),
                    "cart.total": source.randrange(100_000) / 100,
                }
            ),
        )
    return request.SerializeToString()


def _logs(source: random.Random, size: int) -> bytes:
    """Records of an application's logger with 10 attributes each, within a trace."""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.extend(_pairs(_RESOURCE))
    scope = group.scope_logs.add()
    scope.scope.name = "shop.orders"
    for number in range(size):
        failed = source.random() < 0.03
        order, took = source.randrange(10**6), source.randrange(20_000) / 100
        record = LogRecord(
            time_unix_nano=_START + number * 1_000_000 + source.randrange(10**6),
            observed_time_unix_nano=_START + number * 1_000_000 + 10**6,
            severity_number=17 if failed else 9,
            severity_text="ERROR" if failed else "INFO",
            trace_id=source.randbytes(16),
            span_id=source.randbytes(8),
            flags=1,
            attributes=_pairs(
                {
                    "code.file.path": "/app/orders/service.py",
                    "code.function.name": "place",
                    "code.line.number": 88,
                    "thread.name": f"worker-{source.randrange(8)}",
                    "enduser.id": f"u-{source.randrange(5000):05}",
                    "session.id": f"{source.randrange(2**128):032x}",
                    "aws.request_id": f"{source.randrange(2**128):032x}",
                    "order.id": order,
                    "cart.total": source.randrange(100_000) / 100,
                    "cache.hit": source.random() < 0.5,
                }
            ),
        )
        record.body.string_value = (
            f"order {order} was changed by another region: gave up after {took} ms"
            if failed
            else f"order {order} written to eu-west-1 in {took} ms, payment pay_{source.randrange(2**64):016x}"
        )
        scope.log_records.append(record)
    return request.SerializeToString()


if __name__ == "__main__":
    main()
