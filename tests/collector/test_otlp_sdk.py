"""The exporters of the OpenTelemetry SDK against the running server, with a store on a folder."""

from __future__ import annotations

import http.client
import logging
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from otlp_requests import JSON, PROTOBUF, span, stored, traces

import queries
from collector.handler import Collector
from collector.otlp.intake import Intake
from collector.otlp.server import running
from store.commit import sweep
from store.objects import Store
from store.zone import Zone

SPANS = 700  # more than one export of the batch processor
RESOURCE = Resource(
    {"service.name": "orders", "cloud.region": "us-east-1", "cloud.account.id": "123456789012"}
)


@contextmanager
def served(store: Store, **settings: Any) -> Iterator[str]:
    collector = Collector("eu-west-1", store, lambda region: Zone("open"))
    door = Intake(collector, settings.get("token"), 4 * 2**20)
    with running(door, "127.0.0.1", 0) as (host, port):
        yield f"http://{host}:{port}"


def committed(store: Store, statement: str) -> list[tuple[Any, ...]]:
    assert not sweep(store).failed
    rows: list[tuple[Any, ...]] = queries.connect(store.uri).sql(statement).fetchall()
    return rows


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_every_span_of_the_sdk_is_in_the_store(local_store: Store, compression: Compression) -> None:
    with served(local_store, token=lambda: b"a-token-of-sufficient-length") as address:
        exporter = OTLPSpanExporter(
            f"{address}/v1/traces",
            compression=compression,
            headers={"authorization": "Bearer a-token-of-sufficient-length"},
        )
        provider = TracerProvider(resource=RESOURCE)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        tracer = provider.get_tracer("shop", "1.2")
        ids = set()
        for number in range(SPANS):
            with tracer.start_as_current_span("order", attributes={"user.id": f"u-{number}"}) as started:
                ids.add(f"{started.get_span_context().span_id:016x}")
        provider.shutdown()
    rows = committed(
        local_store, "SELECT span_id, region, service, user_id, attributes['otel.scope.version'] FROM spans"
    )
    assert {row[0] for row in rows} == ids
    assert {row[1:3] for row in rows} == {("us-east-1", "orders")}
    assert {row[3] for row in rows} == {f"u-{number}" for number in range(SPANS)}
    assert {row[4] for row in rows} == {"1.2"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_log_of_the_sdk_is_in_the_store(local_store: Store) -> None:
    with served(local_store) as address:
        provider = LoggerProvider(resource=RESOURCE)
        provider.add_log_record_processor(
            BatchLogRecordProcessor(OTLPLogExporter(f"{address}/v1/logs", compression=Compression.Gzip))
        )
        logger = logging.getLogger("shop.orders")
        logger.propagate = False
        handler = LoggingHandler(logger_provider=provider)
        logger.addHandler(handler)
        for number in range(300):
            logger.error("order %d failed", number, extra={"user.id": f"u-{number}"})
        logger.removeHandler(handler)
        provider.shutdown()
    rows = committed(local_store, "SELECT body, user_id, severity_number, service FROM logs")
    assert sorted(rows) == sorted(
        (f"order {number} failed", f"u-{number}", 17, "orders") for number in range(300)
    )


def test_every_metric_of_the_sdk_is_in_the_store(local_store: Store) -> None:
    with served(local_store) as address:
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{address}/v1/metrics"))
        provider = MeterProvider([reader], resource=RESOURCE)
        meter = provider.get_meter("shop")
        meter.create_counter("orders", unit="1").add(3, {"kind": "new"})
        meter.create_histogram("latency", unit="ms").record(12.5)
        meter.create_gauge("depth").set(7)
        provider.shutdown()
    rows = committed(local_store, "SELECT name, statistic, value, region FROM metrics")
    found = {(name, statistic): value for name, statistic, value, _ in rows}
    assert found[("orders", "sum")] == 3
    assert found[("depth", "last")] == 7
    assert [found[("latency", name)] for name in ("sum", "minimum", "maximum", "sample_count")] == [
        12.5,
        12.5,
        12.5,
        1,
    ]
    assert {row[3] for row in rows} == {"us-east-1"}


def exported(address: str, while_failing: Any) -> None:
    """Let the SDK export a span, which it begins while nothing can be stored."""
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{address}/v1/traces", timeout=30)))
    with while_failing:
        provider.get_tracer("shop").start_span("order").end()
        flushing = threading.Thread(target=provider.force_flush)
        flushing.start()
        time.sleep(1.0)  # it has been refused by now
        assert flushing.is_alive()
    flushing.join()
    provider.shutdown()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server asks for a retry after a second rather than after five."""
    monkeypatch.setattr("collector.otlp.intake._RETRY_AFTER", "1")


@pytest.mark.usefixtures("patient")
def test_when_the_store_fails_the_sdk_is_told_to_come_again_and_delivers_once(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []

    def failing(path: str, data: bytes) -> bool:
        refused.append(path)
        raise OSError("the store is out of reach")

    @contextmanager
    def broken() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(local_store, "put_new", failing)
            yield

    with served(local_store) as address:
        exported(address, broken())
    assert refused
    assert committed(local_store, "SELECT count(*) FROM spans") == [(1,)]


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may have any byte: what a write meets on a full disk, but as EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("patient")
def test_when_no_byte_can_be_written_the_sdk_is_told_to_come_again_and_delivers_once(
    local_store: Store,
) -> None:
    with served(local_store) as address:
        exported(address, full_disk())
    assert committed(local_store, "SELECT count(*) FROM spans") == [(1,)]


# The server


BODY = traces(span(1)).SerializeToString()


def connection(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)


def test_a_connection_serves_many_requests_also_in_chunks(local_store: Store) -> None:
    with served(local_store) as address:
        client = connection(address)
        headers = {"Content-Type": PROTOBUF}
        for _ in range(2):
            client.request("POST", "/v1/traces?x=1", BODY, headers)
            assert client.getresponse().read() == b""
            pieces = iter([BODY[:10], BODY[10:]])
            client.request("POST", "/v1/traces", pieces, headers, encode_chunked=True)
            answer = client.getresponse()
            assert (answer.status, answer.read()) == (200, b"")
        client.request("GET", "/v1/traces", headers={"Content-Type": JSON})
        answer = client.getresponse()
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        answer.read()
        client.request("POST", "/v1/traces", headers={"Content-Type": JSON, "Content-Length": "-1"})
        assert client.getresponse().status == 400
        client.close()
    assert len(stored(local_store, "spans")) == 1


def test_a_body_that_is_too_long_is_not_even_read(local_store: Store) -> None:
    with served(local_store) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as client:
            head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n"
            client.sendall(f"{head}Content-Length: {10**15}\r\n\r\n".encode() + bytes(5 * 2**20))
            assert client.recv(12) == b"HTTP/1.1 413"


def test_a_server_that_is_open_to_the_network_needs_a_token(local_store: Store) -> None:
    door = Intake(Collector("eu-west-1", local_store, lambda region: Zone("open")), None, 2**20)
    with (
        pytest.raises(ValueError, match=r"otlp.host is '0.0.0.0': without otlp.token"),
        running(door, "0.0.0.0", 0),
    ):
        pass


def test_a_server_that_stops_ends_the_requests_under_way(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, begun = local_store.put_new, threading.Event()

    def slow(path: str, data: bytes) -> bool:
        begun.set()
        time.sleep(0.5)
        return put(path, data)

    monkeypatch.setattr(local_store, "put_new", slow)
    statuses = []
    with served(local_store) as address:
        client = connection(address)

        def ask() -> None:
            client.request("POST", "/v1/traces", BODY, {"Content-Type": PROTOBUF})
            statuses.append(client.getresponse().status)

        asking = threading.Thread(target=ask)
        asking.start()
        assert begun.wait(10)
    asking.join()
    client.close()
    assert statuses == [200]
    assert len(stored(local_store, "spans")) == 1


def test_requests_at_the_same_time_are_all_stored(local_store: Store, tmp_path: Path) -> None:
    statuses: list[int] = []

    def ask(number: int) -> None:
        client = connection(address)
        client.request(
            "POST", "/v1/traces", traces(span(number)).SerializeToString(), {"Content-Type": PROTOBUF}
        )
        statuses.append(client.getresponse().status)
        client.close()

    with served(local_store) as address:
        threads = [threading.Thread(target=ask, args=[number]) for number in range(1, 21)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 20
    assert committed(local_store, "SELECT count(DISTINCT span_id) FROM spans") == [(20,)]
