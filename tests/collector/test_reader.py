from __future__ import annotations

import re
from typing import Any

import pytest
from collector_payloads import (
    CONTROL,
    MS,
    Json,
    awslogs,
    document,
    encoded,
    event,
    kinesis,
    notification,
    s3,
    text,
    zipped,
)

from collector.columns import Source
from collector.envelope import Control, Defect, Delivery, Failure, Reference
from collector.reader import Logs, Reader, Reading

FILE = Source("logs", "app.log")


def reader(content: bytes = b"", exclude: str = "(?!)") -> Reader:
    return Reader(lambda reference: content, re.compile(exclude))


def read(payload: bytes, using: Reader | None = None, **facts: Any) -> list[Reading]:
    return list((using or reader()).read(Delivery(payload, "item", MS, **facts)))


def messages(readings: list[Reading]) -> list[str]:
    return [message for one in readings if isinstance(one, Logs) for message in one.events.message]


def test_readings_come_in_the_order_of_the_payload() -> None:
    payload = encoded(document(event(1))) + encoded(CONTROL) + encoded(document(event(2), event(3, id=None)))
    found = read(payload)
    assert [type(one) for one in found] == [Logs, Control, Logs, Defect]
    assert messages(found) == ["INFO order 1 accepted", "INFO order 2 accepted"]


def test_what_is_nested_keeps_the_name_of_what_it_came_in() -> None:
    inner = encoded(notification(encoded(kinesis(zipped(document(event(1))), b"oops")).decode()))
    logs, defect = read(encoded(notification(inner.decode())))
    assert isinstance(logs, Logs)
    assert isinstance(defect, Defect)
    assert (logs.delivery.item, defect.item) == ("item", "item")
    assert defect.delivery.payload == b"oops"


def test_a_payload_without_anything_readable_is_one_defect() -> None:
    for payload in (b"", b" ", b"1 2 3", b"{} {}", b"oops {}", b"{}{"):
        (defect,) = read(payload)
        assert isinstance(defect, Defect)
        assert defect.delivery.payload == payload


def test_an_excluded_group_s_events_are_controls() -> None:
    own = reader(exclude=r"/aws/lambda/own-.*")
    found = read(zipped(document(event(1), event(2), logGroup="/aws/lambda/own-x")), own)
    assert found == [Control("item", 2)]


def test_an_object_may_hold_documents_or_lines_but_no_envelopes() -> None:
    reference = Reference("logs", "x", b"notice", item="item")
    assert messages(list(reader(zipped(document(event(1)))).read(reference))) == ["INFO order 1 accepted"]
    assert messages(list(reader(b"INFO hello\n").read(reference))) == ["INFO hello"]
    (defect,) = reader(encoded(s3("x"))).read(reference)
    assert isinstance(defect, Defect)


def test_an_object_out_of_reach_is_a_failure() -> None:
    def down(reference: Reference) -> bytes:
        raise TimeoutError

    (failure,) = Reader(down, re.compile("(?!)")).read(Reference("logs", "x", b"notice", item="item"))
    assert isinstance(failure, Failure)
    assert failure.item == "item"


@pytest.mark.parametrize("saved", [document(event(1)), awslogs(zipped(document(event(1)))), kinesis(b"x")])
def test_a_file_of_a_document_or_event_is_no_file_of_lines(saved: Json) -> None:
    assert not any(isinstance(one, Logs) and one.delivery.source for one in read(encoded(saved), source=FILE))


@pytest.mark.parametrize(
    "content",
    [
        b"INFO hello",
        b'{"message":"hello"}',
        b'{"Records":[{"eventName":"x","eventSource":"sts"}]}',
        b"{",
        b"{}",
    ],
)
def test_any_other_file_is_one_of_lines(content: bytes) -> None:
    assert all(isinstance(one, Logs | Control) for one in read(content, source=FILE))


def test_a_message_alone_is_its_event_again() -> None:
    (logs,) = read(b"\xff hello", source=FILE, event_id="7", time=MS)
    assert isinstance(logs, Logs)
    assert (logs.events.event_id, logs.events.time) == (["7"], [MS])
    assert (logs.events.source, logs.events.message) == ([FILE], ["\\xff hello"])


def test_lines_of_a_stream_are_told_apart_by_their_number() -> None:
    stream = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/aws-waf-logs-shop"
    (logs,) = read(b"a\n\na\n", stream=stream)
    assert isinstance(logs, Logs)
    assert (logs.events.event_id, logs.events.message) == (["item", "item#2"], ["a", "a"])


def test_text_that_is_base64_of_nothing_known_stays_text() -> None:
    (defect,) = read(text(b"hello world, hello world").encode())
    assert isinstance(defect, Defect)
    assert defect.reason.startswith("not JSON")
