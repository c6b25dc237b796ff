"""What X-Ray's APIs tell of traces: which have changed, and their documents."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collector.refusal import REFUSALS, member, reason

Trace = dict[str, Any]  # as BatchGetTraces and ListRetrievedTraces have it

_BATCH = 5  # traces that BatchGetTraces takes
_RETRIEVAL = 100  # traces that StartTraceRetrieval takes
_WAITS = (0.5, 1, 2, 4, 8, 8, 8)  # seconds between questions whether a retrieval is complete
_RUNNING = ("SCHEDULED", "RUNNING")


@dataclass(slots=True)
class Had:
    """The traces that were got, by id, and what kept others away, in sentences for operators."""

    traces: dict[str, Trace] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, page: Sequence[Trace], parts: str) -> None:
        """A page of traces; one may go on from page to page."""
        for trace in page:
            if trace.get("Id") and trace.get(parts):
                known = self.traces.setdefault(trace["Id"], {**trace, parts: []})
                known[parts] += trace[parts]

    def extend(self, other: Had) -> None:
        self.traces |= other.traces
        self.problems += other.problems


def listed(xray: Any, start: datetime, end: datetime) -> Iterator[dict[str, int | None]]:
    """The traces that changed in between, with their revisions, page by page. Raises REFUSALS.

    Asked by "Event", the time of a trace's last update: with it a segment that comes late, or that completes
    one in progress, brings its trace up again. By "TraceId", when it began, it would never be seen.
    """
    paginator = xray.get_paginator("get_trace_summaries")
    for page in paginator.paginate(StartTime=start, EndTime=end, TimeRangeType="Event", Sampling=False):
        summaries = member(page, "TraceSummaries")
        yield {each["Id"]: each.get("Revision") for each in summaries if each.get("Id")}


def got(xray: Any, ids: Sequence[str]) -> Had:
    """What BatchGetTraces has of these; what it leaves unprocessed is asked for once more."""
    first = _batches(xray, ids)
    rest = [id for id in ids if id not in first.traces]
    if rest and not first.problems:
        first.extend(_batches(xray, rest))
    return first


def _batches(xray: Any, ids: Sequence[str]) -> Had:
    had = Had()
    paginator = xray.get_paginator("batch_get_traces")
    for some in _chunks(ids, _BATCH):
        pages = Had()
        try:
            for page in paginator.paginate(TraceIds=some):
                pages.add(member(page, "Traces"), "Segments")
        except REFUSALS as error:  # the others may still be had; half a trace is none
            had.problems.append(f"{len(some)} traces could not be read: {reason(error)}")
        else:
            had.extend(pages)
    return had


def searched(xray: Any) -> bool:
    """Whether Transaction Search is on: then segments go to the log group aws/spans. Raises REFUSALS."""
    return bool(member(xray.get_trace_segment_destination(), "Destination") == "CloudWatchLogs")


def retrieved(xray: Any, ids: Sequence[str], start: datetime, end: datetime) -> Had:
    """What the log group aws/spans has of these in that time."""
    had = Had()
    for some in _chunks(ids, _RETRIEVAL):
        pages = Had()
        try:
            begun = xray.start_trace_retrieval(TraceIds=some, StartTime=start, EndTime=end)
            for page in _retrieval(xray, member(begun, "RetrievalToken")):
                if page["RetrievalStatus"] == "COMPLETE":
                    pages.add(member(page, "Traces"), "Spans")
                else:
                    had.problems.append(f"the retrieval of {len(some)} traces is {page['RetrievalStatus']}")
        except REFUSALS as error:
            had.problems.append(f"{len(some)} traces could not be retrieved: {reason(error)}")
        else:
            had.extend(pages)
    return had


def _retrieval(xray: Any, token: str) -> Iterator[dict[str, Any]]:
    """The pages of a retrieval once it is complete; else one that says how far it is."""
    for wait in (*_WAITS, 0):
        page = xray.list_retrieved_traces(RetrievalToken=token, TraceFormat="OTEL")
        if member(page, "RetrievalStatus") not in _RUNNING:
            break
        time.sleep(wait)
    yield page
    while next_token := page.get("NextToken"):
        page = xray.list_retrieved_traces(RetrievalToken=token, TraceFormat="OTEL", NextToken=next_token)
        yield page


def _chunks(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    return (list(ids[start : start + size]) for start in range(0, len(ids), size))
