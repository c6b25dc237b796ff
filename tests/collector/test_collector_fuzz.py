"""Whatever comes in, nothing is raised, no neighbour is lost, and the accounting adds up."""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from collector_payloads import (
    MS,
    NOW,
    Json,
    awslogs,
    bodies,
    collector,
    counts,
    document,
    encoded,
    event,
    failed,
    firehose,
    kinesis,
    kinesis_record,
    notification,
    object_created,
    quarantined,
    s3,
    sns,
    sqs,
    text,
    zipped,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.objects import Store, open_store
from store.zone import KINDS, Zone

FUZZ = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

BEFORE, AFTER = zipped(document(event(1))), zipped(document(event(2)))
NEIGHBOURS = ["INFO order 1 accepted", "INFO order 2 accepted"]
PAYLOAD = zipped(document(event(3), event(4, extractedFields={"@aws.region": "us-east-1"})))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([MS, MS // 1000, -MS, 253_402_300_799_000, 2**63, "\0", "\ud800", "", "eu-west-1"])
)
KEYS = st.text(max_size=5) | st.sampled_from(
    [
        "id", "timestamp", "message", "extractedFields", "messageType", "owner", "logGroup", "logStream",
        "logEvents", "awslogs", "data", "Records", "records", "eventSource", "EventSource", "kinesis",
        "sequenceNumber", "approximateArrivalTimestamp", "body", "messageId", "attributes", "SentTimestamp",
        "Sns", "Message", "MessageId", "Type", "Timestamp", "s3", "bucket", "object", "key", "name",
        "eventName", "eventTime", "recordId", "deliveryStreamArn", "detail-type", "source", "detail", "Event",
        "@aws.region", "@aws.account",
    ]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(KEYS, children, max_size=5),
    max_leaves=15,
)


@st.composite
def mutated(draw: st.DrawFn, payload: bytes = PAYLOAD) -> bytes:
    """The payload cut off, overwritten, or with bytes put in, plain or compressed or encoded."""
    wrap = draw(st.sampled_from([bytes, gzip.compress, zlib.compress, base64.b64encode]))
    inner = draw(st.sampled_from([payload, gzip.decompress(payload)]))
    data = bytearray(wrap(inner))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        patch = draw(
            st.binary(max_size=8)
            | st.sampled_from([b"\0", b"\xff\xfe", b"null", b'"', b"{", b"}", b"NaN", b"9" * 400, b"\\ud800"])
        )
        kind = draw(st.sampled_from(["cut", "overwrite", "insert", "repeat"]))
        if kind == "cut":
            del data[at:]
        elif kind == "repeat":
            data[at:at] = data[: draw(st.integers(0, 200))]
        else:
            data[at : at + (len(patch) if kind == "overwrite" else 0)] = patch
    return bytes(data)


def between(store: Store, bad: Any, envelope: Callable[..., Json], encode: Callable[[bytes], Any]) -> Json:
    """Deliver the bad payload between two good ones; both have to arrive."""
    result = collector(store).collect(envelope(encode(BEFORE), encode(bad), encode(AFTER)))
    assert {*NEIGHBOURS} <= {*bodies(store)}
    return counts(result)


def as_text(payload: bytes) -> str:
    return payload.decode("latin-1")


@FUZZ
@given(mutated())
def test_a_mutated_record_in_kinesis(payload: bytes) -> None:
    between(open_store("memory://"), payload, kinesis, lambda payload: payload)


@FUZZ
@given(mutated())
def test_a_mutated_record_in_firehose(payload: bytes) -> None:
    between(open_store("memory://"), payload, firehose, lambda payload: payload)


@FUZZ
@given(mutated())
def test_a_mutated_message_in_a_queue_and_a_topic(payload: bytes) -> None:
    for envelope in (sqs, sns):
        store = open_store("memory://")
        good = [text(BEFORE), text(AFTER)]
        result = collector(store).collect(envelope(good[0], as_text(payload), good[1]))
        assert {*NEIGHBOURS} <= {*bodies(store)}
        counts(result)


@FUZZ
@given(mutated())
def test_a_mutated_payload_alone(payload: bytes) -> None:
    for delivered in (
        awslogs(payload),
        {"awslogs": {"data": as_text(payload)}},
        notification(as_text(payload)),
    ):
        counts(collector(open_store("memory://")).collect(delivered))


@FUZZ
@given(mutated(), st.sampled_from([s3, object_created]))
def test_a_mutated_object(payload: bytes, notice: Callable[[str], Json]) -> None:
    store = open_store("memory://")
    counts(collector(store, fetch=lambda reference: payload).collect(notice("x")))


@FUZZ
@given(mutated() | st.binary(max_size=200), st.sampled_from(["app.log", "logs/x.json.gz", ""]))
def test_a_mutated_file(payload: bytes, name: str) -> None:
    counts(collector(open_store("memory://")).ingest(name, payload, NOW).counts())


SAVED = [kinesis(BEFORE), firehose(BEFORE), sqs(text(BEFORE)), sns(text(BEFORE)), awslogs(BEFORE), s3("x")]


@FUZZ
@given(st.sampled_from(SAVED).flatmap(lambda saved: mutated(zipped(saved))))
def test_a_mutated_saved_event(payload: bytes) -> None:
    there = collector(open_store("memory://"), fetch=lambda reference: BEFORE)
    counts(there.ingest("saved.json", payload, NOW).counts())


@FUZZ
@given(VALUES)
def test_any_value_as_an_event(value: Any) -> None:
    counts(collector(open_store("memory://"), fetch=lambda reference: PAYLOAD).collect(value))


@FUZZ
@given(
    st.lists(
        st.fixed_dictionaries(
            {"eventSource": st.sampled_from(["aws:kinesis", "aws:sqs", "aws:s3", "aws:sns", "aws:x"])},
            optional=dict.fromkeys(("kinesis", "body", "messageId", "s3", "eventName", "Sns"), VALUES),
        )
        | VALUES,
        max_size=4,
    )
)
def test_any_values_as_records_beside_good_ones(records: list[Any]) -> None:
    store = open_store("memory://")
    good = [kinesis_record(number, text(payload)) for number, payload in enumerate((BEFORE, AFTER))]
    result = collector(store, fetch=lambda reference: PAYLOAD).collect(
        {"Records": [good[0], *records, good[1]]}
    )
    assert {*NEIGHBOURS} <= {*bodies(store)}
    assert failed(result) == []
    counts(result)


@FUZZ
@given(
    st.lists(
        st.fixed_dictionaries(
            {}, optional={"id": SCALARS, "timestamp": SCALARS, "message": VALUES, "extractedFields": VALUES}
        )
        | VALUES,
        min_size=1,
        max_size=4,
    )
)
def test_any_values_as_events_beside_good_ones(events: list[Any]) -> None:
    store = open_store("memory://")
    payload = encoded(document(event(1), *events, event(2)))
    found = counts(collector(store).collect(kinesis(payload)))
    assert found["received"] == len(events) + 2
    assert {*NEIGHBOURS} <= {*bodies(store)}


@FUZZ
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_values_in_the_head_of_a_document(head: Json) -> None:
    between(open_store("memory://"), encoded(document(event(3), **head)), kinesis, lambda payload: payload)


BIG = 2**20
CLOSED = Zone("closed", "pseudonym", KINDS, "env:UNUSED")

UGLY: dict[str, bytes] = {
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"messageType":' * 5_000,
    "deep event": b'{"messageType":"DATA_MESSAGE","logEvents":[' + b"[" * 5000 + b"]" * 5000 + b"]}",
    "deep message": encoded(document(event(3, message="[" * 100_000))),
    "deep json message": encoded(document(event(3, message='{"a":' * 50_000 + "1" + "}" * 50_000))),
    "a line of 1 MB": encoded(document(event(3, message="x" * BIG))),
    "a line of 1 MB of quotes": encoded(document(event(3, message='{"a":"' + '\\"' * (BIG // 2)))),
    "a line of 1 MB of digits": encoded(document(event(3, message="4" * BIG))),
    "a line of 1 MB of spaces": encoded(document(event(3, message="2026-03-01T12:00:00Z " + " " * BIG))),
    "a line of 1 MB of equals": encoded(document(event(3, message="a=" * (BIG // 2)))),
    "a line of 1 MB of ats": encoded(document(event(3, message="a@" * (BIG // 2)))),
    "a line of 1 MB of dots": encoded(document(event(3, message="1." * (BIG // 2)))),
    "a line of 1 MB of brackets": encoded(document(event(3, message="{" * BIG))),
    "a line of 1 MB of new lines": encoded(document(event(3, message="\n" * BIG))),
    "a huge number": encoded(document(event(3)) | {"x": 0}).replace(b'"x": 0', b'"x": 1' + b"0" * 100_000),
    "a huge timestamp": encoded(document(event(3, timestamp=7))).replace(b": 7", b": 7" + b"7" * 100_000),
    "NUL bytes": encoded(document(event(3, message="a\0b"))).replace(b"\\u0000", b"\0"),
    "escaped NUL": encoded(document(event(3, message="\0" * 100))),
    "broken UTF-8": encoded(document(event(3, message="~"))).replace(b"~", b"\xc3\x28\xff"),
    "lone surrogates": encoded(document(event(3, message="\udfff\ud800"))),
    "duplicate keys": encoded(document(event(3))).replace(b'"logEvents"', b'"logEvents": [], "logEvents"'),
    "null keys": encoded(dict.fromkeys(document()) | {"messageType": "DATA_MESSAGE"}),
    "seconds": encoded(document(event(3, timestamp=MS // 1000))),
    "negative": encoded(document(event(3, timestamp=-MS))),
    "year 9999": encoded(document(event(3, timestamp=253_402_300_799_000))),
    "a bomb": gzip.compress(bytes(70 * BIG)),
    "many members": gzip.compress(b"") * 5_000,
    "many documents": encoded(document(event(3))) * 1_000,
    "many starts": b'{"messageType"' * 5_000,
    "many others": b"{} " * 10_000,
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("ugly", UGLY.values(), ids=UGLY)
def test_an_ugly_payload_costs_no_neighbour_at_any_entry(ugly: bytes) -> None:
    found = [
        between(open_store("memory://"), ugly, kinesis, lambda payload: payload),
        between(open_store("memory://"), ugly, firehose, lambda payload: payload),
        between(open_store("memory://"), ugly, sqs, text),
        counts(collector(open_store("memory://")).collect(awslogs(ugly))),
    ]
    assert [one["received"] - found[0]["received"] for one in found] == [0, 0, 0, -2]
    counts(collector(open_store("memory://")).ingest("app.log", ugly, NOW).counts())
    closed = collector(open_store("memory://"), zone_of=lambda region: CLOSED, key_of=lambda zone: bytes(32))
    assert counts(closed.collect(awslogs(ugly)))["received"] == found[-1]["received"]


def test_what_is_quarantined_is_what_was_delivered() -> None:
    for payload in (b"\xff\0", PAYLOAD[:-3], b'{"a":1}', b"[" * 5000):
        store = open_store("memory://")
        collector(store).collect(kinesis(BEFORE, payload, AFTER))
        assert [one.payload for one in quarantined(store)] == [payload]
