"""Takes deliveries apart with plain gzip, base64 and json: the oracle for what the demo announces."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from demo.couriers import Delivery


@dataclass(frozen=True)
class Event:
    """One log event as it arrived. `time` is epoch milliseconds, None for a line of an S3 object."""

    region: str
    group: str
    stream: str
    id: str
    time: int | None
    message: str


def documents(delivery: Delivery) -> Iterator[dict[str, Any]]:
    """The JSON documents in a delivery, also those that lie back to back in one record."""
    for data in _records(delivery):
        text = gzip.decompress(base64.b64decode(data)).decode()
        at = 0
        while at < len(text):
            document, at = json.JSONDecoder().raw_decode(text, at)
            yield document


def _records(delivery: Delivery) -> list[str]:
    if delivery.signals:
        return []
    if delivery.trigger == "awslogs":
        return [delivery.event["awslogs"]["data"]]
    if delivery.trigger == "kinesis":
        return [record["kinesis"]["data"] for record in delivery.event["Records"]]
    if delivery.trigger == "firehose":
        return [record["data"] for record in delivery.event["records"]]
    return []


def object_lines(delivery: Delivery) -> Iterator[tuple[str, str, str]]:
    """Bucket, key and line of the objects a delivery notifies of."""
    for record in delivery.event["Records"] if delivery.trigger == "s3" else ():
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        content = delivery.objects[bucket, key]
        text = gzip.decompress(content).decode() if key.endswith(".gz") else content.decode()
        for line in text.splitlines():
            yield bucket, key, line


def is_event(line: str) -> bool:
    return not line.startswith(("#", "Enable AccessLog for ELB"))


def events(delivery: Delivery) -> list[Event]:
    """All log events in a delivery, without control messages and headers."""
    arrived = [
        Event(
            delivery.region,
            doc["logGroup"],
            doc["logStream"],
            event["id"],
            event["timestamp"],
            event["message"],
        )
        for doc in documents(delivery)
        if doc["messageType"] == "DATA_MESSAGE"
        for event in doc["logEvents"]
    ]
    arrived += [
        Event(delivery.region, f"s3://{bucket}", key, str(number), None, line)
        for number, (bucket, key, line) in enumerate(object_lines(delivery))
        if is_event(line)
    ]
    return arrived


def controls(delivery: Delivery) -> int:
    messages = sum(1 for document in documents(delivery) if document["messageType"] == "CONTROL_MESSAGE")
    return messages + sum(line.startswith("Enable AccessLog") for *_, line in object_lines(delivery))


def distinct(deliveries: Iterable[Delivery]) -> set[Event]:
    return {event for delivery in deliveries for event in events(delivery)}
