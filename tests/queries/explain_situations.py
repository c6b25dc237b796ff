"""Hand-made errors and what surrounds them, for the tests of the rules of explain()."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from queries.explain.counts import Counts
from queries.explain.records import Error, Event, Operation, Point, Record, Span
from queries.explain.situation import MINUTE, Situation, Surroundings

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EU, US, AP = "eu-west-1", "us-east-1", "ap-southeast-1"
TRACE = "6b01a898" + "5e448a11877832191e95707a"

PYTHON = """Traceback (most recent call last):
  File "/var/task/orders/app.py", line 31, in handler
    return routes.resolve(event, context)
  File "/var/task/orders/pricing.py", line 57, in total
    rate = coupon["discount"]
NoDiscount: 'discount'"""

_number = itertools.count(1)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def record(seconds: float = 0, region: str = EU, **known: Any) -> Record:
    """An error record of the application in which an exception of its own code was raised."""
    columns: dict[str, Any] = {
        "service": "orders",
        "trace_id": TRACE,
        "request_id": "request-1",
        "user_id": None,
        "http_status": None,
        "error_type": "NoDiscount",
        "pattern": "f1",
        "path": None,
        "log_stream": "stream",
        "event_id": f"event-{next(_number)}",
        "message": "'discount'",
        "stack": PYTHON,
    }
    return Record(time=at(seconds), region=region, **columns | known)


def answer(status: int, seconds: float = 0, region: str = EU, **known: Any) -> Record:
    """The line of the API's access log."""
    columns: dict[str, Any] = {
        "service": "shop",
        "http_status": status,
        "error_type": None,
        "pattern": str(status),
        "message": "-",
        "stack": "",
    }
    return record(seconds, region, **columns | known)


def write(version: str, seconds: float, **known: Any) -> Operation:
    """An acknowledged write of the key `k`; its region is the one that the version names."""
    return operation("write", version, seconds, version.partition("@")[2], **known)


def read(version: str | None, seconds: float = -0.01, region: str = EU, **known: Any) -> Operation:
    """A read of the key `k` in a region."""
    return operation("read", version, seconds, region, **known)


def operation(op: str, version: str | None, seconds: float, region: str, **known: Any) -> Operation:
    columns: dict[str, Any] = {
        "op_id": f"op-{next(_number)}",
        "started": at(seconds - 0.005),
        "region": region,
        "served_by": region,
        "layer": "session",
        "store": "sessions",
        "key_hash": "k",
        "based_on": None,
        "state": None,
        "result": "ok",
        "session_id": "s-1",
        "trace_id": None,
        "request_id": None,
    }
    return Operation(time=at(seconds), op=op, version=version, **columns | known)


def span(name: str, parent: str | None = None, failed: bool = True, **known: Any) -> Span:
    """A span whose id is its name."""
    columns: dict[str, Any] = {
        "time": NOON,
        "region": EU,
        "service": "shop-orders",
        "kind": "SERVER",
        "request_id": None,
        "http_status": None,
        "duration": timedelta(seconds=1),
        "error_type": None,
        "peer": None,
        "throttled": False,
    }
    return Span(name=name, span_id=name, parent=parent, failed=failed, trace_id=TRACE, **columns | known)


def event(kind: str, seconds: float, state: str, region: str = EU, **known: Any) -> Event:
    columns: dict[str, Any] = {
        "subject": "shop-orders",
        "from_region": None,
        "to_region": None,
        "title": f"{kind} is {state}.",
        "event_id": f"event-{next(_number)}",
    }
    return Event(time=at(seconds), region=region, kind=kind, state=state, **columns | known)


def point(name: str, value: float, region: str = EU, **known: Any) -> Point:
    columns: dict[str, Any] = {
        "resource": None,
        "source_region": None,
        "target_region": None,
        "series": f"series-{next(_number)}",
    }
    return Point(time=NOON, region=region, name=name, value=value, **columns | known)


def steady(failed: dict[str, int] | None = None) -> list[tuple[str, datetime, int, int]]:
    """100 requests a minute in three regions for two hours; `failed` so many of them around noon."""
    return [
        (region, NOON + step * MINUTE, 100, (failed or {}).get(region, 0) if step >= -2 else 0)
        for region in (EU, US, AP)
        for step in range(-130, 8)
    ]


def burst(kind: Record, count: int, region: str = EU, since: int = -2) -> list[Any]:
    """So many errors of a record's kind in each minute, from some minutes before noon to two after it."""
    known = (kind.pattern, kind.type, kind.service, region)
    return [(*known, NOON + step * MINUTE, count) for step in range(since, 3)]


def situation(
    *records: Record,
    own: Iterable[Operation] = (),
    others: Iterable[Operation] = (),
    spans: Iterable[Span] = (),
    events: Iterable[Event] = (),
    points: Iterable[Point] = (),
    errors: Iterable[Any] = (),
    requests: Iterable[Any] | None = None,
    clocks: Any = lambda one, other, time: None,
) -> Situation:
    """`own` operations are the failed request's, `others` those of other requests on the same keys."""
    keys: Any = defaultdict(lambda: defaultdict(list))
    for one in (*own, *others):
        keys[one.key_hash][one.store].append(one)
    error = Error(records or (record(),), tuple(spans), tuple(own))
    counts = Counts(errors, steady() if requests is None else requests)
    ordered = sorted(events, key=lambda event: event.time)
    return Situation(error, Surroundings(ordered, tuple(points), counts, keys, clocks))
