"""Reading: from what a trigger handed over to log events, controls, and what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from collector import lines, objects, signal_documents
from collector.columns import Events, Source
from collector.decode import (
    CONTROL,
    START,
    Document,
    Misfit,
    Unreadable,
    documents,
    inflate,
    is_log_document,
    log_events,
)
from collector.envelope import Control, Defect, Delivery, Failure, Part, Reference, parts
from collector.formats import azure
from collector.metrics import stream as metric_stream
from collector.otlp import decode as otlp
from collector.signals import Signals
from collector.xray import log_group as aws_spans
from store.layout import content_id

_DEPTH = 4  # envelopes in envelopes: EventBridge in SNS in SQS is three

_FILE = 512 * 2**20  # bytes a file may grow to

# Streams whose names AWS demands for log lines it delivers itself, and the keys of those it delivers to any.
_LINE_STREAM = re.compile(r":deliverystream/(?:aws-waf-logs-|amazon-apigateway-)")
_LINE_KEYS = (
    frozenset({"webaclId", "httpRequest"}),  # WAF
    frozenset({"query_timestamp", "query_name"}),  # Route 53 Resolver
)


@dataclass(frozen=True, slots=True)
class Logs:
    """Log events, and the delivery they came with."""

    delivery: Delivery
    events: Events


@dataclass(frozen=True, slots=True)
class Found:
    """Signals besides log events, and the delivery they came with."""

    delivery: Delivery
    signals: Signals


Reading = Logs | Found | Control | Defect | Failure


class Reader:
    """Reads deliveries. `exclude` matches the log groups that are not to be collected."""

    def __init__(self, fetch: Callable[[Reference], bytes], exclude: re.Pattern[str]) -> None:
        self.fetch = fetch
        self.exclude = exclude

    def read(self, part: Part, depth: int = 0) -> Iterator[Reading]:
        """All that is in a part, in order. Raises nothing: what cannot be read is a Defect."""
        if isinstance(part, Control | Defect):
            yield part
        elif isinstance(part, Reference):
            yield from self._object(part)
        else:
            yield from self._delivery(part, depth)

    def _object(self, reference: Reference) -> Iterator[Reading]:
        notice = Delivery(reference.notice, reference.item, reference.arrived)
        try:
            data = self.fetch(reference)
        except objects.Gone as gone:
            yield Defect(notice, str(gone))
        except Exception as error:  # noqa: BLE001 - S3 or the network, whatever they raise
            yield Failure(reference.item, error)
        else:
            source = objects.source(f"s3://{reference.bucket}", reference.key, reference.key)
            # No envelopes in an object: it might point to itself.
            yield from self.read(replace(notice, payload=data, source=source), _DEPTH)

    def _delivery(self, delivery: Delivery, depth: int) -> Iterator[Reading]:
        try:
            if delivery.event_id is not None:
                yield Logs(delivery, _event(delivery))
            elif delivery.source is not None:
                yield from self._file(delivery, delivery.source, depth)
            elif _LINE_STREAM.search(delivery.stream or ""):
                text = inflate(delivery.payload).decode("utf-8", "backslashreplace")
                yield Logs(delivery, _lines(delivery, text.split("\n")))
            else:
                yield from self._payload(delivery, inflate(delivery.payload), depth)
        except Unreadable as error:
            yield Defect(delivery, str(error))
        except Exception as error:  # noqa: BLE001 - one payload nobody foresaw must not block a stream
            yield Defect(delivery, f"{type(error).__name__} while reading")

    def _payload(self, delivery: Delivery, data: bytes, depth: int) -> Iterator[Reading]:
        if (found := otlp.delivered(delivery.stream, data)) is not None:
            yield from (Found(delivery, signals) for signals in found)
        elif (streamed := metric_stream.lines(data)) is not None:
            yield Found(delivery, streamed)
        else:
            yield from self._documents(delivery, data, depth)

    def _file(self, delivery: Delivery, source: Source, depth: int) -> Iterator[Reading]:
        data = inflate(delivery.payload, _FILE)
        if _holds_documents(data):
            yield from self._documents(replace(delivery, source=None), data, depth)
            return
        yield from _blocks(delivery, f"{source.log_group}/{source.log_stream}", data, source)

    def _documents(self, delivery: Delivery, data: bytes, depth: int) -> Iterator[Reading]:
        """What the documents hold. Raises Unreadable, for the whole payload, if none can be read."""
        readable, defects = False, []
        for number, document in enumerate(documents(data)):
            alone = delivery if document.raw is data else replace(delivery, payload=document.raw)
            try:
                yield from self._document(document, alone, number, depth)
                readable = True
            except Unreadable as error:
                defects.append(Defect(alone, str(error)))
                readable |= document.line
        if not readable:
            raise Unreadable(defects[0].reason if defects else "empty")
        yield from defects

    def _document(self, document: Document, delivery: Delivery, number: int, depth: int) -> Iterator[Reading]:
        value = document.value
        if document.error:
            raise Unreadable(document.error)
        if is_log_document(value):
            yield from self._log_document(value, delivery)
        elif isinstance(value, dict) and any(keys <= value.keys() for keys in _LINE_KEYS):
            yield Logs(delivery, _lines(delivery, [document.raw.decode("utf-8", "backslashreplace")], number))
        elif azure.is_envelope(value):
            source = Source(log_group=delivery.stream)
            yield from _blocks(replace(delivery, source=source), "", document.raw, source)
        elif (found := signal_documents.read(value, document.raw)) is not None:
            yield from (Found(delivery, signals) for signals in found)
            if not found:
                yield Control(delivery.item)
        else:
            opened = parts(value, delivery) if depth < _DEPTH else None
            if opened is None:
                raise Unreadable("not a log document, nor an event that holds or points to one")
            for part in opened:
                yield from self.read(part, depth + 1)

    def _log_document(self, value: dict[str, Any], delivery: Delivery) -> Iterator[Reading]:
        if value["messageType"] == CONTROL:
            yield Control(delivery.item)
            return
        events, misfits = log_events(value)
        if events and self.exclude.fullmatch(events.source[0].log_group or ""):
            yield Control(delivery.item, len(events))
        elif value.get("logGroup") == aws_spans.GROUP:
            yield Found(delivery, aws_spans.spans(value, events))
        else:
            yield Logs(delivery, events)
        yield from _defects(delivery, misfits)


def _blocks(delivery: Delivery, name: str, data: bytes, source: Source) -> Iterator[Reading]:
    """The events of a file's content."""
    for block in lines.blocks(name, data, source):
        yield Logs(delivery, block)
        yield Control(delivery.item, block.control)
        yield from _defects(delivery, block.misfits)


def _defects(delivery: Delivery, misfits: Sequence[Misfit]) -> Iterator[Defect]:
    for misfit in misfits:
        yield Defect(replace(delivery, payload=misfit.document), misfit.reason, misfit.region)


def _event(delivery: Delivery) -> Events:
    """The one event whose message this is."""
    message = delivery.payload.decode("utf-8", "backslashreplace")
    return Events([delivery.source or Source()], [delivery.event_id or ""], [delivery.time], [message])


def _lines(delivery: Delivery, texts: Sequence[str], first: int = 0) -> Events:
    """Log lines of one stream record: each is told apart by the record's id and its number in there."""
    id = delivery.item or content_id([delivery.payload])
    kept = [(number, text) for number, text in enumerate(texts, first) if text.strip()]
    return Events(
        [Source(log_group=delivery.stream)] * len(kept),
        [f"{id}#{number}" if number else id for number, _ in kept],
        [None] * len(kept),
        [text for _, text in kept],
    )


def _holds_documents(data: bytes) -> bool:
    """Whether a file is made of CloudWatch Logs documents, or is an event that a trigger would hand over."""
    content = data.lstrip()
    if not content.startswith(b"{"):
        return False
    return bool(START.match(content)) or any(
        _is_known(text) for text in (content.partition(b"\n")[0], content)
    )


def _is_known(text: bytes) -> bool:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return (
        is_log_document(value)
        or parts(value, Delivery(b"")) is not None
        or signal_documents.read(value, text) is not None
    )
