from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import Any

import pytest
from collector_payloads import MS, document, encoded, event, zipped

from collector.columns import Source
from collector.decode import Unreadable, documents, inflate, log_events

PLAIN = encoded(document(event(1)))


def values(data: bytes) -> list[Any]:
    return [found.value for found in documents(data)]


def errors(data: bytes) -> list[tuple[bytes, str]]:
    return [(found.raw, found.error) for found in documents(data) if found.error]


@pytest.mark.parametrize(
    "payload",
    [
        PLAIN,
        gzip.compress(PLAIN, mtime=0),
        zlib.compress(PLAIN, 1),
        zlib.compress(PLAIN, 5),
        zlib.compress(PLAIN, 6),
        zlib.compress(PLAIN, 9),
        gzip.compress(PLAIN[:100], mtime=0) + gzip.compress(PLAIN[100:], mtime=0),
        base64.b64encode(PLAIN),
        base64.b64encode(gzip.compress(PLAIN, mtime=0)),
        base64.encodebytes(zlib.compress(PLAIN)),
    ],
    ids=lambda payload: repr(payload[:6]),
)
def test_a_payload_comes_out_of_whatever_it_is_wrapped_in(payload: bytes) -> None:
    assert inflate(payload) == PLAIN


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (gzip.compress(PLAIN, mtime=0)[:-20], "compressed data is truncated"),
        (gzip.compress(PLAIN, mtime=0)[:5], "compressed data is truncated"),
        (
            gzip.compress(PLAIN, mtime=0)[:40] + b"\0\0\0\0" + gzip.compress(PLAIN, mtime=0)[44:],
            "compressed data is damaged",
        ),
        (gzip.compress(PLAIN, mtime=0) + b"garbage", "compressed data is damaged"),
        (zlib.compress(PLAIN)[:-20], "compressed data is truncated"),
        (b"x\x9c" + bytes(20), "compressed data is damaged"),
        (b"H4sIAAAAAAAAAAAAAAAAA=", "not base64"),
    ],
)
def test_what_does_not_unwrap_is_an_error_that_shows_nothing_of_it(payload: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        inflate(payload)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_decompression_bomb_is_stopped_at_the_limit(compress: Any) -> None:
    with pytest.raises(Unreadable, match="more than 1000000 bytes"):
        inflate(compress(bytes(50_000_000)), 1_000_000)


def test_what_fits_the_limit_exactly_is_read() -> None:
    assert inflate(gzip.compress(bytes(1000)), 1000) == bytes(1000)
    assert inflate(zlib.compress(bytes(1000)), 1000) == bytes(1000)


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n\r\n  ", b"\x1e"])
def test_documents_back_to_back_are_all_read(between: bytes) -> None:
    several = [document(event(number)) for number in range(5)]
    assert values(between.join(map(encoded, several))) == several


def test_a_field_that_looks_like_a_document_is_none_even_if_the_document_is_no_proper_json() -> None:
    odd = document({"id": "1", "message": "\ud800", "extractedFields": {"messageType": None}})
    data = json.dumps(odd).encode()

    assert len(values(data)) == 1
    assert len(values(data + data[:-40] + data)) == 3


def test_documents_that_begin_with_another_key_are_read_too() -> None:
    several = [{"logGroup": "a", **document(event(number))} for number in range(3)]
    assert values(b"".join(map(encoded, several))) == several


def test_garbage_between_documents_is_told_apart_from_them() -> None:
    first, second = document(event(1)), document(event(2))
    data = encoded(first) + b" oops \xff " + encoded(second) + b"]"
    assert [found.value for found in documents(data) if not found.error] == [first, second]
    assert [raw for raw, _ in errors(data)] == [b"oops \xff ", b"]"]


def test_a_document_cut_off_does_not_cost_the_next_one() -> None:
    good = document(event(2))
    data = encoded(document(event(1)))[:-30] + encoded(good)
    assert [found.value for found in documents(data) if not found.error] == [good]
    assert len(errors(data)) == 1


def test_json_that_the_strict_parser_refuses_is_read_all_the_same() -> None:
    data = b'{"a": NaN, "b": "\\ud800", "c": "\xff\xfe", "d": "tab\there", "e": 1' + b"0" * 5000 + b"}"
    (found,) = values(data)
    assert found["a"] != found["a"]
    assert found["b"] == "\\ud800"
    assert found["c"] == "\\xff\\xfe"
    assert found["d"] == "tab\there"
    assert found["e"] == float("inf")


def test_json_nested_too_deep_is_an_error() -> None:
    assert errors(b'{"a":' * 100_000) == [(b'{"a":' * 100_000, "JSON is nested too deep")]


def test_an_event_per_entry_with_its_time_in_microseconds() -> None:
    events, misfits = log_events(document(event(1), event(2)))
    source = Source("/aws/lambda/orders", "2026/03/01/[$LATEST]4f2a", "123456789012")
    assert events.source == [source, source]
    assert events.event_id == [f"{1:056d}", f"{2:056d}"]
    assert events.time == [(MS + 1) * 1000, (MS + 2) * 1000]
    assert events.message == ["INFO order 1 accepted", "INFO order 2 accepted"]
    assert misfits == []


def test_each_event_has_the_account_and_region_that_were_extracted_for_it() -> None:
    events, _ = log_events(
        document(
            event(1, extractedFields={"@aws.account": "111111111111", "@aws.region": "us-east-1"}),
            event(2, extractedFields={"@aws.region": "us-west-2"}),
            event(3),
            event(4, extractedFields=None),
        )
    )
    assert [(source.account_id, source.region) for source in events.source] == [
        ("111111111111", "us-east-1"),
        ("123456789012", "us-west-2"),
        ("123456789012", None),
        ("123456789012", None),
    ]


@pytest.mark.parametrize(
    "timestamp", [MS / 1000, MS // 1000, MS, float(MS), MS * 1000, MS * 1_000_000, str(MS)]
)
def test_a_timestamp_is_understood_in_any_unit(timestamp: Any) -> None:
    events, misfits = log_events(document(event(1, timestamp=timestamp), event(2)))
    assert events.time == [MS * 1000, (MS + 2) * 1000]
    assert misfits == []


BAD = [
    (event(1, timestamp=-1), "timestamp is -1: must be a time between the years 2000 and 2100"),
    (event(1, timestamp=0), "timestamp is 0: must be a time"),
    (event(1, timestamp=253_402_300_799_000), "timestamp is 253402300799000: must be a time"),
    (event(1, timestamp=10**30), "timestamp is a huge number: must be a time"),
    (event(1, timestamp=float("nan")), "timestamp is nan: must be a time"),
    (event(1, timestamp=True), "timestamp is True: must be a time"),
    (event(1, timestamp=None), "timestamp is missing: must be a time"),
    (event(1, timestamp="Bob"), "timestamp is text: must be a time"),
    (event(1, id=None), "id is missing: must be text"),
    (event(1, id=""), "id is missing: must be text"),
    (event(1, id=7), "id is 7: must be text"),
    ({"id": "1", "timestamp": MS}, "message is missing: must be text"),
    ({"id": "1", "message": ""}, "timestamp is missing: must be a time"),
    ("Bob", "log event is text: must be an object"),
    (None, "log event is missing: must be an object"),
    ([1], "log event is a list: must be an object"),
    (event(1, extractedFields="Bob"), "extractedFields is text: must be an object"),
    (event(1, extractedFields={"@aws.region": "../etc"}), "extractedFields.@aws.region is text: must be"),
    (event(1, extractedFields={"@aws.account": 1}), "extractedFields.@aws.account is 1: must be text"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_a_bad_event_is_a_document_of_its_own_and_its_neighbours_are_read(bad: Any, reason: str) -> None:
    events, (misfit,) = log_events(document(event(8), bad, event(9)))
    assert events.event_id == [f"{8:056d}", f"{9:056d}"]
    assert misfit.reason.startswith(reason)
    alone = json.loads(misfit.document)
    assert alone["owner"] == "123456789012"
    assert json.dumps(alone["logEvents"]) == json.dumps([bad])


def test_a_bad_event_keeps_the_region_it_came_from() -> None:
    _, (misfit,) = log_events(document(event(1, id=None, extractedFields={"@aws.region": "us-east-1"})))
    assert misfit.region == "us-east-1"


@pytest.mark.parametrize(
    ("message", "text"),
    [([1, {"a": None}], '[1,{"a":null}]'), ({"ü": 1.5}, '{"ü":1.5}'), (False, "false"), (0, "0")],
)
def test_a_message_that_is_no_text_becomes_its_json(message: Any, text: str) -> None:
    events, _ = log_events(document(event(1, message=message)))
    assert events.message == [text]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"logEvents": None}, "logEvents is missing: must be a list"),
        ({"logEvents": "Bob"}, "logEvents is text: must be a list"),
        ({"owner": 123456789012}, "owner is 123456789012: must be text"),
        ({"logGroup": ["Bob"]}, "logGroup is a list: must be text"),
        ({"logStream": {}}, "logStream is an object: must be text"),
    ],
)
def test_a_document_with_a_bad_head_is_unreadable(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        log_events(document(event(1)) | keys)


def test_a_document_without_group_stream_or_owner_says_nothing_of_them() -> None:
    events, _ = log_events({"messageType": "DATA_MESSAGE", "logEvents": [event(1)]})
    assert events.source == [Source()]


def test_a_document_without_events_has_none() -> None:
    events, misfits = log_events(document())
    assert (len(events), misfits) == (0, [])


def test_many_documents_are_read_in_linear_time() -> None:
    data = b'{"messageType":' * 200_000 + zipped()
    assert all(found.error for found in documents(data))
