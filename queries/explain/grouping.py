"""Error records to failed requests: each request once, however many records tell of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from queries.explain.frames import own_frame
from queries.explain.records import Error, Operation, Record, Span

AGAIN = timedelta(seconds=1)  # a runtime's line on what left the handler comes right after the handler's own
EDGE = timedelta(seconds=2)  # the edge's line on a request comes so soon before or after the origin's own

Told = TypeVar("Told", Record, Span, Operation)


def traces_of(told: Iterable[Record | Span], links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The trace of each request id, where a record, a span or a link names both."""
    named = ((one.request_id, one.trace_id) for one in told)
    return {request: trace for request, trace in (*named, *links) if request and trace}


def failed_requests(records: Iterable[Record], traces: Mapping[str, str]) -> dict[str, list[Record]]:
    """The error records of each failed request, by what is the same for all of it (see by_request).

    A record that names no request joins the one that it repeats, and the edge's line on a request, which has
    an id of its own, joins the origin's line on it; without these each stands for itself.
    """
    told = by_request(records, traces)
    loose = told.pop("", [])
    for key in [key for key, found in told.items() if len(found) == 1 and _is_loose(found[0], traces)]:
        loose += told.pop(key)
    index: dict[object, list[tuple[datetime, str]]] = defaultdict(list)
    for key, found in told.items():
        for one in found:
            index[one.log_stream, one.error_type].append((one.time, key))
            index[one.path, one.http_status].append((one.time, key))
    for record in loose:
        told.setdefault(_joined(record, index), []).append(record)
    return told


def _is_loose(record: Record, traces: Mapping[str, str]) -> bool:
    """Whether nothing but the one line of an access log names a request."""
    known = record.trace_id or record.request_id in traces
    return record.path is not None and record.http_status is not None and not known


def _joined(record: Record, index: Mapping[object, list[tuple[datetime, str]]]) -> str:
    """The request that a loose record tells of as well, or else the record's own id."""
    if record.request_id is None:
        near, span = index.get((record.log_stream, record.error_type), []), AGAIN
    else:
        near, span = index.get((record.path, record.http_status), []), EDGE
    own = record.request_id or record.event_id
    return next((key for time, key in near if abs(time - record.time) <= span), own)


def errors_of(
    told: Mapping[str, list[Record]],
    spans: Mapping[str, list[Span]],
    operations: Mapping[str, list[Operation]],
) -> list[Error]:
    """Each failed request with its spans and store operations, in the order of time."""
    errors = [
        Error(sorted(records, key=_telling), spans.get(key, ()), operations.get(key, ()))
        for key, records in told.items()
    ]
    return sorted(errors, key=lambda error: error.main.time)


def by_request(told: Iterable[Told], traces: Mapping[str, str]) -> dict[str, list[Told]]:
    """What belongs to each request, by its trace, or by the id it has without one; `` if it has neither."""
    found: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        found[one.trace_id or traces.get(one.request_id or "") or one.request_id or ""].append(one)
    return found


def _telling(record: Record) -> tuple[bool, bool, bool, bool, datetime]:
    """What the application says of its error comes before what its front door says of the answer."""
    unnamed, answered = record.error_type is None, record.http_status is not None
    return unnamed, answered, own_frame(record.stack) is None, record.trace_id is None, record.time
