"""What explanations are made of: the failed request, what surrounds it, the reasons with their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

NOTHING = "none"  # the version of what a read did not find


@dataclass(frozen=True, slots=True)
class Evidence:
    """A row that a reason rests on: `id` finds it in its table, `says` is what it says, for people."""

    table: str
    time: datetime
    region: str
    id: str | None
    says: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a request may have failed. `confidence` is between 0 and 1, `sentence` is for people."""

    name: str
    confidence: float
    sentence: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A log record that is an error. `stack` is its stack trace, or the text that may hold one."""

    time: datetime
    region: str
    service: str | None
    trace_id: str | None
    request_id: str | None
    user_id: str | None
    http_status: int | None
    error_type: str | None
    pattern: str | None  # the same for errors of the same kind: fingerprint, or the status of an access log
    path: str | None
    log_stream: str | None
    event_id: str
    message: str
    stack: str

    @property
    def type(self) -> str | None:
        """What is the same for errors of the same exception, whatever service they are of."""
        return self.error_type or self.pattern

    def evidence(self, says: str) -> Evidence:
        return Evidence("logs", self.time, self.region, self.event_id, says)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the application on a replicated store, as it logged it (see the macro operations).

    `started` and `time`, when it ended, are by the clock of `region`, where the application ran; `served_by`
    is the region that answered. `version` is what was read or written, NOTHING if a read found nothing.
    """

    op_id: str
    time: datetime
    started: datetime
    region: str
    served_by: str
    layer: str | None
    store: str
    key_hash: str
    op: str  # read or write
    version: str | None
    based_on: str | None
    state: str | None
    result: str
    session_id: str | None
    trace_id: str | None
    request_id: str | None

    @property
    def found(self) -> bool:
        return self.version != NOTHING

    @property
    def written_in(self) -> str | None:
        """The region that wrote the version, as the version's name says; of another form it is unknown."""
        return (self.version or "").partition("@")[2] or None

    def evidence(self, says: str) -> Evidence:
        return Evidence("logs", self.time, self.region, self.op_id, says)


@dataclass(frozen=True, slots=True)
class Span:
    """A span of the failed request."""

    time: datetime
    region: str
    service: str | None
    name: str
    kind: str | None
    failed: bool
    trace_id: str
    span_id: str
    parent: str | None
    request_id: str | None
    http_status: int | None
    duration: timedelta | None
    error_type: str | None
    peer: str | None
    throttled: bool

    def evidence(self, says: str) -> Evidence:
        return Evidence("spans", self.time, self.region, self.span_id, says)


@dataclass(frozen=True, slots=True)
class Event:
    """A change of state of something that serves the application (a row of `events`)."""

    time: datetime
    region: str
    kind: str
    subject: str
    state: str
    from_region: str | None
    to_region: str | None
    title: str
    event_id: str

    def evidence(self) -> Evidence:
        return Evidence("events", self.time, self.region, self.event_id, self.title)


@dataclass(frozen=True, slots=True)
class Point:
    """A metric's value in the minute from `time` on, a lag in ms; a health check's target is its region."""

    time: datetime
    region: str
    name: str
    value: float
    resource: str | None
    source_region: str | None
    target_region: str | None
    series: str

    def evidence(self, says: str) -> Evidence:
        return Evidence("metrics", self.time, self.region, self.series, says)


@dataclass(frozen=True, slots=True)
class Error:
    """One failed request, or an error that belongs to none: its error records, the most telling one first."""

    records: Sequence[Record]
    spans: Sequence[Span] = ()
    operations: Sequence[Operation] = ()

    @property
    def main(self) -> Record:
        return self.records[0]

    @property
    def status(self) -> int | None:
        """The HTTP status that was answered, as far as an error record tells."""
        return max((one.http_status for one in self.records if one.http_status), default=None)

    @property
    def services(self) -> frozenset[str]:
        """All names under which what served the request is known."""
        of: list[Record | Span] = [*self.records, *self.spans]
        return frozenset(one.service for one in of if one.service)
