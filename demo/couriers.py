"""How each region's logs reach its collector: by Kinesis, directly, by Firehose, or as S3 objects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, Protocol

from demo import envelopes
from demo.access_objects import AccessObject, access_object, trial_object
from demo.documents import Document, compressed, control
from demo.logs import AccessLog, Line

Trigger = Literal["kinesis", "awslogs", "firehose", "s3", "eventbridge"]

BATCH = 100  # records: the default of an event source mapping
BATCH_WINDOW = 30.0  # seconds it waits for a full one
READ_AGAIN = 0.03  # chance that a Kinesis batch begins with records of the last one, after a partial failure
BUFFER = 60.0  # seconds Firehose collects
BUFFER_BYTES = 3_000_000  # of JSON; the event has to stay below 6 MB
BACK_TO_BACK = 0.1  # chance that Firehose gets two documents in one record
HEALTH_CHECK = 300.0  # seconds between control messages
OBJECT = 300.0  # seconds that one access log object covers


@dataclass(frozen=True, slots=True)
class Delivery:
    """One invocation of a collector, and what is in it.

    `log_events` counts all log events inside, `duplicates` those among them that AWS had delivered before,
    `controls` the messages that are no log events, `poison` the records that nobody can read, `signals` the
    metrics and events. `objects` are the S3 objects the event points to, by bucket and key. `time`, in epoch
    seconds, is when the event was made; it may be delivered later.
    """

    region: str
    trigger: Trigger
    event: dict[str, Any]
    time: float
    log_events: int
    duplicates: int = 0
    controls: int = 0
    poison: int = 0
    signals: int = 0
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a stream: its documents, compressed, and what is in them."""

    number: int
    arrival: float
    data: bytes
    log_events: int
    controls: int
    poison: int


def _record(number: int, arrival: float, documents: Sequence[Document]) -> Record:
    events = sum(document.log_events for document in documents)
    controls = sum(document.controls for document in documents)
    poison = sum(document.poison for document in documents)
    return Record(number, arrival, compressed(documents), events, controls, poison)


class Courier(Protocol):
    """What brings the documents of a region's log streams."""

    def send(self, arrival: float, document: Document) -> None: ...

    def deliver(self, now: float, last: bool) -> Iterator[Delivery]: ...


class Kinesis:
    """Subscription filters into a data stream, read by an event source mapping."""

    def __init__(self, region: str, rng: Random) -> None:
        self._region = region
        self._rng = rng
        self._waiting: list[Record] = []
        self._again: list[Record] = []
        self._count = 0
        self._check = -math.inf

    def send(self, arrival: float, document: Document) -> None:
        self._waiting.append(_record(self._count, arrival, (document,)))
        self._count += 1

    def deliver(self, now: float, last: bool) -> Iterator[Delivery]:
        """The batches that are full or have waited long enough; all, if it is the last time."""
        if now - self._check >= HEALTH_CHECK:
            self._check = now
            self.send(now, control(now, "Kinesis stream"))
        while self._waiting and (
            last or len(self._waiting) >= BATCH or now - self._waiting[0].arrival >= BATCH_WINDOW
        ):
            yield self._batch(now)

    def _batch(self, now: float) -> Delivery:
        fresh = self._waiting[: BATCH - len(self._again)]
        del self._waiting[: len(fresh)]
        batch = [*self._again, *fresh]
        event = envelopes.kinesis(self._region, [(one.number, one.arrival, one.data) for one in batch])
        events, controls = sum(one.log_events for one in batch), sum(one.controls for one in batch)
        poison, duplicates = sum(one.poison for one in batch), sum(one.log_events for one in self._again)
        failed = self._rng.random() < READ_AGAIN
        self._again = fresh[-self._rng.randint(1, 20) :] if failed else []
        return Delivery(self._region, "kinesis", event, now, events, duplicates, controls, poison)


class Direct:
    """Subscription filters that invoke the function, with one document each time."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._waiting: list[Document] = []

    def send(self, arrival: float, document: Document) -> None:
        self._waiting.append(document)

    def deliver(self, now: float, last: bool) -> Iterator[Delivery]:
        for document in self._waiting:
            event = envelopes.cloudwatch(compressed((document,)))
            yield Delivery(self._region, "awslogs", event, now, document.log_events, poison=document.poison)
        self._waiting.clear()


class Firehose:
    """An account-level subscription into a Firehose stream with a transformation."""

    def __init__(self, region: str, rng: Random) -> None:
        self._region = region
        self._rng = rng
        self._waiting: list[tuple[float, list[Document]]] = []
        self._bytes = 0
        self._count = 0
        self._check = -math.inf

    def send(self, arrival: float, document: Document) -> None:
        self._bytes += len(document.json)
        together = self._waiting and self._rng.random() < BACK_TO_BACK
        if together and not (document.poison or self._waiting[-1][1][-1].poison):
            self._waiting[-1][1].append(document)
        else:
            self._waiting.append((arrival, [document]))

    def deliver(self, now: float, last: bool) -> Iterator[Delivery]:
        """The buffer, when it is full or old enough, or if it is the last time."""
        if now - self._check >= HEALTH_CHECK:
            self._check = now
            self.send(now, control(now, "Firehose"))
        if self._waiting and (last or self._bytes >= BUFFER_BYTES or now - self._waiting[0][0] >= BUFFER):
            yield self._transformation(now)

    def _transformation(self, now: float) -> Delivery:
        batch = [
            _record(number, arrival, documents)
            for number, (arrival, documents) in enumerate(self._waiting, self._count)
        ]
        self._count += len(batch)
        self._waiting, self._bytes = [], 0
        event = envelopes.firehose(
            self._region, "logs", [(one.number, one.arrival, one.data) for one in batch]
        )
        events, controls = sum(one.log_events for one in batch), sum(one.controls for one in batch)
        poison = sum(one.poison for one in batch)
        return Delivery(self._region, "firehose", event, now, events, controls=controls, poison=poison)


class Buckets:
    """Access logs that AWS puts into buckets, whose notifications invoke the function."""

    def __init__(self) -> None:
        self._lines: dict[AccessLog, list[Line]] = {}
        self._due: dict[AccessLog, float] = {}
        self._new: list[AccessLog] = []
        self._known: set[AccessLog] = set()

    def add(self, end: float, log: AccessLog, lines: Sequence[Line]) -> None:
        if log not in self._known:
            self._known.add(log)
            self._new.append(log)
        self._lines.setdefault(log, []).extend(lines)
        self._due.setdefault(log, math.ceil(end / OBJECT) * OBJECT)

    def deliver(self, now: float, last: bool) -> Iterator[Delivery]:
        """The objects whose time is over; all, if it is the last time."""
        for log in self._new:
            if log.kind == "alb":
                yield _notified(trial_object(log, now), now)
        self._new.clear()
        due = [log for log, time in self._due.items() if last or time <= now]
        for log in due:
            yield _notified(access_object(log, self._lines.pop(log), self._due.pop(log)), now)


def _notified(object: AccessObject, now: float) -> Delivery:
    event = envelopes.s3(object.region, object.bucket, object.key, object.content, now)
    return Delivery(
        object.region,
        "s3",
        event,
        now,
        object.log_events,
        controls=object.controls,
        objects={(object.bucket, object.key): object.content},
    )
