from __future__ import annotations

import json
from typing import Any

import pytest
from collector_payloads import (
    FIREHOSE,
    MS,
    STREAM,
    Json,
    awslogs,
    encoded,
    firehose,
    kinesis,
    kinesis_record,
    notification,
    object_created,
    s3,
    sns,
    sqs,
)

from collector.columns import Source
from collector.envelope import Control, Defect, Delivery, Reference, parts, trigger

NOTHING = Delivery(b"")


def opened(event: Any) -> list[Any]:
    found = parts(event, NOTHING)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (awslogs(b"x"), "cloudwatch"),
        (kinesis(b"x"), "kinesis"),
        (firehose(b"x"), "firehose"),
        (sqs("x"), "sqs"),
        (sns("x"), "sns"),
        (notification("x"), "sns"),
        (s3("x"), "s3"),
        ({"Event": "s3:TestEvent", "Bucket": "logs"}, "s3"),
        (object_created("x"), "eventbridge"),
        ({"Records": [None, kinesis_record(0, "eA==")]}, "kinesis"),
        ({"Records": []}, "unknown"),
        ({"Records": [{"eventSource": "sts.amazonaws.com"}]}, "unknown"),
        ({}, "unknown"),
        ([], "unknown"),
        (None, "unknown"),
        ("text", "unknown"),
    ],
)
def test_a_trigger_is_known_by_its_event(event: Any, kind: str) -> None:
    assert trigger(event) == kind


def test_an_awslogs_event_is_one_delivery_without_a_name() -> None:
    assert opened(awslogs(b"payload")) == [Delivery(b"payload")]


def test_kinesis_records_are_named_by_sequence_number() -> None:
    assert opened(kinesis(b"a", b"b")) == [
        Delivery(b"a", "seq-0", MS * 1000, STREAM),
        Delivery(b"b", "seq-1", (MS + 1000) * 1000, STREAM),
    ]


def test_firehose_records_are_named_by_record_id() -> None:
    assert opened(firehose(b"a")) == [Delivery(b"a", "record-0", MS * 1000, FIREHOSE)]


def test_sqs_messages_are_named_by_message_id() -> None:
    assert opened(sqs("text")) == [Delivery(b"text", "message-0", MS * 1000)]


def test_what_sns_brings_keeps_the_name_of_the_queue_s_message() -> None:
    (message,) = opened(sqs("…"))
    assert parts(notification("text"), message) == [Delivery(b"text", "message-0", MS * 1000)]
    assert opened(sns("text")) == [Delivery(b"text", "95df01b4", MS * 1000)]


def test_the_key_of_an_s3_notification_is_url_encoded() -> None:
    (reference,) = opened(s3("AWSLogs/a%20b+c%2Fd%C3%BC.gz", eTag="8adc", versionId="7"))
    assert isinstance(reference, Reference)
    assert (reference.bucket, reference.key) == ("logs", "AWSLogs/a b c/dü.gz")
    assert (reference.region, reference.etag, reference.version_id) == ("eu-west-1", "8adc", "7")
    assert reference.arrived == MS * 1000


def test_the_key_of_an_eventbridge_event_is_not() -> None:
    (reference,) = opened(object_created("a%20b+c.gz"))
    assert isinstance(reference, Reference)
    assert (reference.bucket, reference.key, reference.etag) == ("logs", "a%20b+c.gz", "8adc")


def test_a_notice_is_a_notification_that_can_be_opened_again() -> None:
    for event in (s3("a", "b"), object_created("c")):
        for reference in opened(event):
            (again,) = parts_of(reference.notice)
            assert (again.bucket, again.key) == (reference.bucket, reference.key)


def parts_of(payload: bytes) -> list[Any]:
    import json

    return opened(json.loads(payload))


@pytest.mark.parametrize(
    "event",
    [
        {"Event": "s3:TestEvent", "Bucket": "logs"},
        s3("x", name="ObjectRemoved:Delete"),
        s3("x", name="s3:LifecycleTransition"),
        object_created("x", "Object Deleted"),
        object_created("x", "Object Restore Completed"),
    ],
)
def test_a_notification_of_anything_but_a_new_object_is_a_control(event: Json) -> None:
    assert [type(part) for part in opened(event)] == [Control]


def test_a_notification_about_replication_is_delivered_whole() -> None:
    event = s3("x", "y", name="s3:Replication:OperationFailedReplication")

    assert [json.loads(part.payload) for part in opened(event)] == [
        {"Records": [record]} for record in event["Records"]
    ]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"awslogs": None}, "data is missing: must be base64 text"),
        ({"awslogs": {"data": "%%%"}}, "not base64"),
        ({"awslogs": {"data": "H4sIü"}}, "not base64"),
        ({"Records": [kinesis_record(0, None)]}, "data is missing"),
        ({"Records": [kinesis_record(0, "x")]}, "not base64"),
        ({"Records": [{"eventSource": "aws:kinesis", "kinesis": 7}]}, "data is missing"),
        ({"deliveryStreamArn": FIREHOSE, "records": [None]}, "data is missing"),
        (sqs(None), "body is missing: must be text"),
        ({"Records": [{"EventSource": "aws:sns", "Sns": "x"}]}, "Message is missing: must be text"),
        (s3(""), "the bucket's name or the object's key is missing"),
        (s3("x", bucket=""), "the bucket's name or the object's key is missing"),
        (object_created(""), "the bucket's name or the object's key is missing"),
    ],
)
def test_a_record_that_cannot_be_opened_is_kept_whole_with_the_reason(event: Json, reason: str) -> None:
    (defect,) = opened(event)
    assert isinstance(defect, Defect)
    assert defect.reason.startswith(reason)
    assert defect.delivery.payload


@pytest.mark.parametrize("bad", [None, 7, "x", {}, {"eventSource": "aws:dynamodb"}, {"eventSource": 7}])
def test_a_foreign_record_does_not_cost_its_neighbours(bad: Any) -> None:
    event = kinesis(b"a", b"b")
    event["Records"].insert(1, bad)
    first, defect, second = opened(event)
    assert (first.payload, second.payload) == (b"a", b"b")
    assert defect.delivery.payload == encoded(bad)


@pytest.mark.parametrize(
    "event", [{}, [], None, "x", 7, {"Records": [{"cf": {}}]}, {"detail-type": "EC2", "source": "aws.ec2"}]
)
def test_what_is_no_envelope_is_not_opened(event: Any) -> None:
    assert parts(event, NOTHING) is None


def test_a_delivery_is_restored_from_its_context() -> None:
    source = Source("s3://logs", "key", "123456789012", "eu-west-1", ("a", "b"))
    for delivery in (
        Delivery(b"x"),
        Delivery(b"x", "seq-0", MS * 1000, STREAM),
        Delivery(b"x", source=source),
        Delivery(b"x", None, MS, None, Source(), "id-1", MS),
    ):
        assert Delivery.restored(b"x", delivery.context()).context() == delivery.context()


def test_a_context_is_all_text() -> None:
    context = Delivery(b"x", "seq-0", MS, STREAM, Source("g", "s"), "id-1", MS).context()
    assert {type(value) for value in context.values()} == {str}
