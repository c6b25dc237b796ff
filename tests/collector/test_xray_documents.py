"""X-Ray's documents, as they are and in what its APIs answer, become rows of `spans`."""

from __future__ import annotations

import gzip
import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from collector_payloads import (
    NOW,
    Json,
    collector,
    counts,
    encoded,
    firehose,
    kinesis,
    notification,
    only,
    quarantined,
    sns,
    sqs,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_collector_samples import Sample, samples
from xray_payloads import START, batch, committed, hex_id, id_of, part, segment, span, spans, xray_id

from store import tables
from store.commit import sweep
from store.objects import Store, open_store
from store.zone import Zone

folders = itertools.count()


def ingested(document: Any, **settings: Any) -> tuple[list[Json], Json]:
    """The rows that a document in a file gives, and the accounting."""
    store = open_store("memory://")
    content = document if isinstance(document, bytes) else encoded(document)
    found = counts(collector(store, **settings).ingest("trace.json", content, NOW).counts())
    return spans(store), found


def row_of(document: Any) -> Json:
    (row,) = ingested(document)[0]
    return row


@samples("X-Ray segment document")
def test_a_sample_gives_as_many_spans_as_its_manifest_expects(memory: Store, sample: Sample) -> None:
    number = sample.number(r"-> (\d+) span")
    found = counts(collector(memory).ingest(sample.path.name, sample.data, NOW).counts())
    assert found == only(stored=number)
    rows = spans(memory)
    assert len(rows) == number
    assert {row["trace_id"] for row in rows} == {sample.event["trace_id"][2:].replace("-", "")}
    failed = any(sample.event.get(key) for key in ("fault", "error", "throttle"))
    (outermost,) = [row for row in rows if row["span_id"] == sample.event["id"]]
    assert outermost["status_code"] == ("ERROR" if failed else "UNSET")


def test_a_sample_without_a_start_is_quarantined_whole_with_the_rule(memory: Store, samples: Any) -> None:
    (path,) = samples.rglob("segmentValidationFailed.txt")
    assert counts(collector(memory).ingest(path.name, path.read_bytes(), NOW).counts()) == only(quarantined=1)
    (rejected,) = quarantined(memory)
    assert rejected.payload == path.read_bytes()
    assert rejected.reason == "start_time is missing: must be a time between the years 2000 and 2100"


def test_a_segment_says_when_where_and_what() -> None:
    document = segment(
        origin="AWS::Lambda::Function",
        user="u-42",
        http={
            "request": {"method": "GET", "url": "https://shop.example/cart", "client_ip": "198.51.100.7"},
            "response": {"status": 502, "content_length": "861"},
        },
        aws={"account_id": "123456789012", "request_id": "req-1", "xray": {"sdk": "X-Ray for Go"}},
        annotations={"session_id": "s-1", "tier": "gold", "retries": 2},
        metadata={"default": {"cart": {"items": [1, 2]}}},
        sql={"sanitized_query": "select ?", "user": "app"},
    )
    row = row_of(document)
    assert row["time"] == datetime.fromtimestamp(START, UTC)
    assert row["region"] == "eu-west-1"
    told = {key: row[key] for key in ("service", "name", "kind", "duration_ms", "http_status", "user_id")}
    assert told == {
        "service": "checkout",
        "name": "checkout",
        "kind": "SERVER",
        "duration_ms": 500.0,
        "http_status": 502,
        "user_id": "u-42",
    }
    assert (row["trace_id"], row["span_id"], row["parent_span_id"]) == (hex_id(1), id_of(1), None)
    assert (row["account_id"], row["request_id"], row["session_id"]) == ("123456789012", "req-1", "s-1")
    assert row["attributes"] == {
        "aws.xray.origin": "AWS::Lambda::Function",
        "http.request.method": "GET",
        "url.full": "https://shop.example/cart",
        "client.address": "198.51.100.7",
        "http.response.body.size": "861",
        "telemetry.sdk.name": "X-Ray for Go",
        "tier": "gold",
        "retries": "2",
        "metadata.default.cart.items": "[1,2]",
        "db.query.text": "select ?",
        "sql.user": "app",
    }


def test_times_are_rounded_to_the_microsecond() -> None:
    row = row_of(segment(start_time=1596648396.6399449, end_time=1596648396.6401392))
    assert (row["time"].microsecond, row["duration_ms"]) == (639_945, 0.194)


def test_nested_subsegments_are_child_spans_of_the_segments_service() -> None:
    inner = part(3, namespace="aws", name="DynamoDB", aws={"table_name": "carts", "operation": "GetItem"})
    outer = part(2, subsegments=[inner])
    rows, _ = ingested(segment(subsegments=[outer, part(4, namespace="remote", name="pay.example")]))
    assert [(row["span_id"], row["parent_span_id"], row["kind"], row["peer_service"]) for row in rows] == [
        (id_of(1), None, "SERVER", None),
        (id_of(2), id_of(1), "INTERNAL", None),
        (id_of(3), id_of(2), "CLIENT", "carts"),
        (id_of(4), id_of(1), "CLIENT", "pay.example"),
    ]
    assert {row["service"] for row in rows} == {"checkout"}
    assert rows[2]["attributes"]["rpc.method"] == "GetItem"


def test_an_independent_subsegment_gets_the_service_of_the_segment_above_it() -> None:
    apart = part(2, trace_id=xray_id(1), parent_id=id_of(1), type="subsegment", subsegments=[part(3)])
    further = part(4, trace_id=xray_id(1), parent_id=id_of(3), type="subsegment")
    rows, _ = ingested(batch([further, apart, segment()]))
    assert [row["parent_span_id"] for row in rows] == [None, id_of(1), id_of(2), id_of(3)]
    assert {row["service"] for row in rows} == {"checkout"}
    assert row_of(apart | {"subsegments": []})["service"] is None


def test_subsegments_that_name_each_other_as_parents_have_no_service() -> None:
    ring = [
        part(number, trace_id=xray_id(1), parent_id=id_of(3 - number), type="subsegment") for number in (1, 2)
    ]
    rows, _ = ingested(batch(ring))
    assert [row["service"] for row in rows] == [None, None]


@pytest.mark.parametrize("flag", ["fault", "error", "throttle"])
def test_a_failed_segment_is_an_error_and_says_how_it_failed(flag: str) -> None:
    row = row_of(segment(**{flag: True}))
    assert (row["status_code"], row["attributes"][f"aws.xray.{flag}"]) == ("ERROR", "true")
    assert row_of(segment(**{flag: False}))["status_code"] == "UNSET"


EXCEPTION = {
    "id": id_of(99),
    "type": "ConditionalCheckFailed",
    "message": "stale version",
    "remote": True,
    "stack": [{"path": "cart.py", "line": 7, "label": "save"}, {"label": "main"}],
}


def test_the_cause_tells_the_error_and_its_stack() -> None:
    other = {"id": id_of(98), "type": "Timeout"}
    cause = {"working_directory": "/var/task", "exceptions": [EXCEPTION, other]}
    row = row_of(segment(fault=True, cause=cause))
    assert (row["error_type"], row["status_message"]) == ("ConditionalCheckFailed", "stale version")
    assert row["attributes"] == {
        "aws.xray.fault": "true",
        "exception.stacktrace": "at save (cart.py:7)\nat main (?:?)",
        "aws.xray.exception.id": id_of(99),
        "aws.xray.exception.remote": "true",
        "aws.xray.cause.working_directory": "/var/task",
        "aws.xray.cause.exceptions": json.dumps([other], separators=(",", ":")),
    }


def test_a_cause_that_is_an_id_is_looked_up_in_the_whole_trace() -> None:
    failed = part(2, fault=True, cause={"exceptions": [EXCEPTION]})
    rows, _ = ingested(
        batch([segment(fault=True, cause=id_of(99))], [segment(5, fault=True, cause=id_of(99))])
    )
    assert [row["error_type"] for row in rows] == [None, None]
    assert rows[0]["attributes"]["aws.xray.exception.id"] == id_of(99)
    apart = failed | {"trace_id": xray_id(1), "parent_id": id_of(1), "type": "subsegment"}
    for document in (
        segment(fault=True, cause=id_of(99), subsegments=[failed]),
        batch([segment(fault=True, cause=id_of(99)), apart]),
    ):
        assert [row["error_type"] for row in ingested(document)[0]] == ["ConditionalCheckFailed"] * 2


@pytest.mark.parametrize(
    "cause", [7, ["x"], {"message": "no"}, {"exceptions": ["x"]}, {"exceptions": {"a": 1}}]
)
def test_a_cause_in_another_form_is_kept(cause: Any) -> None:
    row = row_of(segment(fault=True, cause=cause))
    kept = {key: value for key, value in row["attributes"].items() if ".cause." in key}
    assert kept or row["status_message"] == "no"


def test_a_segment_in_progress_has_no_duration() -> None:
    running = segment(in_progress=True)
    del running["end_time"]
    row = row_of(running)
    assert row["duration_ms"] is None
    assert row["attributes"]["aws.xray.in_progress"] == "true"


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_segment_in_progress_and_complete_the_complete_one_stays(local_store: Store, order: int) -> None:
    documents = [segment(in_progress=True, end_time=None), segment(user="u-42")][::order]
    assert collector(local_store).ingest("a.json", encoded(batch(documents)), NOW).stored == 2
    assert [(row["duration_ms"], row["user_id"]) for row in committed(local_store)] == [(500.0, "u-42")]


def test_a_start_that_cannot_be_gives_way_to_the_second_in_which_the_trace_began() -> None:
    row = row_of(segment(start_time=14782323361.271, end_time=14782323362.271))
    assert row["time"] == datetime.fromtimestamp(int(START), UTC)
    assert row["attributes"]["aws.xray.start_time"] == "14782323361.271"
    rows, found = ingested(segment(start_time=14782323361.271, trace_id="f" * 32))
    assert (rows, found) == ([], only(quarantined=1))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"start_time": None}, "start_time is missing: must be a time between the years 2000 and 2100"),
        ({"start_time": True}, "start_time is no number: must be a time between the years 2000 and 2100"),
        ({"trace_id": "1-2-3"}, "trace_id must be 1-8hex-24hex, or 32 hex digits"),
        ({"parent_id": "x"}, "parent_id must be 16 hex digits"),
        ({"id": "xyz"}, "id must be 16 hex digits"),
        ({"name": ""}, "name must be text"),
        ({"subsegments": "none"}, "subsegments must be a list"),
    ],
)
def test_a_malformed_segment_is_quarantined_with_the_rule_and_its_neighbours_are_stored(
    memory: Store, fields: Json, reason: str
) -> None:
    answer = batch([segment(1)], [segment(2) | fields], [segment(3)])
    found = counts(collector(memory).ingest("traces.json", encoded(answer), NOW).counts())
    assert found == only(stored=2, quarantined=1)
    (rejected,) = quarantined(memory)
    assert (rejected.reason, json.loads(rejected.payload)) == (reason, segment(2) | fields)


def test_a_malformed_subsegment_is_quarantined_alone_and_can_be_replayed(memory: Store) -> None:
    broken = part(3, start_time="soon", subsegments=[part(4)])
    there = collector(memory)
    there.ingest("a.json", encoded(segment(subsegments=[part(2), broken, "x"])), NOW)
    assert [row["span_id"] for row in spans(memory)] == [id_of(1), id_of(2)]
    rejected = sorted(quarantined(memory), key=lambda each: len(each.payload))
    assert [each.reason.partition(" ")[0] for each in rejected] == ["subsegments", "start_time"]
    alone = json.loads(rejected[1].payload)
    assert alone == broken | {"trace_id": xray_id(1), "parent_id": id_of(1), "type": "subsegment"}
    assert all(there.replay(each).counts() == only(quarantined=1) for each in rejected)
    (row,) = ingested(alone | {"start_time": START, "subsegments": []})[0]
    assert (row["span_id"], row["parent_span_id"]) == (id_of(3), id_of(1))


def test_what_batch_get_traces_has_not_got_is_counted_and_quarantined(memory: Store) -> None:
    answer = batch([segment()], UnprocessedTraceIds=[xray_id(8), xray_id(9)])
    found = counts(collector(memory).ingest("traces.json", encoded(answer), NOW).counts())
    assert found == only(stored=1, quarantined=2)
    assert all(collector(memory).replay(each).quarantined == 1 for each in quarantined(memory))


def test_a_trace_beyond_the_limit_of_its_size_says_so() -> None:
    answer = batch([segment(subsegments=[part(2)])])
    answer["Traces"][0]["LimitExceeded"] = True
    rows, _ = ingested(answer)
    assert [row["attributes"]["aws.xray.limit_exceeded"] for row in rows] == ["true", "true"]


@pytest.mark.parametrize("kind", ["XRAY", "OTEL"])
def test_retrieved_traces_are_read_in_both_formats(kind: str) -> None:
    document = segment() if kind == "XRAY" else span()
    spans = [{"Id": id_of(1), "Document": json.dumps(document)}]
    answer = {
        "RetrievalStatus": "COMPLETE",
        "TraceFormat": kind,
        "Traces": [{"Id": xray_id(1), "Duration": 0.5, "Spans": spans}],
    }
    row = row_of(answer)
    assert (row["trace_id"], row["service"], row["duration_ms"]) == (hex_id(1), "checkout", 500.0)


def test_an_answer_without_traces_is_a_control() -> None:
    assert ingested({"Traces": [], "UnprocessedTraceIds": []})[1] == only(control=1)


@pytest.mark.parametrize(
    "answer",
    [
        {"Traces": 7},
        {"Traces": ["x"]},
        {"Traces": [{"Segments": "x"}]},
        {"Traces": [{"Segments": ["x"]}]},
        {"Traces": [{"Segments": [{"Document": 7}]}]},
        {"Traces": [{"Segments": [{"Document": "{"}]}]},
        {"Traces": [{"Segments": [{"Document": "[]"}]}]},
        {"Traces": [{"Segments": [{"Document": "{}{}"}]}]},
        {"UnprocessedTraceIds": "x"},
    ],
)
def test_an_answer_in_another_form_is_quarantined(answer: Json) -> None:
    rows, found = ingested(answer)
    assert (rows, found) == ([], only(quarantined=1))


def test_segments_arrive_by_every_way_documents_do() -> None:
    payload = encoded(segment(subsegments=[part(2)]))
    entries = [
        kinesis(gzip.compress(payload)),
        firehose(payload),
        sqs(payload.decode(), json.dumps(notification(payload.decode()))),
        sns(payload.decode()),
    ]
    for entry in entries:
        store = open_store("memory://")
        found = counts(collector(store).collect(entry))
        assert (found["quarantined"], found["received"] % 2) == (0, 0)
        assert {row["span_id"] for row in spans(store)} == {id_of(1), id_of(2)}


def test_documents_back_to_back_or_one_to_a_line_are_all_read(memory: Store) -> None:
    documents = [encoded(segment(number)) for number in (1, 2, 3)]
    rows, found = ingested(b"\n".join(documents))
    assert (len(rows), found) == (3, only(stored=3))
    assert counts(collector(memory).collect(kinesis(b"".join(documents)))) == only(stored=3)
    assert spans(memory) == rows


def test_a_log_line_with_a_trace_id_is_no_segment(memory: Store) -> None:
    line = encoded({"trace_id": xray_id(1), "id": 7, "message": "hello"})
    assert counts(collector(memory).ingest("app.log", line, NOW).counts()) == only(stored=1)
    assert spans(memory) == []


def test_the_user_of_a_zone_is_a_pseudonym_and_addresses_are_redacted() -> None:
    zone = Zone("eu", identities="pseudonym", redact=("email", "ip"), key="env:KEY")
    document = segment(
        user="u-4242",
        annotations={"mail": "ada@example.org"},
        http={"request": {"client_ip": "198.51.100.7"}},
        cause={"exceptions": [{"message": "no cart of u-4242"}]},
    )
    rows, _ = ingested(document, zone_of=lambda region: zone, key_of=lambda zone: b"k" * 16)
    shown = repr(rows)
    assert not any(secret in shown for secret in ("u-4242", "ada@", "198.51"))
    assert len(rows[0]["user_id"]) == 32


TRACES = [
    batch([segment(1, in_progress=True, end_time=None)]),
    batch([segment(1, subsegments=[part(2), part(3, error=True)])]),
    batch([segment(7), part(8, trace_id=xray_id(7), parent_id=id_of(7), type="subsegment")]),
    segment(9),
]


@given(st.permutations([*TRACES, *TRACES]))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_traces_twice_in_any_order_are_the_same_rows(tmp_path: Path, deliveries: list[Json]) -> None:
    store = open_store(str(tmp_path / str(next(folders))))
    tables.ensure(store)
    for number, delivery in enumerate(deliveries):
        collector(store).ingest(f"{number}.json", encoded(delivery), NOW)
        sweep(store)
    found = [(row["span_id"], row["duration_ms"]) for row in committed(store)]
    assert found == [(id_of(number), 500.0) for number in (1, 2, 3, 7, 8, 9)]


SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=9)
    | st.sampled_from([START, xray_id(1), id_of(1), hex_id(1), "\0", "\ud800", "1-", "", {}, []])
)  # fmt: skip
KEYS = st.sampled_from(
    [
        *("trace_id", "id", "parent_id", "name", "start_time", "end_time", "in_progress", "type", "user"),
        *("http", "request", "response", "status", "aws", "account_id", "cause", "exceptions", "stack"),
        *("annotations", "metadata", "sql", "subsegments", "namespace", "fault", "traceId", "spanId"),
        *("startTimeUnixNano", "endTimeUnixNano", "attributes", "resource", "events", "kind", "code"),
        *("Traces", "Segments", "Spans", "Document", "UnprocessedTraceIds", "LimitExceeded", "Id"),
    ]
) | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(st.dictionaries(KEYS, VALUES, max_size=6), st.sampled_from(["segment", "part", "trace", "answer"]))
@FUZZ
def test_whatever_a_document_says_it_is_counted_and_its_neighbours_are_kept(fields: Json, where: str) -> None:
    known = batch([segment(7)])
    odd = [{"Document": json.dumps(each)} for each in (segment(1) | fields, span() | fields)]
    document = {
        "segment": {"Traces": [{"Segments": odd}, *known["Traces"]]},
        "part": batch([segment(7)], [segment(1, subsegments=[part(2) | fields, fields])]),
        "trace": {"Traces": [*known["Traces"], fields]},
        "answer": known | {"UnprocessedTraceIds": fields.get("UnprocessedTraceIds")},
    }[where]
    store = open_store("memory://")
    counts(collector(store).collect(kinesis(encoded(document))))
    assert id_of(7) in {row["span_id"] for row in spans(store)}


@pytest.mark.parametrize("depth", [40, 300, 900, 20_000])
def test_a_document_nested_deep_is_stored_or_quarantined(depth: int) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    content = encoded(segment(metadata="DEEP")).replace(b'"DEEP"', deep.encode())
    assert ingested(content)[1]["received"] == 1
    opened = json.dumps(part(5))[:-1] + ', "subsegments": ['
    nested = f"[{opened * depth}{']}' * depth}]"
    content = encoded(segment(subsegments="DEEP")).replace(b'"DEEP"', nested.encode())
    assert ingested(content)[1]["received"] >= 1
