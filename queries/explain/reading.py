"""From the store to situations: a few reads for all errors that are to be explained at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from queries.answers import Reader, Row
from queries.explain.counts import Counts
from queries.explain.grouping import by_request, errors_of, failed_requests, traces_of
from queries.explain.records import Event, Operation, Point, Record, Span
from queries.explain.situation import BASELINE, MINUTE, Ahead, Situation, Surroundings
from queries.offsets import clocks
from queries.settings import Settings

Window = tuple[datetime | None, datetime | None]

KEYS = timedelta(minutes=15)  # before an error: for how long back the operations on its keys are read
LATER = timedelta(minutes=5)  # after an error: what shows how it went on
EVENTS = timedelta(hours=24)  # before an error: for how long back events may still matter
HOPS = 6  # requests that an id may lead to: those of the front door, of functions, of what they called


def of_window(
    reader: Reader, settings: Settings, since: datetime | None, until: datetime | None
) -> list[Situation]:
    """All errors of a span of time; without a start, of the last hour."""
    begin = since or (until or datetime.now(UTC)) - timedelta(hours=1)
    records = _records(reader, "failures(since := $since, until := $until)", begin, until)
    return _situations(reader, settings, records, user=None)


def of_user(
    reader: Reader, settings: Settings, user: str, since: datetime | None, until: datetime | None
) -> list[Situation]:
    """All errors of one user, given in clear."""
    source = "user_failures($user, since := $since, until := $until)"
    return _situations(reader, settings, _records(reader, source, since, until, user=user), user=user)


def of_request(
    reader: Reader, settings: Settings, id: str, since: datetime | None, until: datetime | None
) -> list[Situation]:
    """The errors of one request or trace, in any form: by all ids under which logs and spans know it."""
    found: dict[str, Record] = {}
    waiting, asked = [id], set[str]()
    while waiting and len(asked) < HOPS:
        one = waiting.pop(0)
        asked.add(one)
        of_one = "($id, since := $since, until := $until)"
        rows = reader.rows(f"from request_failures{of_one}", id=one, since=since, until=until)
        found |= {row["event_id"]: _record(row) for row in rows if row["failed"]}
        ids = {row["request_id"] for row in rows}
        if not any(row["trace_id"] for row in rows):  # then only spans may know to which trace it belongs
            rows = rows + reader.rows(
                f"select time, request_id, trace_id from trace_spans{of_one}",
                id=one,
                since=since,
                until=until,
            )
            ids |= {row["request_id"] for row in rows} | {row["trace_id"] for row in rows}
        if rows:  # all else of the request is of the same time
            since, until = min(row["time"] for row in rows) - LATER, max(row["time"] for row in rows) + LATER
        waiting += sorted(other for other in ids if other and other not in {*asked, *waiting})
    return _situations(reader, settings, list(found.values()), user=None)


def _records(
    reader: Reader, source: str, since: datetime | None, until: datetime | None, **params: str
) -> list[Record]:
    return [_record(row) for row in reader.rows(f"from {source}", since=since, until=until, **params)]


def _situations(
    reader: Reader, settings: Settings, records: Sequence[Record], user: str | None
) -> list[Situation]:
    """Read what surrounds these records: by user where there is one, as the store is sorted by that."""
    if not records:
        return []
    first, last = min(one.time for one in records), max(one.time for one in records) + LATER
    links = _links(reader, records, first - LATER, last)
    traces = traces_of(records, links)
    ids = sorted({one.trace_id for one in records if one.trace_id} | set(traces.values()))
    spans = [
        _span(row)
        for row in reader.rows(
            "from spans_of_traces($ids, since := $since, until := $until)",
            ids=ids,
            since=first - LATER,
            until=last,
        )
    ]
    traces |= traces_of(spans, ())
    operations = _operations(reader, records, traces, ids, user, first - KEYS, last)
    errors = errors_of(
        failed_requests(records, traces), by_request(spans, traces), by_request(operations, traces)
    )
    around = Surroundings(
        _events(reader, first - EVENTS, last),
        _points(reader, settings, {_minute(one.time) for one in records}, first - LATER, last),
        _counts(reader, first - 2 * BASELINE, last),
        _by_key(operations),
        _clocks(reader, first - KEYS, last),
    )
    return [Situation(error, around) for error in errors]


def _links(
    reader: Reader, records: Sequence[Record], since: datetime, until: datetime
) -> list[tuple[str, str]]:
    """The traces of requests that no record names together with one."""
    known = traces_of(records, ())
    loose = sorted({one.request_id for one in records if one.request_id and not one.trace_id} - known.keys())
    if not loose:
        return []
    rows = reader.rows(
        "from request_traces($loose, since := $since, until := $until)", loose=loose, since=since, until=until
    )
    return [(row["request_id"], row["trace_id"]) for row in rows]


def _operations(
    reader: Reader,
    records: Sequence[Record],
    traces: dict[str, str],
    ids: Sequence[str],
    user: str | None,
    since: datetime,
    until: datetime,
) -> list[Operation]:
    if user is not None:
        rows = reader.rows(
            "from user_operations($user, since := $since, until := $until)",
            user=user,
            since=since,
            until=until,
        )
    else:
        requests = sorted({one.request_id for one in records if one.request_id} | traces.keys())
        rows = reader.rows(
            "from key_operations($traces, $requests, since := $since, until := $until)",
            traces=ids,
            requests=requests,
            since=since,
            until=until,
        )
    return [_operation(row) for row in rows if row["key_hash"] and row["store"]]


def _by_key(operations: Iterable[Operation]) -> dict[str, dict[str, list[Operation]]]:
    found: dict[str, dict[str, list[Operation]]] = defaultdict(lambda: defaultdict(list))
    for one in operations:
        found[one.key_hash][one.store].append(one)
    return found


def _events(reader: Reader, since: datetime, until: datetime) -> list[Event]:
    rows = reader.rows("from changes(since := $since, until := $until)", since=since, until=until)
    return [Event(**row) for row in rows]


def _points(
    reader: Reader, settings: Settings, minutes: set[datetime], since: datetime, until: datetime
) -> list[Point]:
    """What metrics say of trouble in the minutes of the errors and those beside them."""
    near = sorted({minute + step * MINUTE for minute in minutes for step in (-1, 0, 1)})
    rows = reader.rows(
        "from strain($near, since := $since, until := $until)", near=near, since=since, until=until
    )
    checked = dict(settings.health.checks)
    if any(row["name"].endswith("HealthCheckStatus") for row in rows):
        told = reader.rows("from health_checks(since := $since, until := $until)", since=since, until=until)
        checked = {row["id"]: row["region"] for row in told if row["region"]} | checked
    return [
        Point(**row | {"target_region": row["target_region"] or checked.get(row["resource"])}) for row in rows
    ]


def _counts(reader: Reader, since: datetime, until: datetime) -> Counts:
    errors = reader.rows("from failure_counts(since := $since, until := $until)", since=since, until=until)
    asked = reader.rows("from traffic(60, since := $since, until := $until)", since=since, until=until)
    return Counts(
        [tuple(row.values()) for row in errors],
        [
            (row["region"], datetime.fromtimestamp(row["bin"] * 60, UTC), row["requests"], row["failed"])
            for row in asked
        ],
    )


def _clocks(reader: Reader, since: datetime, until: datetime) -> Callable[[str, str, datetime], Ahead]:
    """The clocks of that time, read when they are first asked for: it takes every call between regions."""

    @cache
    def known() -> Any:
        return clocks(reader, since, until)

    def ahead(one: str, other: str, time: datetime) -> Ahead:
        interval = known().interval(one, other, time.timestamp() * 1e6)
        return interval and (timedelta(microseconds=interval[0]), timedelta(microseconds=interval[1]))

    return ahead


def _record(row: Row) -> Record:
    known = {name: value for name, value in row.items() if name not in ("failed", "said")}
    stack = row["stack"] or ""
    message = row["message"] or _raised(row["error_type"], stack) or row["said"] or ""
    return Record(**known | {"message": message, "stack": stack})


def _raised(error_type: str | None, stack: str) -> str | None:
    """What an exception said, by the line of a stack trace that names it."""
    start = f"{error_type}: "
    found = stack.rfind(start) if error_type else -1
    return stack[found + len(start) :].partition("\n")[0].strip() if found >= 0 else None


def _operation(row: Row) -> Operation:
    known = {name: row[name] for name in Operation.__slots__}
    return Operation(**known | {"started": row["started"] or row["time"]})


def _span(row: Row) -> Span:
    attributes = row["attributes"] or {}
    return Span(
        time=row["time"],
        region=row["region"],
        service=row["service"],
        name=row["name"] or "",
        kind=row["kind"],
        failed=row["status_code"] == "ERROR",
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        parent=row["parent_span_id"],
        request_id=row["request_id"],
        http_status=row["http_status"],
        duration=None if row["duration_ms"] is None else timedelta(milliseconds=row["duration_ms"]),
        error_type=row["error_type"],
        peer=row["peer_service"],
        throttled=attributes.get("aws.xray.throttle") == "true",
    )


def _minute(time: datetime) -> datetime:
    return time.replace(second=0, microsecond=0)
