"""What OTLP says, as rows: protobuf and JSON, one beside the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from collector_payloads import NOW, collector, counts, firehose, only, quarantined
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from otlp_requests import (
    JSON,
    NANOS,
    RESOURCE,
    any_value,
    intake,
    log,
    logs,
    metrics,
    pairs,
    post,
    send,
    span,
    stored,
    traces,
)

from collector.fields import FieldMap
from collector.otlp import cloudwatch
from collector.otlp.document import plain
from store import quarantine
from store.objects import Store, open_store
from store.zone import Zone


def only_row(store: Store, table: str) -> dict[str, Any]:
    (row,) = stored(store, table)
    return row


def as_json(request: Any) -> bytes:
    return json.dumps(plain(request)).encode()


# Spans


def test_a_span_fills_its_columns_and_keeps_the_rest_as_attributes(memory: Store) -> None:
    found = span(
        7,
        {
            "user.id": "u-42",
            "session.id": "s-1",
            "aws.request_id": "r-1",
            "http.response.status_code": 503,
            "retry": True,
            "ratio": 0.25,
            "tags": ["a", 1],
            "http": {"request": {"size": 12}, "empty": {}},
            "raw": b"\x00\xff",
            "nothing": None,
        },
        parent_span_id=(3).to_bytes(8, "big"),
        status=Status(code=Status.STATUS_CODE_ERROR, message="no stock"),
        trace_state="vendor=1",
    )
    send(intake(memory), traces(found))
    row = only_row(memory, "spans")
    told = {name: row[name] for name in row if name not in ("time", "observed_time", "attributes")}
    assert told == {
        "region": "eu-west-1",
        "account_id": "123456789012",
        "service": "orders",
        "name": "POST /orders",
        "kind": "SERVER",
        "status_code": "ERROR",
        "status_message": "no stock",
        "trace_id": f"{7:032x}",
        "span_id": f"{7:016x}",
        "parent_span_id": f"{3:016x}",
        "request_id": "r-1",
        "session_id": "s-1",
        "user_id": "u-42",
        "http_status": 503,
        "duration_ms": 1000.0,
        "error_type": None,
        "peer_service": None,
    }
    assert row["time"].timestamp() * 1e6 == NANOS / 1000 + 7
    assert row["attributes"] == {
        "retry": "true",
        "ratio": "0.25",
        "tags": '["a",1]',
        "http.request.size": "12",
        "http.empty": "{}",
        "raw": "AP8=",
        "nothing": None,
        "traceState": "vendor=1",
    }


def test_an_exception_event_names_the_error_and_events_and_links_are_kept(memory: Store) -> None:
    told = {"exception.type": "ConflictError", "exception.message": "changed by another region"}
    event = Span.Event(time_unix_nano=NANOS, name="exception", attributes=pairs(told))
    link = Span.Link(trace_id=bytes(15) + b"\x09", span_id=bytes(7) + b"\x08", attributes=pairs({"a": 1}))
    send(intake(memory), traces(span(events=[event], links=[link]), span(2)))
    row, other = stored(memory, "spans")
    assert (row["error_type"], row["status_message"]) == ("ConflictError", "changed by another region")
    assert json.loads(row["attributes"]["events"]) == [
        {"timeUnixNano": NANOS, "name": "exception", "attributes": told}
    ]
    assert json.loads(row["attributes"]["links"]) == [
        {"traceId": f"{9:032x}", "spanId": f"{8:016x}", "attributes": {"a": 1}}
    ]
    assert (other["error_type"], other["attributes"]) == (None, {})


@pytest.mark.parametrize(
    ("kind", "attributes", "peer"),
    [
        (Span.SPAN_KIND_SERVER, {"server.address": "self.example"}, None),
        (Span.SPAN_KIND_CLIENT, {"server.address": "db.example", "db.system.name": "mysql"}, "db.example"),
        (Span.SPAN_KIND_CLIENT, {"db.namespace": "carts", "server.address": "db.example"}, "carts"),
        (Span.SPAN_KIND_SERVER, {"peer.service": "shop-web"}, "shop-web"),
        (Span.SPAN_KIND_PRODUCER, {"messaging.destination.name": "orders"}, "orders"),
    ],
)
def test_the_peer_is_what_a_span_calls(
    memory: Store, kind: Any, attributes: dict[str, Any], peer: str | None
) -> None:
    send(intake(memory), traces(span(1, attributes, kind=kind)))
    assert only_row(memory, "spans")["peer_service"] == peer


def test_a_span_that_has_not_ended_has_no_duration(memory: Store) -> None:
    backwards = span(2, end_time_unix_nano=5)
    send(intake(memory), traces(span(1, end_time_unix_nano=0), backwards))
    first, second = stored(memory, "spans")
    assert (first["duration_ms"], second["duration_ms"]) == (None, None)
    assert second["attributes"] == {"endTimeUnixNano": "5"}


def test_rows_of_several_resources_and_scopes_get_what_is_their_own(memory: Store) -> None:
    request = traces(span(1))
    request.resource_spans[0].scope_spans[0].scope.name = "flask"
    other = traces(span(2), resource={"service.name": "carts", "cloud.region": "us-east-1"})
    more = other.resource_spans[0].scope_spans.add()
    more.scope.version = "2"
    more.spans.append(span(3, {"otel.scope.version": "mine"}))
    request.MergeFrom(other)
    send(intake(memory), request)
    rows = stored(memory, "spans")
    assert [(row["service"], row["region"]) for row in rows] == [
        ("orders", "eu-west-1"),
        ("carts", "us-east-1"),
        ("carts", "us-east-1"),
    ]
    assert [row["attributes"] for row in rows] == [
        {"otel.scope.name": "flask"},
        {},
        {"otel.scope.version": "mine", "resource.otel.scope.version": "2"},
    ]


def test_names_that_clash_are_all_kept(memory: Store) -> None:
    found = span(1)
    found.attributes.extend([*pairs({"a": "1"}), *pairs({"a": "2"}), *pairs({"a#2": "3"})])
    send(intake(memory), traces(found))
    assert only_row(memory, "spans")["attributes"] == {"a": "1", "a#2": "2", "a#2#2": "3"}


def test_a_region_that_cannot_stand_in_a_path_remains_an_attribute(memory: Store) -> None:
    send(intake(memory), traces(span(1), resource={"cloud.region": "West Europe/../x"}))
    row = only_row(memory, "spans")
    assert row["region"] == "eu-west-1"  # the collector's own
    assert row["attributes"] == {"cloud.region": "West Europe/../x"}


def test_a_team_s_own_field_holds_the_user(memory: Store) -> None:
    door = intake(memory, fields=FieldMap().extended(user=("customer.number",)))
    send(door, traces(span(1, {"customer.number": 4711, "user.id": "u-1"})))
    row = only_row(memory, "spans")
    assert (row["user_id"], row["attributes"]) == ("4711", {"user.id": "u-1"})


# Logs


def test_a_log_record_fills_its_columns_and_its_body_is_kept_byte_for_byte(memory: Store) -> None:
    body = 'order 12 \x00 "ünïcode" \n  {"a": 1}'
    record = log(
        body,
        {"http.status_code": "404", "enduser.id": "u-1", "thread": 7},
        severity_number=17,
        severity_text="ERROR",
        trace_id=(5).to_bytes(16, "big"),
        span_id=(6).to_bytes(8, "big"),
        event_name="order.failed",
    )
    send(intake(memory), logs(record, resource={**RESOURCE, "host.name": "ip-10-0-0-1"}))
    row = only_row(memory, "logs")
    assert row["body"] == body
    assert (row["severity_number"], row["severity_text"]) == (17, "ERROR")
    assert (row["trace_id"], row["span_id"]) == (f"{5:032x}", f"{6:016x}")
    assert (row["http_status"], row["user_id"], row["service"]) == (404, "u-1", "orders")
    assert (row["log_group"], row["log_stream"]) == ("otlp", "ip-10-0-0-1")
    assert len(row["event_id"]) == 32
    assert len(row["fingerprint"]) == 16
    assert row["attributes"] == {
        "thread": "7",
        "event.name": "order.failed",
        "host.name": "ip-10-0-0-1",
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"a": [1, {"b": None}]}, '{"a":[1,{"b":null}]}'),
        (["x", 2.5], '["x",2.5]'),
        (12, "12"),
        (False, "false"),
        ("", ""),
        (None, None),
    ],
)
def test_a_structured_body_is_compact_json(memory: Store, body: Any, expected: str | None) -> None:
    send(intake(memory), logs(log(body)))
    assert only_row(memory, "logs")["body"] == expected


def test_a_severity_without_a_number_follows_from_its_word(memory: Store) -> None:
    records = [
        log("a", severity_number=0, severity_text="warning"),
        log("b", severity_number=0, severity_text=""),
        log("c", severity_number=99, severity_text="odd"),
    ]
    send(intake(memory), logs(*records))
    rows = sorted(stored(memory, "logs"), key=lambda row: row["body"])
    assert [row["severity_number"] for row in rows] == [13, None, None]


def test_a_record_without_a_time_has_the_one_it_was_observed_at_or_else_arrived_at(memory: Store) -> None:
    observed = log("a", time_unix_nano=0, observed_time_unix_nano=NANOS - 10**9)
    timeless = LogRecord(body=any_value("b"))
    send(intake(memory), logs(observed, timeless))
    first, second = stored(memory, "logs")
    assert first["time"].timestamp() == NANOS / 1e9 - 1
    assert second["time"] == NOW


def test_a_trace_id_of_another_size_is_none_and_kept(memory: Store) -> None:
    send(intake(memory), logs(log("a", trace_id=b"\x01\x02"), log("b", trace_id=bytes(16))))
    odd, zeros = sorted(stored(memory, "logs"), key=lambda row: row["body"])
    assert (odd["trace_id"], odd["attributes"]) == (None, {"traceId": "0102"})
    assert (zeros["trace_id"], zeros["attributes"]) == (None, {})


def test_the_same_export_sent_again_has_the_same_ids(memory: Store) -> None:
    request = logs(log("same"), log("same"), log("other"))
    send(intake(memory), request)
    ids = sorted(row["event_id"] for row in stored(memory, "logs"))
    assert len(set(ids)) == 3
    again = open_store("memory://")
    send(intake(again), request)
    assert sorted(row["event_id"] for row in stored(again, "logs")) == ids


def test_a_closed_zone_sees_no_identity_and_no_digest_of_what_was_said(memory: Store) -> None:
    key = bytes(range(32))
    zone = Zone("eu", "pseudonym", ("email",), "env:KEY")
    settings: dict[str, Any] = {"zone_of": lambda region: zone, "key_of": lambda zone: key}
    record = log("mail ann@example.com about u-4711", {"user.id": "u-4711", "to": "ann@example.com"})
    door = intake(memory, **settings)
    send(door, logs(record))
    send(door, traces(span(1, {"user.id": "u-4711", "url": "/users/u-4711"})))
    clear = open_store("memory://")
    send(intake(clear), logs(record))
    row, found = only_row(memory, "logs"), only_row(memory, "spans")
    assert row["user_id"] == found["user_id"] != "u-4711"
    assert "u-4711" not in repr(row) + repr(found)
    assert "ann@" not in repr(row)
    assert row["event_id"] != only_row(clear, "logs")["event_id"]


# Metrics


def metric(**data: Any) -> Metric:
    return Metric(name="queue.depth", unit="{message}", **data)


def point(**fields: Any) -> dict[str, Any]:
    return {"time_unix_nano": NANOS, "attributes": pairs({"queue": "orders"})} | fields


def by_statistic(store: Store) -> dict[str, dict[str, Any]]:
    return {row["statistic"]: row for row in stored(store, "metrics")}


def test_a_gauge_is_its_last_value_at_an_instant(memory: Store) -> None:
    send(intake(memory), metrics(metric(gauge={"data_points": [point(as_int=12)]})))
    row = only_row(memory, "metrics")
    told = (row["name"], row["value"], row["unit"], row["statistic"], row["period_s"], row["layer"])
    assert told == ("queue.depth", 12.0, "{message}", "last", None, None)
    assert (row["region"], row["account_id"], row["resource"]) == ("eu-west-1", "123456789012", "orders")
    assert row["time"].timestamp() == NANOS / 1e9
    assert row["attributes"]["queue"] == "orders"
    assert len(row["series"]) == 16


def test_a_sum_of_a_period_begins_with_it_and_one_since_the_start_is_an_instant(memory: Store) -> None:
    begun = point(as_double=3.5, start_time_unix_nano=NANOS - 60 * 10**9)
    delta = metric(sum={"data_points": [begun], "aggregation_temporality": 1, "is_monotonic": True})
    total = metric(sum={"data_points": [begun], "aggregation_temporality": 2})
    total.name = "queue.total"
    send(intake(memory), metrics(delta, total))
    first, second = stored(memory, "metrics")
    assert (first["time"].timestamp(), first["period_s"]) == (NANOS / 1e9 - 60, 60)
    assert first["attributes"]["isMonotonic"] == "true"
    assert (second["time"].timestamp(), second["period_s"]) == (NANOS / 1e9, None)
    assert second["attributes"]["aggregationTemporality"] == "cumulative"


def test_a_histogram_is_a_row_per_statistic_and_keeps_its_buckets(memory: Store) -> None:
    data = point(count=3, sum=6.0, min=1.0, max=3.0, bucket_counts=[1, 2], explicit_bounds=[1.5])
    send(intake(memory), metrics(metric(histogram={"data_points": [data], "aggregation_temporality": 1})))
    rows = by_statistic(memory)
    assert {name: row["value"] for name, row in rows.items()} == {
        "sum": 6.0,
        "minimum": 1.0,
        "maximum": 3.0,
        "sample_count": 3.0,
    }
    assert rows["sample_count"]["attributes"]["bucketCounts"] == '["1","2"]'
    assert rows["sample_count"]["unit"] == "1"
    assert len({row["series"] for row in rows.values()}) == 4


def test_an_exponential_histogram_and_a_summary_are_rows_too(memory: Store) -> None:
    data = point(count=2, sum=5.0, scale=1, zero_count=1, positive={"offset": 1, "bucket_counts": [0, 2]})
    quantiles = [{"quantile": q, "value": v} for q, v in ((0.0, 1.0), (0.5, 2.0), (0.999, 3.0), (1.0, 4.0))]
    summary = Metric(
        name="latency",
        unit="ms",
        summary={"data_points": [point(count=9, sum=1.0, quantile_values=quantiles)]},
    )
    send(intake(memory), metrics(metric(exponential_histogram={"data_points": [data]}), summary))
    rows = {(row["name"], row["statistic"]): row for row in stored(memory, "metrics")}
    assert {key: row["value"] for key, row in rows.items()} == {
        ("queue.depth", "sum"): 5.0,
        ("queue.depth", "sample_count"): 2.0,
        ("latency", "sum"): 1.0,
        ("latency", "sample_count"): 9.0,
        ("latency", "minimum"): 1.0,
        ("latency", "p50"): 2.0,
        ("latency", "p99.9"): 3.0,
        ("latency", "maximum"): 4.0,
    }
    positive = rows["queue.depth", "sample_count"]["attributes"]["positive"]
    assert json.loads(positive) == {"offset": 1, "bucketCounts": ["0", "2"]}


def test_a_value_that_was_not_recorded_is_unknown_and_not_zero(memory: Store) -> None:
    send(intake(memory), metrics(metric(gauge={"data_points": [point(flags=1)]})))
    assert only_row(memory, "metrics")["value"] is None


def test_points_of_two_resources_are_two_series(memory: Store) -> None:
    found = metric(gauge={"data_points": [point(as_int=1)]})
    request = metrics(found, resource={"host.name": "a"})
    request.MergeFrom(metrics(found, resource={"host.name": "b"}))
    send(intake(memory), request)
    assert len({row["series"] for row in stored(memory, "metrics")}) == 2


def test_replication_metrics_of_cosmos_db_name_both_regions_as_azure_does(memory: Store) -> None:
    where = {"SourceRegion": "West Europe", "TargetRegion": "East US"}
    found = Metric(
        name="Microsoft.DocumentDB/DatabaseAccounts/ReplicationLatency",
        unit="ms",
        gauge={"data_points": [{"time_unix_nano": NANOS, "as_double": 18.5, "attributes": pairs(where)}]},
    )
    resource = {"cloud.provider": "azure", "cloud.region": "westeurope", "service.name": "carts"}
    send(intake(memory), metrics(found, resource=resource))
    row = only_row(memory, "metrics")
    assert (row["source_region"], row["target_region"]) == ("West Europe", "East US")
    assert (row["layer"], row["region"], row["value"]) == ("session", "westeurope", 18.5)


def streamed() -> Any:
    """One minute of ReplicationLatency as CloudWatch streams it."""
    data = {
        "start_time_unix_nano": NANOS,
        "time_unix_nano": NANOS + 60 * 10**9,
        "count": 4,
        "sum": 2000.0,
        "quantile_values": [{"quantile": 0.0, "value": 300.0}, {"quantile": 1.0, "value": 900.0}],
        "attributes": pairs(
            {
                "Namespace": "AWS/DynamoDB",
                "MetricName": "ReplicationLatency",
                "Dimensions": {"TableName": "sessions", "ReceivingRegion": "us-east-1"},
            }
        ),
    }
    name = "amazonaws.com/AWS/DynamoDB/ReplicationLatency"
    return metrics(Metric(name=name, unit="ms", summary={"data_points": [data]}), resource=RESOURCE)


def test_a_metric_stream_in_protobuf_gives_the_same_rows_as_one_in_json(memory: Store) -> None:
    record = b"".join(cloudwatch.framed(streamed().SerializeToString()) for _ in range(2))
    result = collector(memory).collect(firehose(record))
    assert counts(result)["stored"] == 10
    line = {
        "metric_stream_name": "s",
        "account_id": "123456789012",
        "region": "eu-west-1",
        "namespace": "AWS/DynamoDB",
        "metric_name": "ReplicationLatency",
        "dimensions": {"TableName": "sessions", "ReceivingRegion": "us-east-1"},
        "timestamp": NANOS // 10**6,
        "value": {"min": 300.0, "max": 900.0, "sum": 2000.0, "count": 4},
        "unit": "Milliseconds",
    }
    other = open_store("memory://")
    collector(other).collect(firehose(json.dumps(line).encode()))
    expected = by_statistic(other)
    assert by_statistic(memory) == expected
    assert expected["average"]["value"] == 500.0


def test_a_broken_metric_of_a_stream_is_quarantined_alone_and_read_again_alone(memory: Store) -> None:
    request = streamed()
    request.resource_metrics[0].scope_metrics[0].metrics.add().CopyFrom(
        request.resource_metrics[0].scope_metrics[0].metrics[0]
    )
    broken = request.resource_metrics[0].scope_metrics[0].metrics[1]
    broken.summary.data_points[0].start_time_unix_nano = 5
    there = collector(memory)
    result = there.collect(firehose(cloudwatch.framed(request.SerializeToString())))
    assert counts(result) == only(stored=5, quarantined=1)
    (rejected,) = quarantined(memory)
    assert "startTimeUnixNano is 5" in rejected.reason
    assert there.replay(rejected).quarantined == 1


# OTLP/JSON


def test_json_gives_the_same_rows_as_protobuf(memory: Store) -> None:
    request = traces(span(0xABCDEF, {"user.id": "u", "n": 2**53 + 1, "list": [1.5, "x"]}))
    send(intake(memory), request)
    text = as_json(request).decode().replace(f"{0xABCDEF:032x}", f"{0xABCDEF:032X}")
    number = text.replace(f'"{NANOS + 0xABCDEF * 1000}"', str(NANOS + 0xABCDEF * 1000))
    assert number != text
    unknown = json.loads(number) | {"futureField": {"deep": [1]}}
    unknown["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["alsoNew"] = True
    other = open_store("memory://")
    response = post(intake(other), "/v1/traces", json.dumps(unknown).encode(), JSON)
    assert (response.status, response.body) == (200, b"{}")
    assert stored(other, "spans") == stored(memory, "spans")


def test_a_record_of_json_that_cannot_be_read_is_quarantined_alone(memory: Store) -> None:
    value = MessageToDict(logs(log("good"), log("bad"), log("good too")))
    value["resourceLogs"][0]["scopeLogs"][0]["logRecords"][1]["traceId"] = "xyz"
    response = post(intake(memory), "/v1/logs", json.dumps(value).encode(), JSON)
    partial = json.loads(response.body)["partialSuccess"]
    assert (response.status, partial["rejectedLogRecords"]) == (200, "1")
    assert sorted(row["body"] for row in stored(memory, "logs")) == ["good", "good too"]
    (rejected,) = quarantined(memory)
    assert b'"bad"' in rejected.payload
    assert b'"good"' not in rejected.payload
    assert b"orders" in rejected.payload  # the resource is part of it


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2)])
def test_a_file_of_otlp_json_lines_is_read_line_by_line(memory: Store, order: tuple[int, ...]) -> None:
    lines = [as_json(traces(span(1))), b'{"resourceSpans": 5}', as_json(logs(log("x")))]
    file = b"\n".join(lines[number] for number in order) + b"\n"
    result = collector(memory).ingest("collector/otlp.json", file, NOW)
    assert counts(result.counts()) == only(stored=2, quarantined=1)
    (rejected,) = quarantined(memory)
    assert rejected.payload == b'{"resourceSpans": 5}'


EXAMPLES = "open-telemetry__opentelemetry-proto/examples"
JAEGER = "jaegertracing__jaeger/cmd/jaeger/internal/extension/jaegerquery/internal/fixture"


@pytest.mark.parametrize(
    ("path", "table", "number", "expected"),
    [
        (f"{EXAMPLES}/logs.json", "logs", 1, {"body": "Example log record", "severity_number": 10}),
        (f"{EXAMPLES}/events.json", "logs", 1, {"severity_text": "test severity text"}),
        (f"{EXAMPLES}/trace.json", "spans", 1, {"name": "I'm a server span", "duration_ms": 1000.0}),
        (f"{EXAMPLES}/metrics.json", "metrics", 10, {"resource": "my.service"}),
        (f"{JAEGER}/otlp2jaeger-in.json", "spans", 2, {"service": "telemetrygen"}),
    ],
)
def test_the_public_examples_arrive_complete_by_http_and_as_a_file(
    memory: Store, samples: Path, path: str, table: str, number: int, expected: dict[str, Any]
) -> None:
    data = (samples / path).read_bytes()
    signal = {"logs": "logs", "spans": "traces", "metrics": "metrics"}[table]
    response = post(intake(memory), f"/v1/{signal}", data, JSON)
    assert (response.status, response.body) == (200, b"{}")
    rows = stored(memory, table)
    assert len(rows) == number
    assert all(row[name] == value for row in rows for name, value in expected.items())
    file = open_store("memory://")
    assert counts(collector(file).ingest(path, data, NOW).counts()) == only(stored=number)
    assert stored(file, table) == rows


# What cannot be read


def test_a_span_that_can_be_no_row_is_quarantined_alone_and_read_again(memory: Store) -> None:
    nameless = span(2)
    nameless.ClearField("trace_id")
    timeless = span(3, start_time_unix_nano=12)
    body = traces(span(1), nameless, timeless).SerializeToString()
    door = intake(memory)
    response = post(door, "/v1/traces", body)
    assert response.status == 200
    assert b"2 could not be read" in response.body
    assert len(stored(memory, "spans")) == 1
    reasons = sorted(rejected.reason for rejected in quarantined(memory))
    assert reasons[0].startswith("startTimeUnixNano is 12: must be a time")
    assert reasons[1].startswith("traceId must be 32 hex digits")
    for rejected in quarantined(memory):
        assert counts(door.collector.replay(rejected).counts()) == only(quarantined=1)


def test_a_damaged_record_in_a_readable_request_leaves_its_neighbours_alone(memory: Store) -> None:
    request = traces(span(1), span(2, name="x" * 50), span(3))
    body = request.SerializeToString()
    damaged = body.replace(b"x" * 50, b"x" * 49 + b"\xff")  # no UTF-8
    response = post(intake(memory), "/v1/traces", damaged)
    assert (response.status, b"1 could not be read" in response.body) == (200, True)
    assert [row["span_id"] for row in stored(memory, "spans")] == [f"{1:016x}", f"{3:016x}"]
    (rejected,) = quarantined(memory)
    assert b"x" * 49 + b"\xff" in rejected.payload
    # What is readable one day is found: here, by mending it.
    entry = next(quarantine.entries(memory))
    mended = quarantine.reveal(entry).payload.replace(b"\xff", b"x")
    rejected = type(rejected)(rejected.reason, mended, rejected.context)
    assert collector(memory).replay(rejected).stored == 1


def test_unknown_fields_of_a_later_version_are_no_damage(memory: Store) -> None:
    request = traces(span(1), span(2))
    record = span(1).SerializeToString()
    later = record + b"\xfa\x3f\x03abc" + b"\xf3\x3f\x08\x01\xf4\x3f"  # field 1023, and a group
    body = request.SerializeToString()
    outline = body.replace(record, later)
    assert len(outline) > len(body)
    grown = traces(Span.FromString(later), span(2)).SerializeToString()
    send_raw = post(intake(memory), "/v1/traces", grown)
    assert (send_raw.status, send_raw.body) == (200, b"")
    assert len(stored(memory, "spans")) == 2


def test_a_resource_that_says_much_to_many_records_is_refused(memory: Store) -> None:
    records = (span(number) for number in range(1, 2001))
    request = traces(*records, resource={"note": "x" * 2**18})
    response = post(intake(memory), "/v1/traces", request.SerializeToString())
    assert response.status == 400
    assert list(memory.list()) == []


# Fuzz

_BODIES = [
    traces(
        span(1, {"user.id": "u", "n": 300, "f": 1.5, "l": [{"a": 1}]}),
        span(2, events=[Span.Event(name="exception")], links=[Span.Link()]),
    ).SerializeToString(),
    logs(log("x" * 200, {"a": {"b": "c"}}), log({"k": [True, None]})).SerializeToString(),
    streamed().SerializeToString(),
    metrics(metric(histogram={"data_points": [point(count=1, bucket_counts=[1])]})).SerializeToString(),
]


@settings(deadline=None)
@given(
    st.sampled_from(_BODIES),
    st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=4),
    st.integers(0, 2**16),
)
def test_no_mutation_of_a_request_is_too_much(body: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    mutated = bytearray(body)
    for place, byte in changes:
        mutated[place % len(mutated)] = byte
    mutated = mutated[: len(mutated) - (cut % len(mutated) if cut % 3 == 0 else 0)]
    store = open_store("memory://")
    door = intake(store)
    for signal in ("logs", "traces", "metrics"):
        response = post(door, f"/v1/{signal}", bytes(mutated))
        assert response.status in (200, 400)
    counts(door.collector.collect(firehose(bytes(mutated), cloudwatch.framed(bytes(mutated)))))


_KEYS = st.sampled_from(
    [
        *("resourceSpans", "resourceLogs", "resourceMetrics", "scopeSpans", "scopeLogs", "scopeMetrics"),
        *("spans", "logRecords", "metrics", "resource", "scope", "attributes", "key", "value", "body"),
        *("stringValue", "intValue", "kvlistValue", "values", "traceId", "spanId", "timeUnixNano", "links"),
        *("startTimeUnixNano", "gauge", "dataPoints", "asInt", "kind", "status", "events", "\x00"),
    ]
)
_PATHS = [
    ("resourceSpans", "scopeSpans", "spans"),
    ("resourceLogs", "scopeLogs", "logRecords"),
    ("resourceMetrics", "scopeMetrics", "metrics"),
]
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True)
    | st.text(max_size=8)
    | st.sampled_from(["0" * 32, "zz", "ab" * 16, "1772366400000000000", "\ud800", "\x00"])
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.dictionaries(_KEYS, _JSON, min_size=1, max_size=3), st.data())
def test_no_json_is_too_much(document: dict[str, Any], data: st.DataObject) -> None:
    if data.draw(st.booleans()):  # a record that is found, and odd
        record = data.draw(st.dictionaries(_KEYS, _JSON, max_size=5))
        resources, scopes, records = data.draw(st.sampled_from(_PATHS))
        others = data.draw(st.lists(_JSON, max_size=2))
        document = {resources: [{scopes: [{records: [record, *others]}]}]}
    store = open_store("memory://")
    door = intake(store)
    body = json.dumps(document).encode()
    for name in ("logs", "traces", "metrics"):
        assert post(door, f"/v1/{name}", body, JSON).status in (200, 400)
    counts(door.collector.ingest("otlp.json", body, NOW).counts())


def test_nesting_beyond_all_reason_is_refused_or_quarantined(memory: Store) -> None:
    body = b'{"arrayValue":{"values":[' * 200 + b'{"stringValue":"x"}' + b"]}}" * 200
    record = b'{"timeUnixNano":"%d","body":%s}' % (NANOS, body)
    body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[%s]}]}]}' % record
    response = post(intake(memory), "/v1/logs", body, JSON)
    assert response.status == 200
    assert json.loads(response.body)["partialSuccess"]["rejectedLogRecords"] == "1"
