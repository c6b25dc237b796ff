"""What a trigger hands over: AWS events, opened into deliveries, objects to fetch and controls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self
from urllib.parse import unquote_plus

from collector.columns import Source
from collector.decode import Unreadable, unbase64
from collector.events import elasticache, replication
from collector.moment import micros


@dataclass(frozen=True, slots=True)
class Delivery:
    """One payload, and what came with it.

    `item` is the trigger's own name for it (sequenceNumber, messageId, recordId), `arrived` when its
    transport took it in (epoch µs), `stream` the ARN of the stream it came through. With a `source` the
    payload is that file's or object's content, and with an `event_id` too it is the message of one event.
    """

    payload: bytes
    item: str | None = None
    arrived: int | None = None
    stream: str | None = None
    source: Source | None = None
    event_id: str | None = None
    time: int | None = None

    def context(self) -> dict[str, str]:
        """All but the payload, as texts: what quarantine keeps beside it."""
        known: dict[str, object] = {name: getattr(self, name) for name in _CONTEXT}
        if self.source:
            known |= asdict(self.source) | {"header": self.source.header and " ".join(self.source.header)}
        return {name: str(value) for name, value in known.items() if value is not None}

    @classmethod
    def restored(cls, payload: bytes, context: Mapping[str, str]) -> Self:
        """The delivery that had this context."""
        source = Source(
            context.get("log_group"),
            context.get("log_stream"),
            context.get("account_id"),
            context.get("region"),
            tuple(context["header"].split()) if "header" in context else None,
        )
        return cls(
            payload,
            item=context.get("item"),
            arrived=int(context["arrived"]) if "arrived" in context else None,
            stream=context.get("stream"),
            source=None if source == Source() else source,
            event_id=context.get("event_id"),
            time=int(context["time"]) if "time" in context else None,
        )


_CONTEXT = ("item", "arrived", "stream", "event_id", "time")


@dataclass(frozen=True, slots=True)
class Reference:
    """An S3 object that a notification tells of; `notice` is that notification."""

    bucket: str
    key: str
    notice: bytes
    region: str | None = None
    version_id: str | None = None
    etag: str | None = None
    item: str | None = None
    arrived: int | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """A message that is no log: a health check, a test event, an object that went away."""

    item: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Defect:
    """What cannot be read, whole, and why; `region` if that much is known of it."""

    delivery: Delivery
    reason: str
    region: str | None = None

    @property
    def item(self) -> str | None:
        return self.delivery.item


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that has to be delivered again: an object or a key is out of reach."""

    item: str | None
    error: Exception


Part = Delivery | Reference | Control | Defect


def trigger(event: Any) -> str:
    """cloudwatch, kinesis, firehose, sqs, sns, s3, eventbridge, or unknown."""
    if not isinstance(event, Mapping):
        return "unknown"
    if "awslogs" in event:
        return "cloudwatch"
    if isinstance(event.get("Records"), list):
        sources = [_event_source(record) for record in event["Records"]]
        return next((source.removeprefix("aws:") for source in sources if source in _OPENERS), "unknown")
    if _is_firehose(event):
        return "firehose"
    if event.get("Event") == "s3:TestEvent":
        return "s3"
    if "detail-type" in event:
        return "eventbridge"
    return "sns" if _is_notification(event) else "unknown"


def parts(document: Any, outer: Delivery) -> list[Part] | None:
    """What an envelope holds, in its order; None if the document is no envelope we know.

    `outer` is the delivery the document came in: a record inside it keeps the outer item, for it is what the
    trigger wants to hear of.
    """
    kind = trigger(document)
    if kind == "cloudwatch":
        return [_decoded(_at(document, "awslogs", "data"), document, outer)]
    if kind == "firehose":
        stream = document.get("deliveryStreamArn")
        return [_firehose(record, _text(stream), outer) for record in document["records"]]
    if kind == "sns" and "Records" not in document:
        return [_notification(document, outer)]
    if kind == "eventbridge":
        return [_object_event(document, outer)] if document.get("source") == "aws.s3" else None
    if kind == "unknown":
        return None
    if "Records" not in document:  # s3:TestEvent
        return [Control(outer.item)]
    return [_OPENERS.get(_event_source(record), _foreign)(record, outer) for record in document["Records"]]


def _is_firehose(event: Mapping[str, Any]) -> bool:
    records = event.get("records")
    return isinstance(records, list) and (
        "deliveryStreamArn" in event
        or "invocationId" in event
        or any(isinstance(record, dict) and {"recordId", "data"} <= record.keys() for record in records)
    )


def _is_notification(event: Mapping[str, Any]) -> bool:
    return event.get("Type") == "Notification" and isinstance(event.get("Message"), str)


def _event_source(record: Any) -> str:
    source = _at(record, "eventSource") or _at(record, "EventSource")
    return source if isinstance(source, str) else ""


def _kinesis(record: Any, outer: Delivery) -> Part:
    facts = _facts(
        outer,
        item=_at(record, "kinesis", "sequenceNumber"),
        arrived=_at(record, "kinesis", "approximateArrivalTimestamp"),
        stream=_at(record, "eventSourceARN"),
    )
    return _decoded(_at(record, "kinesis", "data"), record, facts)


def _firehose(record: Any, stream: str | None, outer: Delivery) -> Part:
    facts = _facts(
        outer,
        item=_at(record, "recordId"),
        arrived=_at(record, "approximateArrivalTimestamp"),
        stream=stream,
    )
    return _decoded(_at(record, "data"), record, facts)


def _sqs(record: Any, outer: Delivery) -> Part:
    facts = _facts(outer, item=_at(record, "messageId"), arrived=_at(record, "attributes", "SentTimestamp"))
    return _textual(_at(record, "body"), record, facts, "body")


def _sns(record: Any, outer: Delivery) -> Part:
    return _notification(_at(record, "Sns"), outer)


def _notification(message: Any, outer: Delivery) -> Part:
    facts = _facts(outer, item=_at(message, "MessageId"), arrived=_at(message, "Timestamp"))
    if isinstance(message, Mapping) and elasticache.is_notification(message):
        return _whole(message, facts)
    return _textual(_at(message, "Message"), message, facts, "Message")


def _s3(record: Any, outer: Delivery) -> Part:
    name, key = _text(_at(record, "eventName")) or "", _at(record, "s3", "object", "key")
    if name.startswith(replication.NAME):
        return _whole({"Records": [record]}, _facts(outer, arrived=_at(record, "eventTime")))
    if not name.removeprefix("s3:").startswith("ObjectCreated"):
        return Control(outer.item)
    return _reference(
        {"Records": [record]},
        _facts(outer, arrived=_at(record, "eventTime")),
        bucket=_at(record, "s3", "bucket", "name"),
        key=unquote_plus(key) if isinstance(key, str) else key,
        region=_at(record, "awsRegion"),
        version_id=_at(record, "s3", "object", "versionId"),
        etag=_at(record, "s3", "object", "eTag"),
    )


def _object_event(event: Mapping[str, Any], outer: Delivery) -> Part:
    if event["detail-type"] != "Object Created":
        return Control(outer.item)
    return _reference(
        event,
        _facts(outer, item=event.get("id"), arrived=event.get("time")),
        bucket=_at(event, "detail", "bucket", "name"),
        key=_at(event, "detail", "object", "key"),  # not URL-encoded here
        region=event.get("region"),
        version_id=_at(event, "detail", "object", "version-id"),
        etag=_at(event, "detail", "object", "etag"),
    )


def _foreign(record: Any, outer: Delivery) -> Part:
    return Defect(_whole(record, outer), "not a log record: its eventSource is none we read")


_OPENERS: dict[str, Callable[[Any, Delivery], Part]] = {
    "aws:kinesis": _kinesis,
    "aws:sqs": _sqs,
    "aws:sns": _sns,
    "aws:s3": _s3,
}


def _reference(record: Any, facts: Delivery, bucket: Any, key: Any, **rest: Any) -> Part:
    if not (_text(bucket) and _text(key)):
        return Defect(_whole(record, facts), "the bucket's name or the object's key is missing")
    known = {name: _text(value) for name, value in rest.items()}
    return Reference(bucket, key, serialized(record), item=facts.item, arrived=facts.arrived, **known)


def _decoded(data: Any, record: Any, facts: Delivery) -> Part:
    if not isinstance(data, str):
        return Defect(_whole(record, facts), "data is missing: must be base64 text")
    try:
        return _with(unbase64(data), facts)
    except Unreadable as error:
        return Defect(_with(data.encode("utf-8", "backslashreplace"), facts), str(error))


def _textual(body: Any, record: Any, facts: Delivery, key: str) -> Part:
    if not isinstance(body, str):
        return Defect(_whole(record, facts), f"{key} is missing: must be text")
    return _with(body.encode("utf-8", "backslashreplace"), facts)


def _facts(outer: Delivery, item: Any = None, arrived: Any = None, stream: Any = None) -> Delivery:
    return Delivery(
        b"", outer.item or _text(item), micros(arrived) or outer.arrived, _text(stream) or outer.stream
    )


def _with(payload: bytes, facts: Delivery) -> Delivery:
    return Delivery(payload, facts.item, facts.arrived, facts.stream)


def _whole(record: Any, facts: Delivery) -> Delivery:
    return _with(serialized(record), facts)


def serialized(value: Any) -> bytes:
    """A part of an event as JSON again."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace")
    except (RecursionError, ValueError):  # deeper than any parser of JSON could have given it to us
        return repr(type(value)).encode()


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
