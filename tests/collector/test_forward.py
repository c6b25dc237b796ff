"""Fan-out to a real OTLP backend, which here is an intake of our own, and to one that is not there."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from collector_payloads import MS, OPEN
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from otlp_requests import NANOS, intake, log, logs, metrics, span, stored, traces

from collector import forward
from collector.forward import Forwarder
from collector.otlp import decode
from collector.otlp.export import forwarder
from collector.otlp.request import KINDS
from collector.otlp.server import running
from collector.recorder import Recorder
from collector.rows import partition
from collector.signals import Signals
from store.objects import Store, open_store
from store.schema import EVENTS, SPANS, TABLES, Table
from store.zone import KeyUnavailable, Zone

EMAIL = Zone("eu", "pseudonym", ("email",), "env:KEY")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """What became of how many rows, by table and outcome."""
    counts: Counter[tuple[str, str]] = Counter()
    monkeypatch.setattr(forward, "_count", lambda table, outcome, n: counts.update({(table, outcome): n}))
    return counts


@pytest.fixture
def backend() -> Iterator[tuple[str, Store]]:
    store = open_store("memory://")
    with running(intake(store), "127.0.0.1", 0) as (host, port):
        yield f"http://{host}:{port}", store


def rows(signals: Signals, zone: Zone = OPEN) -> list[tuple[Table, pa.Table]]:
    """What a collector stores of the signals."""
    recorder = Recorder("eu-west-1", lambda region: zone, lambda zone: bytes(32))
    return [
        (each.table, partition([each.rows], each.region, each.day))
        for each in recorder.record(signals, MS * 1000)
    ]


def of(kind: str, request: Any, zone: Zone = OPEN) -> list[tuple[Table, pa.Table]]:
    (signals,) = decode.protobuf(KINDS[kind], request.SerializeToString())  # type: ignore[index]
    return rows(signals, zone)


def spans(size: int) -> list[tuple[Table, pa.Table]]:
    return of("traces", traces(*(span(number) for number in range(1, size + 1))))


def test_spans_logs_and_metrics_arrive_at_the_backend_redacted(
    backend: tuple[str, Store], counted: Counter[tuple[str, str]]
) -> None:
    address, there = backend
    gauge = Metric(name="depth", unit="1", gauge={"data_points": [{"time_unix_nano": NANOS, "as_int": 7}]})
    named = {"user.id": "ann@example.com", "http.response.status_code": 503, "cart": "a"}
    found = [
        *of("traces", traces(span(1, named, parent_span_id=bytes(7) + b"\x09")), EMAIL),
        *of("logs", logs(log("mail to ann@example.com", {"n": 1})), EMAIL),
        *of("metrics", metrics(gauge), EMAIL),
    ]
    sending = forwarder(address, dict, ("spans", "logs", "metrics"))
    for table, part in found:
        sending(table, part)
    assert sending.flush(30)
    assert counted == {("spans", "sent"): 1, ("logs", "sent"): 1, ("metrics", "sent"): 1}
    (received,), ((_, sent), *_others) = stored(there, "spans"), found
    (original,) = sent.to_pylist()
    same = ("time", "duration_ms", "region", "service", "name", "kind", "trace_id", "span_id", "user_id")
    same = (*same, "parent_span_id", "http_status", "account_id")
    assert {name: received[name] for name in same} == {name: original[name] for name in same}
    assert received["attributes"]["cart"] == "a"
    (line,), (point,) = stored(there, "logs"), stored(there, "metrics")
    assert line["body"].startswith("mail to <email:")
    assert (point["name"], point["value"]) == ("depth/last", 7.0)
    assert "ann@" not in repr((received, line, point))


def test_an_event_arrives_as_a_log_record_that_says_so(backend: tuple[str, Store]) -> None:
    address, there = backend
    row = {
        "time": MS * 1000,
        "kind": "failover",
        "subject": "orders-db",
        "title": "failed over",
        "event_id": "e",
    }
    sending = forwarder(address, dict, ("events",))
    for table, part in rows(Signals.of(EVENTS, [row])):
        sending(table, part)
    assert sending.flush(30)
    (line,) = stored(there, "logs")
    assert line["body"] == "failed over"
    assert line["attributes"]["event.name"] == "regionscope.events"
    assert line["attributes"]["subject"] == "orders-db"


def test_every_table_can_be_forwarded_and_others_are_passed_over() -> None:
    assert forwarder("http://127.0.0.1:1", dict, TABLES)
    sending = Forwarder({})
    sending(*spans(1)[0])
    assert sending.flush(0)


def test_a_backend_that_hangs_holds_nobody_up_and_what_finds_no_room_is_counted(
    counted: Counter[tuple[str, str]],
) -> None:
    released = threading.Event()

    def hanging(rows: list[dict[str, Any]]) -> bool:
        return released.wait(30)

    sending = Forwarder({"spans": hanging}, capacity=30)
    start = time.perf_counter()
    for _ in range(5):
        sending(*spans(10)[0])
    assert not sending.flush(0.1)
    assert time.perf_counter() - start < 5
    released.set()
    assert sending.flush(30)
    assert counted == {("spans", "sent"): 30, ("spans", "dropped"): 20}


def test_a_backend_that_is_not_there_costs_the_records_and_nothing_else(
    counted: Counter[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    sending = forwarder("http://127.0.0.1:1", dict, ("spans",), timeout=1)
    sending(*spans(2)[0])
    assert sending.flush(30)
    assert counted == {("spans", "dropped"): 2}


def test_a_header_s_secret_that_cannot_be_had_is_asked_for_again(
    backend: tuple[str, Store], counted: Counter[tuple[str, str]]
) -> None:
    answers = iter([KeyUnavailable("key 'env:API' cannot be read: KeyError"), {"api-key": "k" * 16}])

    def headers() -> dict[str, str]:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    address, there = backend
    sending = forwarder(address, headers, ("spans",))
    for _ in range(2):
        sending(*spans(1)[0])
        assert sending.flush(30)
    assert counted == {("spans", "dropped"): 1, ("spans", "sent"): 1}
    assert len(stored(there, "spans")) == 1


def test_many_rows_go_in_exports_of_the_usual_size() -> None:
    sizes: list[int] = []

    def send(rows: list[dict[str, Any]]) -> bool:
        sizes.append(len(rows))
        return True

    sending = Forwarder({SPANS.name: send})
    sending(*spans(1100)[0])
    assert sending.flush(30)
    assert sizes == [512, 512, 76]
