"""Payloads as AWS sends them, made by hand, and what of them ended up in a store."""

from __future__ import annotations

import base64
import gzip
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq

from collector.handler import Collector
from store import quarantine
from store.layout import data_file
from store.objects import Store
from store.quarantine import Rejected
from store.zone import Zone

OPEN = Zone("open")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MS = 1_772_366_400_000  # the same moment in epoch milliseconds
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/logs"
FIREHOSE = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/logs"

Json = dict[str, Any]


def collector(store: Store, region: str = "eu-west-1", **settings: Any) -> Collector:
    """A collector of an open zone at a fixed time, unless the settings say otherwise."""
    return Collector(region, store, **{"zone_of": lambda region: OPEN, "now": lambda: NOW} | settings)


def event(number: int, message: Any = None, **keys: Any) -> Json:
    """The log event of that number; the same number is the same event."""
    text = f"INFO order {number} accepted" if message is None else message
    return {"id": f"{number:056d}", "timestamp": MS + number, "message": text} | keys


def document(*events: Any, **keys: Any) -> Json:
    """A CloudWatch Logs document."""
    return {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/aws/lambda/orders",
        "logStream": "2026/03/01/[$LATEST]4f2a",
        "subscriptionFilters": ["all"],
        "logEvents": list(events),
    } | keys


CONTROL = document(
    {"id": "", "timestamp": MS, "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose."},
    messageType="CONTROL_MESSAGE",
    owner="CloudwatchLogs",
)


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def zipped(*documents: Any) -> bytes:
    """The documents back to back in one gzip."""
    return gzip.compress(b"".join(map(encoded, documents)), mtime=0)


def text(payload: bytes) -> str:
    return base64.b64encode(payload).decode()


def awslogs(payload: bytes) -> Json:
    return {"awslogs": {"data": text(payload)}}


def kinesis(*payloads: bytes) -> Json:
    return {"Records": [kinesis_record(number, text(payload)) for number, payload in enumerate(payloads)]}


def kinesis_record(number: int, data: Any) -> Json:
    return {
        "eventSource": "aws:kinesis",
        "eventSourceARN": STREAM,
        "awsRegion": "eu-west-1",
        "kinesis": {
            "sequenceNumber": f"seq-{number}",
            "approximateArrivalTimestamp": MS / 1000 + number,
            "data": data,
        },
    }


def firehose(*payloads: bytes, stream: str = FIREHOSE) -> Json:
    records = [
        {"recordId": f"record-{number}", "approximateArrivalTimestamp": MS + number, "data": text(payload)}
        for number, payload in enumerate(payloads)
    ]
    return {"invocationId": "i", "deliveryStreamArn": stream, "region": "eu-west-1", "records": records}


def sqs(*bodies: Any) -> Json:
    return {
        "Records": [
            {
                "eventSource": "aws:sqs",
                "messageId": f"message-{number}",
                "body": body,
                "attributes": {"SentTimestamp": str(MS + number)},
            }
            for number, body in enumerate(bodies)
        ]
    }


def notification(message: str) -> Json:
    """What SNS makes of a message."""
    return {
        "Type": "Notification",
        "MessageId": "95df01b4",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:logs",
        "Message": message,
        "Timestamp": "2026-03-01T12:00:00.000Z",
    }


def sns(*messages: str) -> Json:
    return {"Records": [{"EventSource": "aws:sns", "Sns": notification(message)} for message in messages]}


def s3(*keys: str, name: str = "ObjectCreated:Put", bucket: str = "logs", **facts: str) -> Json:
    """An S3 notification; keys are given as S3 writes them, URL-encoded."""
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "awsRegion": "eu-west-1",
                "eventTime": "2026-03-01T12:00:00.000Z",
                "eventName": name,
                "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1, **facts}},
            }
            for key in keys
        ]
    }


def object_created(key: str, detail_type: str = "Object Created") -> Json:
    """The same from EventBridge."""
    return {
        "version": "0",
        "id": "52f34d1b",
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-03-01T12:00:00Z",
        "region": "eu-west-1",
        "detail": {"bucket": {"name": "logs"}, "object": {"key": key, "etag": "8adc"}},
    }


def segments(store: Store) -> list[str]:
    """The paths of the segments that lie in the store, committed or not."""
    return sorted(item.path for item in store.list("logs") if data_file(item.path))


def stored(store: Store) -> list[Json]:
    """All rows that lie in segments, with region and day from their paths, in order of time and id."""
    rows = []
    for path in segments(store):
        file = data_file(path)
        assert file is not None
        place = {"region": file.region, "day": file.day}
        rows += [row | place for row in pq.read_table(io.BytesIO(store.get(path))).to_pylist()]
    return sorted(rows, key=lambda row: (row["time"], row["event_id"]))


def bodies(store: Store) -> list[str]:
    return [row["body"] for row in stored(store)]


def quarantined(store: Store, key: bytes | None = None) -> list[Rejected]:
    return [quarantine.reveal(entry, key) for entry in quarantine.entries(store)]


def counts(result: Json) -> Json:
    """The accounting in any trigger's result; it has to add up."""
    found: Json = result.get("regionscope", result)
    assert found["received"] == sum(count for name, count in found.items() if name != "received")
    return found


def only(**expected: int) -> Json:
    """The accounting in which everything but the expected is zero."""
    nothing = dict.fromkeys(("stored", "duplicate", "control", "quarantined"), 0)
    return {"received": sum(expected.values())} | nothing | expected


def failed(result: Json) -> list[str]:
    return [failure["itemIdentifier"] for failure in result["batchItemFailures"]]


def batches(items: Sequence[Any], sizes: Iterable[int]) -> list[list[Any]]:
    """The items in batches of these sizes, and the rest."""
    found, start = [], 0
    for size in sizes:
        found.append(list(items[start : start + size]))
        start += size
    return [batch for batch in [*found, list(items[start:])] if batch]
