"""The log group aws/spans: every span of Transaction Search, as log events, becomes a row of `spans`."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from collector_payloads import (
    NOW,
    Json,
    awslogs,
    collector,
    counts,
    document,
    event,
    firehose,
    kinesis,
    only,
    quarantined,
    stored,
    zipped,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xray_payloads import NANOS, committed, hex_id, id_of, rows_of, span, spans

from store import tables
from store.commit import sweep
from store.objects import Store, open_store


def delivered(*messages: Any, **keys: Any) -> Json:
    """A CloudWatch Logs document of the group, one event per span."""
    texts = [each if isinstance(each, str) else json.dumps(each) for each in messages]
    events = [event(number, text) for number, text in enumerate(texts)]
    return document(*events, logGroup="aws/spans", logStream="default", **keys)


def row_of(message: Any) -> Json:
    store = open_store("memory://")
    assert counts(collector(store).collect(awslogs(zipped(delivered(message))))) == only(stored=1)
    (row,) = spans(store)
    return row


def test_a_span_says_when_where_and_what() -> None:
    exception = {"exception.type": "Timeout", "exception.message": "no answer"}
    row = row_of(
        span(
            parentSpanId=id_of(9),
            attributes={
                "http.response.status_code": 502,
                "enduser.id": "u-42",
                "session.id": "s-1",
                "aws.request_id": "req-1",
                "aws.remote.service": "payments",
                "nested": {"a": [1]},
            },
            status={"code": "ERROR", "message": "no luck"},
            events=[{"name": "exception", "attributes": exception}],
        )
    )
    assert row["time"] == datetime.fromtimestamp(NANOS / 1e9, UTC)
    assert (row["duration_ms"], row["kind"], row["name"]) == (500.0, "SERVER", "POST /orders")
    assert (row["trace_id"], row["span_id"], row["parent_span_id"]) == (hex_id(1), id_of(1), id_of(9))
    assert (row["service"], row["region"], row["account_id"]) == ("checkout", "eu-west-1", "123456789012")
    assert (row["user_id"], row["session_id"], row["request_id"]) == ("u-42", "s-1", "req-1")
    assert (row["http_status"], row["peer_service"]) == (502, "payments")
    assert (row["status_code"], row["status_message"], row["error_type"]) == ("ERROR", "no luck", "Timeout")
    events = row["attributes"].pop("events")
    assert json.loads(events)[0]["attributes"] == exception
    assert row["attributes"] == {
        "nested.a": "[1]",
        "flags": "256",
        "otel.scope.name": "instrumentation",
        "otel.scope.version": "1",
        "cloud.region": "eu-west-1",
    }


@pytest.mark.parametrize("end", [None, 0, "", "absent"])
def test_a_span_that_has_not_ended_has_no_duration(end: Any) -> None:
    running = span(endTimeUnixNano=end)
    if end == "absent":
        del running["endTimeUnixNano"]
    assert row_of(running)["duration_ms"] is None


def test_times_may_be_texts() -> None:
    row = row_of(span(startTimeUnixNano=str(NANOS), endTimeUnixNano=str(NANOS + 1_500_000)))
    assert row["duration_ms"] == 1.5


@pytest.mark.parametrize(
    ("fields", "column", "expected"),
    [
        ({"kind": "SPAN_KIND_CLIENT"}, "kind", "CLIENT"),
        ({"kind": 4}, "kind", "PRODUCER"),
        ({"kind": "odd"}, "kind", None),
        ({"status": {"code": "STATUS_CODE_ERROR"}}, "status_code", "ERROR"),
        ({"status": {"code": 1}}, "status_code", "OK"),
        ({"status": None}, "status_code", "UNSET"),
        ({"name": None, "_aws": {"xray": {"name": "orders"}}}, "name", "orders"),
        ({"resource": None, "attributes": {"aws.local.service": "orders"}}, "service", "orders"),
        ({"resource": {"attributes": {"cloud.region": "Nowhere!"}}}, "region", "eu-west-1"),
        ({"parentSpanId": "0" * 16}, "parent_span_id", None),
        ({"parentSpanId": None}, "parent_span_id", None),
        ({"traceId": hex_id(1).upper()}, "trace_id", hex_id(1)),
        ({"attributes": {"http.status_code": "404"}}, "http_status", 404),
        ({"attributes": {"http.status_code": "lots"}}, "http_status", None),
    ],
)
def test_what_writers_spell_differently_is_read_the_same(fields: Json, column: str, expected: Any) -> None:
    assert row_of(span(**fields))[column] == expected


def test_an_attribute_that_the_resource_has_too_keeps_both_values() -> None:
    row = row_of(span(attributes={"host.name": "a"}, resource={"attributes": {"host.name": "b"}}))
    assert (row["attributes"]["host.name"], row["attributes"]["resource.host.name"]) == ("a", "b")


ENTRIES = {
    "lambda": lambda payload: awslogs(payload),
    "kinesis": lambda payload: kinesis(payload),
    "firehose": lambda payload: firehose(gzip.decompress(payload)),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_spans_arrive_through_every_subscription_and_as_a_file(entry: str) -> None:
    payload = zipped(delivered(span(1), span(2)))
    store, files = open_store("memory://"), open_store("memory://")
    assert counts(collector(store).collect(ENTRIES[entry](payload))) == only(stored=2)
    assert collector(files).ingest("spans.json.gz", payload, NOW).stored == 2
    assert spans(store) == spans(files)
    assert [row["span_id"] for row in spans(store)] == [id_of(1), id_of(2)]
    assert stored(store) == []


def test_account_and_region_that_cloudwatch_adds_say_where_a_span_is_from(memory: Store) -> None:
    fields = {"@aws.account": "222222222222", "@aws.region": "us-west-2"}
    entry = event(1, json.dumps(span()), extractedFields=fields)
    collector(memory).collect(awslogs(zipped(document(entry, logGroup="aws/spans"))))
    (row,) = spans(memory)
    assert (row["account_id"], row["region"]) == ("222222222222", "us-west-2")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("hello", "message is no JSON: must be a span"),
        ("[]", "message is no span: traceId, spanId or startTimeUnixNano is missing"),
        ({"message": "hi"}, "message is no span: traceId, spanId or startTimeUnixNano is missing"),
        (span(traceId="xyz"), "traceId must be 32 hex digits"),
        (span(spanId=None), "spanId must be 16 hex digits"),
        (span(parentSpanId="x"), "parentSpanId must be 16 hex digits"),
        (span(name=""), "name must be text"),
        (span(startTimeUnixNano=7), "startTimeUnixNano is 7: must be a time between the years 2000 and 2100"),
    ],
)
def test_an_event_that_is_no_span_is_quarantined_alone_and_can_be_replayed(
    memory: Store, message: Any, reason: str
) -> None:
    there = collector(memory)
    payload = zipped(delivered(span(1), message, span(2)))
    assert counts(there.collect(awslogs(payload))) == only(stored=2, quarantined=1)
    (rejected,) = quarantined(memory)
    assert rejected.reason == reason
    (entry,) = json.loads(rejected.payload)["logEvents"]
    assert entry["message"] == (message if isinstance(message, str) else json.dumps(message))
    assert there.replay(rejected).counts() == only(quarantined=1)
    assert [row["span_id"] for row in spans(memory)] == [id_of(1), id_of(2)]


def test_the_group_can_be_excluded(memory: Store) -> None:
    there = collector(memory, exclude=["aws/spans"])
    assert counts(there.collect(awslogs(zipped(delivered(span()))))) == only(control=1)


STARTED, FINISHED = span(endTimeUnixNano=None), span(status={"code": "OK"})


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("together", [True, False])
def test_of_a_span_that_came_started_and_finished_the_finished_one_stays(
    tmp_path: Path, order: int, together: bool
) -> None:
    store = open_store(str(tmp_path))
    tables.ensure(store)
    messages = [STARTED, FINISHED, FINISHED, STARTED][::order]
    for number, batch in enumerate([messages] if together else [[each] for each in messages]):
        now = NOW + timedelta(minutes=number)
        collector(store, now=lambda now=now: now).collect(awslogs(zipped(delivered(*batch))))
        sweep(store)
    assert [(row["duration_ms"], row["status_code"]) for row in committed(store)] == [(500.0, "OK")]


SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=9)
VALUES = st.recursive(
    SCALARS | st.sampled_from([NANOS, str(NANOS), hex_id(1), id_of(1), "\0", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.sampled_from(sorted(span())) | st.sampled_from(["events", "_aws"]), VALUES)


@given(FIELDS, FIELDS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_span_says_it_is_counted_and_its_neighbours_are_kept(fields: Json, inner: Json) -> None:
    odd = span(2) | fields | {"resource": {"attributes": inner}}
    store = open_store("memory://")
    found = counts(collector(store).collect(awslogs(zipped(delivered(span(1), odd, span(3))))))
    assert found["received"] == 3
    assert {id_of(1), id_of(3)} <= {row["span_id"] for row in rows_of(store, "spans")}
