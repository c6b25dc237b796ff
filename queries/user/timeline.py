"""What one user went through, over all regions, in causal order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from queries.answers import SINCE, UNTIL, Answer, Column, Parameter, Reader, Row
from queries.settings import Settings
from queries.user.hops import hops
from queries.user.order import Cause, Moment, Order
from queries.user.records import AROUND, clock_of, clocks_of, event, log, span, waited

LOGS = "select *, epoch_us(time) as us from user_requests($user, since := $since, until := $until)"
SPANS = "select *, epoch_us(time) as us from user_spans($user, since := $since, until := $until)"
EVENTS = "select *, epoch_us(time) as us from region_events($regions, since := $since, until := $until)"


@dataclass(slots=True)
class History:
    """Records of kind log, span and event as rows, and what is known of the order in which they were made.

    `moments` are when the records were made, by their numbers, then the ends of spans. `causes` are numbers
    of them.
    """

    rows: list[Row]
    moments: list[Moment] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.moments = [Moment(clock_of(row), row["us"]) for row in self.rows]
        spans = {
            (row["trace_id"], row["span_id"]): number
            for number, row in enumerate(self.rows)
            if row["kind"] == "span"
        }
        ends = {
            number: self._end(number)
            for number in spans.values()
            if self.rows[number]["duration_ms"] is not None
        }
        for number, row in enumerate(self.rows):
            self.causes += self._causes_of(number, row, spans, ends)

    def _end(self, span: int) -> int:
        row = self.rows[span]
        self.moments.append(Moment(clock_of(row), row["us"] + round(row["duration_ms"] * 1000)))
        return len(self.moments) - 1

    def _causes_of(
        self, number: int, row: Row, spans: Mapping[tuple[str, str], int], ends: Mapping[int, int]
    ) -> Iterator[Cause]:
        within = "parent_span_id" if row["kind"] == "span" else "span_id"
        parent = spans.get((row.get("trace_id") or "", row.get(within) or ""))
        if parent is not None:
            yield parent, number
        if number not in ends:
            return
        yield number, ends[number]
        if parent is not None and parent in ends and waited(self.rows[parent], row):
            yield ends[number], ends[parent]


def timeline(
    reader: Reader, settings: Settings, user: str, since: datetime | None, until: datetime | None
) -> Iterator[Row]:
    """The rows of the answer. Nothing if there is no record of the user."""
    window = {"since": since, "until": until}
    own = [log(row) for row in reader.rows(LOGS, user=user, **window)]
    own += [span(row) for row in reader.rows(SPANS, user=user, **window)]
    if not own:
        return
    history = History(own + list(_events(reader, own)))
    yield from _shown(reader, history, Order(history.moments, history.causes, clocks_of(reader, own)))


def _shown(reader: Reader, history: History, order: Order) -> Iterator[Row]:
    shown = [number for number in order.order if number < len(history.rows)]
    uncertain = order.uncertain(shown)
    rows = [history.rows[number] for number in shown]
    moves = hops(reader, rows)
    for place, (number, row) in enumerate(zip(shown, rows, strict=True)):
        corrected, bound = order.corrected[number], order.bounds[number]
        known = corrected is not None and bound is not None
        yield {name: row.get(name) for name in RECORD} | {
            "position": place + 1,
            "corrected_time": datetime.fromtimestamp(corrected / 1e6, UTC) if corrected is not None else None,
            "bound_ms": bound / 1000 if bound is not None else None,
            "concurrent_with": [other + 1 for other in uncertain[place]] if known else None,
            **moves.get(place, {}),
        }


def _events(reader: Reader, own: Sequence[Row]) -> Iterator[Row]:
    """What happened to the regions that served the user, from shortly before they did."""
    served: dict[str, tuple[datetime, datetime]] = {}
    for row in own:
        first, last = served.get(row["region"], (row["time"], row["time"]))
        served[row["region"]] = min(first, row["time"]), max(last, row["time"])
    since = min(first for first, _ in served.values()) - AROUND
    until = max(last for _, last in served.values()) + timedelta(seconds=1)  # events count in whole seconds
    for row in reader.rows(EVENTS, regions=list(served), since=since, until=until):
        about = [served[region] for region in _regions(row) if region in served]
        if any(first - AROUND <= row["time"] <= last + timedelta(seconds=1) for first, last in about):
            yield event(row)


def _regions(row: Row) -> Iterable[str]:
    return {row["region"], row["from_region"], row["to_region"]} - {None}


RECORD = (
    "time",
    "kind",
    "region",
    "service",
    "severity_number",
    "severity_text",
    "http_status",
    "status_code",
    "error_type",
    "is_error",
    "title",
    "body",
    "duration_ms",
    "trace_id",
    "request_id",
    "span_id",
    "parent_span_id",
    "session_id",
)

TIMELINE = Answer(
    "timeline",
    """What one user went through over all regions, in causal order: the log records of user_requests(), the
spans of user_spans(), and what happened to the regions that served the user, from five minutes before.
  user           the user in clear; found as well under the pseudonym of every zone
  since, until   first instant and the one after the last; default: all times
Clocks of regions differ. The order contradicts no cause (a call is before what it called, an answer before
what came of it) and no one clock; else by corrected time. One row = one log record, span or event.""",
    (Parameter("user", "VARCHAR"), SINCE, UNTIL),
    (
        Column("position", "INTEGER", "place in the order, from 1"),
        Column("time", "TIMESTAMPTZ", "as the source stamped it; of a span its start"),
        Column(
            "corrected_time",
            "TIMESTAMPTZ",
            "by the reference clock of offsets(), or the only clock; null is unknown",
        ),
        Column("bound_ms", "DOUBLE", "the corrected time is right within so much; null is unknown"),
        Column(
            "concurrent_with",
            "INTEGER[]",
            "places of what may have happened before or after; null is unknown",
        ),
        Column("hop", "VARCHAR", "where the user came from and went to, as A → B, at the first record in B"),
        Column(
            "hop_lag_ms", "DOUBLE", "how far B was then behind A, by the last measurement; null is unknown"
        ),
        Column("hop_layer", "VARCHAR", "layer that the lag is of: session, or of the others the worst"),
        Column("kind", "VARCHAR", "log, span or event"),
        Column("region", "VARCHAR", "region of the record"),
        Column("service", "VARCHAR", "service of the record; what an event is about"),
        Column("severity_number", "INTEGER", "OpenTelemetry severity of a log record"),
        Column("severity_text", "VARCHAR", "severity as the source wrote it"),
        Column("http_status", "INTEGER", "HTTP status answered"),
        Column("status_code", "VARCHAR", "OK, ERROR or UNSET of a span; the state of an event"),
        Column("error_type", "VARCHAR", "exception class or error code"),
        Column("is_error", "BOOLEAN", "whether it is an error: by severity, status or error type"),
        Column("title", "VARCHAR", "the message, the name of the span, the event in a sentence"),
        Column("body", "VARCHAR", "the whole log record; what a span says of its error"),
        Column("duration_ms", "DOUBLE", "how long it took; null of a span in progress"),
        Column("trace_id", "VARCHAR", "as in logs and spans"),
        Column("request_id", "VARCHAR", "as in logs and spans"),
        Column("span_id", "VARCHAR", "as in logs and spans"),
        Column("parent_span_id", "VARCHAR", "as in spans"),
        Column("session_id", "VARCHAR", "as in logs and spans"),
    ),
    timeline,
)
