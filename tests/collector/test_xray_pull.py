"""Traces are pulled from X-Ray: every span is in the store exactly once, whatever fails on the way."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from cloudwatch import answer
from collector_payloads import Json, collector, quarantined
from emulators import REGIONS, clients
from xray_payloads import committed, hex_id, id_of, part, rows_of, segment, span, xray_id

from collector.xray import mark, traces
from collector.xray.mark import Known, Mark
from collector.xray.pull import Traces, pull
from store import marks
from store.objects import Store

OVERLAP = timedelta(minutes=10)
HOME = REGIONS[0]

# moto keeps what it got, so each test has days of its own: days before the real ones of X-Ray's retention.
days = itertools.count(1)


@cache
def xray(endpoint: str, region: str) -> Any:
    return clients(endpoint, region)("xray")


@dataclass
class Tracing:
    """X-Ray of an emulator, at a time of the test's own, and a store."""

    endpoint: str
    store: Store
    start: float = field(default_factory=lambda: 1_772_366_400.0 + next(days) * 2 * 86_400)

    def client(self, region: str = HOME) -> Any:
        return xray(self.endpoint, region)

    def at(self, minutes: float) -> datetime:
        """So long after the test's beginning."""
        return datetime.fromtimestamp(self.start, UTC) + timedelta(minutes=minutes)

    def segment(self, number: int, minutes: float = 0, **fields: Any) -> Json:
        """The segment of the trace of that number, begun then, a second long."""
        begin = self.start + minutes * 60
        timed = {"start_time": begin, "end_time": begin + 1, "trace_id": self.trace(number)}
        return segment(number) | timed | fields

    def part(self, number: int, **fields: Any) -> Json:
        return part(number, start_time=self.start, end_time=self.start + 1) | fields

    def trace(self, number: int) -> str:
        return xray_id(number, self.start)

    def put(self, *documents: Json, region: str = HOME) -> None:
        texts = list(map(json.dumps, documents))
        refused = self.client(region).put_trace_segments(TraceSegmentDocuments=texts)
        assert refused["UnprocessedTraceSegments"] == []

    def pull(self, minutes: float, region: str = HOME) -> Traces:
        """A run at that time."""
        there = collector(self.store, region, now=lambda: self.at(minutes))
        return pull(there, lambda service: self.client(region), OVERLAP)

    @contextmanager
    def handled(self, operation: str, act: Callable[[Any], Any]) -> Iterator[list[Json]]:
        """Meanwhile `act` gets the calls of an operation: it answers, raises, or lets it pass with None.

        The bodies of the calls go into the list.
        """
        bodies: list[Json] = []

        def handler(request: Any, **_: Any) -> Any:
            bodies.append(json.loads(request.body or "{}"))
            return act(request)

        name = f"before-send.xray.{operation}"
        self.client().meta.events.register(name, handler)
        try:
            yield bodies
        finally:
            self.client().meta.events.unregister(name, handler)

    def spans(self) -> list[str]:
        """The ids of the committed spans."""
        return [row["span_id"] for row in self.rows()]

    def rows(self) -> list[Json]:
        return committed(self.store)


@pytest.fixture
def tracing(moto: str, local_store: Store) -> Tracing:
    """All that was before five minutes before the test's beginning has been read."""
    begun = Tracing(moto, local_store)
    for region in REGIONS:
        Mark(f"xray/{region}", begun.at(-5)).write(local_store)
    return begun


def test_the_first_run_reads_six_hours_back(tracing: Tracing) -> None:
    region = "eu-central-1"
    tracing.put(tracing.segment(1), tracing.segment(2, 60), region=region)
    assert tracing.pull(6 * 60 + 30, region).until == tracing.at(6 * 60 + 30)
    assert tracing.spans() == ids(2)


def ids(*numbers: int) -> list[str]:
    return list(map(id_of, numbers))


def refused(status: int, code: str) -> Callable[[Any], Any]:
    """Refuses every call so."""
    return lambda request: answer(status, json.dumps({"__type": code, "message": code}).encode())


def answer_with(value: Json) -> Callable[[Any], Any]:
    """Answers every call so."""
    return lambda request: answer(200, json.dumps(value).encode())


NOTHING = answer_with({"TraceSummaries": []})


def slow(request: Any) -> Any:
    raise ReadTimeoutError(endpoint_url=request.url)


FAILURES = {
    "throttling": refused(429, "ThrottledException"),
    "5xx": refused(503, "InternalFailure"),
    "a timeout": slow,
    "half a page": lambda request: answer(200, b'{"Traces": [{"Id": "1-'),
}


def test_every_span_of_three_regions_is_stored_exactly_once(tracing: Tracing) -> None:
    for number, region in enumerate(REGIONS):
        apart = tracing.part(50, trace_id=tracing.trace(2), parent_id=id_of(2), type="subsegment")
        tracing.put(
            *(
                tracing.segment(trace, trace, subsegments=[tracing.part(trace + 20)])
                for trace in range(1, 13)
            ),
            *(apart, tracing.segment(100 + number)),
            region=region,
        )
    for minutes in (20, 25):
        for region in REGIONS:
            assert tracing.pull(minutes, region).problems == []
    expected = sorted([*range(1, 13), *range(21, 33), 50])
    for number, region in enumerate(REGIONS):
        here = [row for row in tracing.rows() if row["region"] == region]
        assert sorted(row["span_id"] for row in here) == ids(*expected, 100 + number)
    assert {row["service"] for row in tracing.rows()} == {"checkout"}


def test_what_did_not_change_is_not_stored_again_and_late_segments_are(tracing: Tracing) -> None:
    tracing.put(tracing.segment(1), tracing.segment(2))
    assert tracing.pull(2).accounting.stored == 2
    assert tracing.pull(3).accounting.received == 0
    late = tracing.part(3, trace_id=tracing.trace(1), parent_id=id_of(1), type="subsegment")
    tracing.put(late)
    assert tracing.pull(4).accounting.received == 2  # the trace that changed, whole
    assert tracing.spans() == ids(1, 3, 2)


def test_a_revision_that_was_read_is_not_read_again(tracing: Tracing) -> None:
    tracing.put(tracing.segment(1))
    for revision, calls in ((7, 1), (7, 0), (8, 1)):
        summary = {"Id": tracing.trace(1), "Revision": revision}
        page = json.dumps({"TraceSummaries": [summary]}).encode()
        with (
            tracing.handled("GetTraceSummaries", lambda request, page=page: answer(200, page)),
            tracing.handled("BatchGetTraces", lambda request: None) as asked,
        ):
            tracing.pull(2)
        assert len(asked) == calls


def test_a_trace_in_progress_is_read_until_it_is_complete(tracing: Tracing) -> None:
    running = tracing.segment(1, in_progress=True)
    del running["end_time"]
    apart = {"trace_id": tracing.trace(1), "parent_id": id_of(1), "type": "subsegment"}
    tracing.put(running, tracing.part(2, start_time=tracing.start + 0.5, **apart))
    tracing.pull(2)
    assert [row["duration_ms"] for row in tracing.rows()] == [None, 500.0]
    with tracing.handled("BatchGetTraces", FAILURES["5xx"]):
        assert len(tracing.pull(59).problems) == 1
    with tracing.handled("BatchGetTraces", lambda request: None) as asked:
        assert tracing.pull(60).accounting.received == 0  # it is listed no longer, and has not changed
        assert len(asked) == 1
        tracing.put(tracing.segment(1))
        tracing.pull(61)
        tracing.pull(62)
        assert len(asked) == 2
    assert [row["duration_ms"] for row in tracing.rows()] == [1000.0, 500.0]


@pytest.mark.parametrize("failure", FAILURES)
def test_if_traces_cannot_be_listed_the_next_run_lists_them(tracing: Tracing, failure: str) -> None:
    tracing.put(tracing.segment(1))
    with tracing.handled("GetTraceSummaries", FAILURES[failure]):
        pulled = tracing.pull(2)
    assert len(pulled.problems) == 1
    assert pulled.until == tracing.at(-5)
    assert (tracing.pull(3).problems, tracing.pull(4).until) == ([], tracing.at(4))
    assert tracing.spans() == ids(1)


@pytest.mark.parametrize("failure", FAILURES)
def test_traces_that_cannot_be_read_are_read_by_the_next_run_and_the_others_now(
    tracing: Tracing, failure: str
) -> None:
    tracing.put(*(tracing.segment(number) for number in range(1, 16)))

    def act(request: Any) -> Any:
        return FAILURES[failure](request) if tracing.trace(7) in request.body.decode() else None

    with tracing.handled("BatchGetTraces", act):
        pulled = tracing.pull(2)
        assert len(pulled.problems) == 1
        assert pulled.problems[0].startswith("5 traces could not be read: ")
    assert tracing.spans() == ids(*range(1, 6), *range(11, 16))
    assert tracing.pull(120).problems == []  # long after they were listed
    assert tracing.spans() == ids(*range(1, 16))


def test_pages_are_joined_and_half_of_them_are_none(tracing: Tracing) -> None:
    trace = {"Id": tracing.trace(1)}
    first, second = (
        [{"Id": each["id"], "Document": json.dumps(each)}]
        for each in (
            tracing.segment(1),
            tracing.part(2, trace_id=tracing.trace(1), parent_id=id_of(1), type="subsegment"),
        )
    )
    pages = [
        {"Traces": [{**trace, "Segments": first}], "NextToken": "2"},
        {"Traces": [{**trace, "Segments": second}]},
    ]
    bodies = [json.dumps(page).encode() for page in pages]
    listing = [{"TraceSummaries": [], "NextToken": "2"}, {"TraceSummaries": [trace]}]
    summaries = [json.dumps(page).encode() for page in listing]

    def paged(pages: list[bytes]) -> Callable[[Any], Any]:
        return lambda request: answer(200, pages["NextToken" in json.loads(request.body)])

    with tracing.handled("GetTraceSummaries", paged(summaries)):
        with tracing.handled("BatchGetTraces", paged([bodies[0], b"{"])):
            assert len(tracing.pull(2).problems) == 1
        assert tracing.spans() == []
        with tracing.handled("BatchGetTraces", paged(bodies)):
            assert tracing.pull(3).problems == []
    assert tracing.spans() == ids(1, 2)
    assert {row["service"] for row in tracing.rows()} == {"checkout"}


def test_unprocessed_traces_are_asked_for_again_at_once(tracing: Tracing) -> None:
    tracing.put(tracing.segment(1), tracing.segment(2))
    nothing = json.dumps({"Traces": [], "UnprocessedTraceIds": [tracing.trace(1)]}).encode()
    calls = itertools.count()
    with tracing.handled(
        "BatchGetTraces", lambda request: answer(200, nothing) if next(calls) == 0 else None
    ):
        assert tracing.pull(2).problems == []
    assert tracing.spans() == ids(1, 2)


def test_a_trace_that_is_never_handed_over_is_given_up_and_quarantined(tracing: Tracing) -> None:
    tracing.put(tracing.segment(1))
    known = tracing.trace(1)
    with (
        tracing.handled("BatchGetTraces", answer_with({"Traces": [], "UnprocessedTraceIds": [known]})),
        tracing.handled("GetTraceSegmentDestination", answer_with({"Destination": "XRay"})),
    ):
        tracing.pull(2)
        assert quarantined(tracing.store) == []
        with tracing.handled("GetTraceSummaries", NOTHING):
            pulled = tracing.pull(3 + 24 * 60)
    assert pulled.problems == ["1 traces were never handed over and are given up"]
    (rejected,) = quarantined(tracing.store)
    assert json.loads(rejected.payload) == {"UnprocessedTraceIds": [known]}


def test_if_more_is_owed_than_can_be_remembered_the_mark_stays(
    tracing: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mark, "_OWED", 4)
    tracing.put(*(tracing.segment(number) for number in range(1, 6)))
    with tracing.handled("BatchGetTraces", FAILURES["5xx"]):
        assert tracing.pull(2).until == tracing.at(-5)
    assert tracing.pull(3).until == tracing.at(3)
    assert tracing.spans() == ids(*range(1, 6))


def test_of_the_traces_only_the_last_ones_are_remembered() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ages = {f"{kind}-{age}": (kind, age) for kind in ("complete", "running", "owed") for age in (5, 15, 1500)}
    known = {
        id: Known(None, None if kind == "owed" else "h", now.timestamp() - age * 60, kind == "complete")
        for id, (kind, age) in ages.items()
    }
    kept = Mark("xray/x", now, known)
    assert kept.forget(now, OVERLAP) == ["owed-1500"]
    assert set(kept.traces) == {"complete-5", "running-5", "running-15", "owed-5", "owed-15"}
    many = {str(number): Known(1, "h", now.timestamp(), True) for number in range(10_001)}
    kept = Mark("xray/x", now, many)
    kept.forget(now, OVERLAP)
    assert (len(kept.traces), "0" in kept.traces) == (10_000, False)


class Killed(BaseException):
    """The process ends."""


def test_a_run_killed_before_its_mark_is_written_is_repeated(
    tracing: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracing.put(*(tracing.segment(number) for number in range(1, 9)))

    def kill(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(marks, "write", kill)
        with pytest.raises(Killed):
            tracing.pull(2)
    assert len(rows_of(tracing.store, "spans")) == 8
    tracing.put(tracing.segment(9))
    tracing.pull(3)
    assert tracing.spans() == ids(*range(1, 10))


def test_a_store_out_of_reach_leaves_the_mark(tracing: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    tracing.put(tracing.segment(1))

    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put_new", full)
        with pytest.raises(OSError, match="no space"):
            tracing.pull(2)
    assert Mark.read(tracing.store, HOME).until == tracing.at(-5)
    tracing.pull(3)
    assert tracing.spans() == ids(1)


def test_after_a_pause_the_time_is_caught_up_in_slices(tracing: Tracing) -> None:
    tracing.put(*(tracing.segment(number, number * 20) for number in range(1, 12)))
    with tracing.handled("GetTraceSummaries", lambda request: None) as asked:
        assert tracing.pull(240).until == tracing.at(240)
    assert 15 <= len(asked) <= 17
    assert {body["TimeRangeType"] for body in asked} == {"Event"}
    assert tracing.spans() == ids(*range(1, 12))


def test_a_run_after_a_long_pause_ends_after_a_day_of_it(tracing: Tracing) -> None:
    with tracing.handled("GetTraceSummaries", NOTHING) as asked:
        first = tracing.pull(30 * 60)
        assert len(asked) == 96
        assert all(0 < body["EndTime"] - body["StartTime"] <= 6 * 3600 for body in asked)
        assert first.until
        assert tracing.at(23 * 60) < first.until < tracing.at(30 * 60)
        assert tracing.pull(30 * 60).until == tracing.at(30 * 60)


def test_what_x_ray_no_longer_has_after_a_longer_one_is_an_event(tracing: Tracing) -> None:
    with tracing.handled("GetTraceSummaries", NOTHING):
        pulled = tracing.pull(40 * 24 * 60)
    assert pulled.problems == ["traces are lost: X-Ray keeps them for 30 days"]
    (event,) = rows_of(tracing.store, "events")
    assert (event["kind"], event["subject"], event["state"]) == ("collector", "xray", "gap")
    assert event["time"] == tracing.at(-5)


def test_where_transaction_search_is_on_traces_are_retrieved_from_the_log_group(
    tracing: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(traces.time, "sleep", waits.append)
    nanos = int(tracing.start) * 10**9
    telling = span(
        1, traceId=hex_id(1, tracing.start), startTimeUnixNano=nanos, endTimeUnixNano=nanos + 10**9
    )
    listed = {"TraceSummaries": [{"Id": tracing.trace(1)}]}
    document = {"Id": id_of(1), "Document": json.dumps(telling)}
    complete = {
        "RetrievalStatus": "COMPLETE",
        "TraceFormat": "OTEL",
        "Traces": [{"Id": tracing.trace(1), "Spans": [document]}],
    }
    retrievals = iter([{"RetrievalStatus": "SCHEDULED"}, {"RetrievalStatus": "RUNNING"}, complete])

    with (
        tracing.handled("GetTraceSummaries", answer_with(listed)),
        tracing.handled(
            "GetTraceSegmentDestination", answer_with({"Destination": "CloudWatchLogs", "Status": "ACTIVE"})
        ),
        tracing.handled("StartTraceRetrieval", answer_with({"RetrievalToken": "token"})) as started,
        tracing.handled(
            "ListRetrievedTraces", lambda request: answer_with(next(retrievals))(request)
        ) as asked,
    ):
        assert tracing.pull(2).problems == []
    assert [body["TraceIds"] for body in started] == [[tracing.trace(1)]]
    assert {body["TraceFormat"] for body in asked} == {"OTEL"}
    assert waits == [0.5, 1]
    (row,) = tracing.rows()
    assert (row["span_id"], row["service"], row["duration_ms"]) == (id_of(1), "checkout", 1000.0)


@pytest.mark.parametrize("status", ["RUNNING", "FAILED"])
def test_a_retrieval_that_does_not_complete_is_a_problem_and_begun_again(
    tracing: Tracing, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setattr(traces.time, "sleep", lambda seconds: None)
    with (
        tracing.handled("GetTraceSummaries", answer_with({"TraceSummaries": [{"Id": tracing.trace(1)}]})),
        tracing.handled("BatchGetTraces", answer_with({"Traces": []})),
        tracing.handled("GetTraceSegmentDestination", answer_with({"Destination": "CloudWatchLogs"})),
        tracing.handled("StartTraceRetrieval", answer_with({"RetrievalToken": "token"})),
        tracing.handled("ListRetrievedTraces", answer_with({"RetrievalStatus": status})),
    ):
        for minutes in (2, 3):
            assert tracing.pull(minutes).problems == [f"the retrieval of 1 traces is {status}"]
    assert Mark.read(tracing.store, HOME).incomplete() == [tracing.trace(1)]
