"""One trace over all regions as a waterfall: spans with their logs, what took the time, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from queries.answers import SINCE, UNTIL, Answer, Column, Parameter, Reader, Row
from queries.settings import Settings
from queries.user.records import clock_of, clocks_of, log, span
from queries.user.tree import ROUNDING, Node, trees, walk

SPANS = "select *, epoch_us(time) as us from trace_spans($id, since := $since, until := $until)"
LOGS = "select *, epoch_us(time) as us from request($id, since := $since, until := $until)"


def trace(
    reader: Reader, settings: Settings, id: str, since: datetime | None, until: datetime | None
) -> Iterator[Row]:
    """The rows of the answer, trace by trace. Nothing if there is no record of the id."""
    window = {"since": since, "until": until}
    spans = [span(row) for row in reader.rows(SPANS, id=id, **window)]
    ids = list(dict.fromkeys(row["trace_id"] for row in spans)) or [id]
    position = 0
    for each in ids:
        logs = [log(row) for row in reader.rows(LOGS, id=each, **window)]
        for row in _waterfall(reader, [row for row in spans if row["trace_id"] == each], logs):
            position += 1
            yield {name: row.get(name) for name in SHOWN} | {"position": position}


class _Stamps:
    """The times of one trace by the clock of its first record, in µs."""

    def __init__(self, reader: Reader, records: Sequence[Row]) -> None:
        self.clock = clock_of(min(records, key=lambda row: int(row["us"]))) or ""
        self._clocks = clocks_of(reader, records)

    def offset(self, row: Row) -> float:
        """How far the clock of a record is ahead; nothing where it is not known."""
        interval = self._interval(row)
        return sum(interval) / 2 if interval else 0.0

    def bound_ms(self, row: Row) -> float | None:
        interval = self._interval(row)
        return (interval[1] - interval[0]) / 2000 if interval else None

    def _interval(self, row: Row) -> tuple[float, float] | None:
        return self._clocks.interval(self.clock, clock_of(row) or "", row["us"])


def _waterfall(reader: Reader, spans: Sequence[Row], logs: Sequence[Row]) -> Iterator[Row]:
    if not spans and not logs:
        return
    stamps = _Stamps(reader, [*spans, *logs])
    roots = trees(spans, stamps.offset)
    logs_of, loose = _placed(logs, [node for root in roots for node in walk(root) if not node.missing])
    zero = min([root.start for root in roots] or [row["us"] - stamps.offset(row) for row in loose])
    for root in roots:
        yield from _branch(root, logs_of, stamps, zero)
    for row in loose:
        yield _log_row(row, 0, stamps, zero)


def _branch(root: Node, logs_of: dict[Node, list[Row]], stamps: _Stamps, zero: float) -> Iterator[Row]:
    """A tree and the logs of its spans, each under its span, in time order."""
    left: list[tuple[Node | Row, int]] = [(root, 0)]
    while left:
        item, depth = left.pop()
        if not isinstance(item, Node):
            yield _log_row(item, depth, stamps, zero)
            continue
        yield _span_row(item, depth, stamps, zero)
        below: list[tuple[float, Node | Row]] = [(child.start, child) for child in item.children]
        below += [(row["us"] - stamps.offset(row), row) for row in logs_of.get(item, [])]
        left += [(one, depth + 1) for _, one in sorted(below, key=lambda pair: pair[0], reverse=True)]


def _span_row(node: Node, depth: int, stamps: _Stamps, zero: float) -> Row:
    shown = node.row | {"depth": depth, "start_ms": (node.start - zero) / 1000, "critical": node.critical}
    if node.missing:
        children = len(node.children)
        ran = f"from {(node.start - zero) / 1000:.1f} to {(node.end - zero) / 1000:.1f} ms"
        title = f"missing span; {children} of its children ran {ran}"
        return shown | {"kind": "missing", "title": title, "is_error": False}
    above = node.parent.row["region"] if node.parent else None
    hop = f"{above} → {node.row['region']}" if above and above != node.row["region"] else None
    known = {"self_ms": node.own / 1000} if node.lasted else {}
    return shown | known | {"bound_ms": stamps.bound_ms(node.row), "hop": hop}


def _log_row(row: Row, depth: int, stamps: _Stamps, zero: float) -> Row:
    start = (row["us"] - stamps.offset(row) - zero) / 1000
    return row | {"depth": depth, "start_ms": start, "bound_ms": stamps.bound_ms(row), "critical": False}


def _placed(logs: Iterable[Row], nodes: Sequence[Node]) -> tuple[dict[Node, list[Row]], list[Row]]:
    """The logs by the span they were written in, and those that belong to none."""
    by_id: dict[str, Node] = {}
    by_clock: dict[str | None, list[Node]] = {}
    for node in nodes:
        by_id.setdefault(node.row["span_id"], node)
        by_clock.setdefault(clock_of(node.row), []).append(node)
    placed: dict[Node, list[Row]] = {}
    loose: list[Row] = []
    for row in logs:
        written_in = by_id.get(row["span_id"]) or _around(row, by_clock.get(clock_of(row), ()))
        if written_in:
            placed.setdefault(written_in, []).append(row)
        else:
            loose.append(row)
    return placed, loose


def _around(row: Row, nodes: Iterable[Node]) -> Node | None:
    """The span in which something was logged that does not say in which: the innermost at work at that time.

    Rather one with the same request id; never a call, which another program answered.
    """
    at_work = [
        node
        for node in nodes
        if node.row["span_kind"] != "CLIENT"
        and node.row["us"] - ROUNDING <= row["us"] <= node.row["us"] + (node.end - node.start) + ROUNDING
    ]
    same = [node for node in at_work if row["request_id"] and node.row["request_id"] == row["request_id"]]
    return min(reversed(same or at_work), key=lambda node: node.end - node.start, default=None)


COLUMNS = (
    Column("trace_id", "VARCHAR", "the trace; a request may have several"),
    Column(
        "position", "INTEGER", "place of the row, from 1: each span, then what is under it, in time order"
    ),
    Column(
        "depth",
        "INTEGER",
        "0 for a span that nothing is known to have caused, 1 for what is under it, and so on",
    ),
    Column(
        "kind",
        "VARCHAR",
        "span, log, or missing: a span that others name as their parent and that is not there",
    ),
    Column(
        "start_ms", "DOUBLE", "when it started after the trace did, by the clock of the trace's first record"
    ),
    Column("bound_ms", "DOUBLE", "the start is right within so much; null is unknown"),
    Column("duration_ms", "DOUBLE", "how long it took; null is unknown: in progress, or missing"),
    Column("self_ms", "DOUBLE", "the part of it in which nothing under it ran"),
    Column("critical", "BOOLEAN", "whether the trace would have been shorter without it: the critical path"),
    Column("hop", "VARCHAR", "where the call came from and went to, as A → B, if it went to another region"),
    Column("region", "VARCHAR", "region of the record"),
    Column("service", "VARCHAR", "service of the record"),
    Column(
        "title", "VARCHAR", "name of the span, message of the log record, what is known of a missing span"
    ),
    Column("span_kind", "VARCHAR", "SERVER, CLIENT, INTERNAL, PRODUCER or CONSUMER"),
    Column("peer_service", "VARCHAR", "what the span called"),
    Column("is_error", "BOOLEAN", "whether it is an error: by severity, status or error type"),
    Column("status_code", "VARCHAR", "OK, ERROR or UNSET"),
    Column("http_status", "INTEGER", "HTTP status answered"),
    Column("error_type", "VARCHAR", "exception class or error code"),
    Column("severity_number", "INTEGER", "OpenTelemetry severity of a log record"),
    Column("severity_text", "VARCHAR", "severity as the source wrote it"),
    Column("time", "TIMESTAMPTZ", "as the source stamped it; of a span its start"),
    Column("request_id", "VARCHAR", "as in logs and spans"),
    Column("span_id", "VARCHAR", "as in logs and spans"),
    Column("parent_span_id", "VARCHAR", "as in spans"),
    Column("body", "VARCHAR", "the whole log record; what a span says of its error"),
)
SHOWN = tuple(column.name for column in COLUMNS)

TRACE = Answer(
    "trace",
    """The spans of a trace over all regions as a waterfall, with their logs, the critical path and what is
missing. Times are corrected for the clocks of the regions. One row = one span, log record or missing span.
  id             a trace id in any form (see as_trace_id), or a request id
  since, until   first instant and the one after the last; default: all times""",
    (Parameter("id", "VARCHAR"), SINCE, UNTIL),
    COLUMNS,
    trace,
)
