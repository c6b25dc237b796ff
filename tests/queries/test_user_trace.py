"""The waterfall of a trace: who caused whom, when and how long by one clock, and what is missing."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from query_rows import NOON, SECOND, put, record
from region_rows import EU, US, deliver

from queries import connect
from queries.user.tree import trees, walk
from store.objects import Store
from store.schema import SPANS

Row = dict[str, Any]
TRACE = "0af7651916cd43dd8448eb211c80319c"
MS = SECOND / 1000
AHEAD = 40.0  # ms that the clock of US is ahead of that of EU


def spans(store: Store, *rows: Row) -> None:
    deliver(store, SPANS, rows)


def span(id: str, parent: str | None, start: float, duration: float | None, **columns: Any) -> Row:
    """A span that started so many ms after noon, by the clock of its region."""
    told = {"region": EU, "kind": "SERVER", "status_code": "UNSET", "service": id, "name": id, **columns}
    ids = {"trace_id": TRACE, "span_id": f"{id:0>16}", "parent_span_id": parent and f"{parent:0>16}"}
    return {"time": NOON + start * MS, "duration_ms": duration, **ids, **told}


def forwarded() -> list[Row]:
    """A request in EU that calls US: 35 ms there, 10 ms at work, 35 ms back."""
    return [
        span("front", None, 0, 100),
        span("call", "front", 10, 80, kind="CLIENT"),
        span("back", "call", 10 + 35 + AHEAD, 10, region=US),
        span("other", "front", 20, 30, kind="CLIENT"),
    ]


def trace(store: Store, id: str = TRACE) -> list[Row]:
    with connect(store) as session:
        found = session.trace(id)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def by_service(rows: list[Row]) -> dict[str, Row]:
    return {row["service"]: row for row in rows if row["kind"] == "span"}


def test_the_spans_are_a_tree_in_time_order(local_store: Store) -> None:
    spans(local_store, *forwarded())

    rows = trace(local_store)

    assert [(row["service"], row["depth"]) for row in rows] == [
        ("front", 0),
        ("call", 1),
        ("back", 2),
        ("other", 1),
    ]
    assert [row["position"] for row in rows] == [1, 2, 3, 4]


def test_a_span_of_another_region_starts_when_it_did_and_not_when_its_clock_says(local_store: Store) -> None:
    spans(local_store, *forwarded())

    back = by_service(trace(local_store))["back"]

    assert abs(back["start_ms"] - 45) <= 0.1
    assert 0 < back["bound_ms"] <= 35
    assert back["hop"] == f"{EU} → {US}"
    assert back["time"] == NOON + (45 + AHEAD) * MS


def test_self_time_is_what_no_child_ran_in_and_the_critical_path_what_was_waited_for(
    local_store: Store,
) -> None:
    spans(local_store, *forwarded())

    rows = by_service(trace(local_store))

    own = {name: round(row["self_ms"]) for name, row in rows.items()}
    assert own == {"front": 20, "call": 70, "back": 10, "other": 30}
    assert {name for name, row in rows.items() if row["critical"]} == {"front", "call", "back"}


def test_a_parent_that_is_not_there_is_said_to_be_missing(local_store: Store) -> None:
    spans(local_store, *(row for row in forwarded() if row["service"] != "front"))

    missing, *rest = trace(local_store)

    assert missing["kind"] == "missing"
    assert (missing["span_id"], missing["start_ms"], missing["duration_ms"]) == (f"{'front':0>16}", 0, None)
    assert missing["title"] == "missing span; 2 of its children ran from 0.0 to 80.0 ms"
    assert [(row["service"], row["depth"]) for row in rest] == [("call", 1), ("back", 2), ("other", 1)]


def test_a_span_in_progress_has_no_duration_and_no_time_of_its_own(local_store: Store) -> None:
    spans(local_store, span("front", None, 0, None), span("call", "front", 10, 80, kind="CLIENT"))

    front, call = trace(local_store)

    assert (front["duration_ms"], front["self_ms"], front["critical"]) == (None, None, True)
    assert call["critical"]


def test_a_duration_that_none_can_be_is_not_known(local_store: Store) -> None:
    spans(
        local_store, *(span(f"{n}", None, n, odd) for n, odd in enumerate([float("nan"), float("inf"), -1.0]))
    )

    assert [row["duration_ms"] for row in trace(local_store)] == [None, None, None]


def test_logs_are_under_the_span_they_name_or_the_innermost_that_was_at_work(local_store: Store) -> None:
    spans(local_store, *forwarded())
    put(
        local_store,
        record(NOON + 12 * MS, trace_id=TRACE, body="during the call"),
        record(NOON + 89 * MS, trace_id=TRACE, span_id=f"{'back':0>16}", body="of the one behind", region=US),
        record(NOON + 500 * MS, trace_id=TRACE, body="long after"),
    )

    rows = trace(local_store)

    assert [(row["service"] or row["title"], row["depth"], row["kind"]) for row in rows] == [
        ("front", 0, "span"),
        ("call", 1, "span"),
        ("back", 2, "span"),
        ("of the one behind", 3, "log"),
        ("during the call", 1, "log"),
        ("other", 1, "span"),
        ("long after", 0, "log"),
    ]
    assert abs(rows[3]["start_ms"] - 49) <= 0.1


def test_a_request_id_finds_the_trace_by_logs_or_by_spans(local_store: Store) -> None:
    spans(local_store, *(row | {"request_id": "r-2"} for row in forwarded()))
    put(local_store, record(trace_id=TRACE, request_id="r-1"))

    assert len(trace(local_store, "r-1")) == len(trace(local_store, "r-2")) == 5
    assert trace(local_store, "r-3") == []


def test_a_request_without_a_trace_still_shows_its_logs(local_store: Store) -> None:
    put(
        local_store, record(request_id="r-1", body="one"), record(NOON + SECOND, request_id="r-1", body="two")
    )

    assert [(row["title"], row["start_ms"]) for row in trace(local_store, "r-1")] == [
        ("one", 0),
        ("two", 1000),
    ]


def test_spans_that_are_each_others_parents_are_shown_once(local_store: Store) -> None:
    spans(
        local_store, span("a", "b", 0, 10), span("b", "a", 5, 10), span("c", "c", 7, 1), span("d", "b", 8, 1)
    )

    rows = trace(local_store)

    assert sorted(row["service"] for row in rows) == ["a", "b", "c", "d"]
    assert by_service(rows)["a"]["depth"] == 0


def test_a_chain_of_ten_thousand_spans_is_no_problem(local_store: Store) -> None:
    spans(local_store, *(span(f"{n:x}", f"{n - 1:x}" if n else None, n / 10, 1) for n in range(10_000)))

    assert trace(local_store)[-1]["depth"] == 9_999


ids = st.sampled_from(["a", "b", "c", "d", "e"])
hostile = st.lists(
    st.tuples(ids, st.none() | ids, st.integers(-(10**6), 10**6), st.none() | st.floats(0, 1e9)), max_size=12
)


@given(hostile)
def test_whatever_spans_say_of_each_other_each_is_shown_once(
    told: list[tuple[str, str | None, int, float | None]],
) -> None:
    rows = [
        {"us": start, "duration_ms": duration, "span_id": id, "parent_span_id": parent, "trace_id": TRACE}
        for id, parent, start, duration in told
    ]

    nodes = [node for root in trees(rows, lambda row: 0.0) for node in walk(root)]

    assert sorted(id(node.row) for node in nodes if not node.missing) == sorted(map(id, rows))
    known = {row["span_id"] for row in rows}
    missing = {row["parent_span_id"] for row in rows} - known - {None}
    assert {node.row["span_id"] for node in nodes if node.missing} == missing
    assert all(node.start <= node.end and -1e-3 <= node.own <= node.end - node.start + 1e-3 for node in nodes)
