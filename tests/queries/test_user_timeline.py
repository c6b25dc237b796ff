"""What one user went through, over regions whose clocks differ."""

from __future__ import annotations

from typing import Any

from query_rows import NOON, SECOND, put, record
from region_rows import EU, US, deliver, event, metric

from queries import connect
from store.objects import Store
from store.schema import SPANS
from store.zone import Zone

Row = dict[str, Any]
MS = SECOND / 1000
AHEAD = 400.0  # ms that the clock of US is ahead of that of EU


def timeline(store: Store, user: str = "u-1", zones: tuple[Zone, ...] = (), **window: Any) -> list[Row]:
    with connect(store, zones) as session:
        found = session.timeline(user, **window)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def calls(store: Store, *starts: float) -> None:
    """Calls of nobody from EU to US, each so many ms after noon: 35 ms there, 10 ms at work, 35 ms back."""
    rows: list[Row] = []
    for number, start in enumerate(starts):
        told = {"trace_id": f"{number + 1:032x}", "status_code": "UNSET"}
        client = {"time": NOON + start * MS, "region": EU, "kind": "CLIENT", "span_id": "c" * 16}
        server = {
            "time": NOON + (start + 35 + AHEAD) * MS,
            "region": US,
            "kind": "SERVER",
            "span_id": "d" * 16,
        }
        rows.append({**told, **client, "duration_ms": 80.0})
        rows.append({**told, **server, "duration_ms": 10.0, "parent_span_id": "c" * 16})
    deliver(store, SPANS, rows)


def log(ms: float, body: str, region: str = EU, **columns: Any) -> Row:
    """A record of the user so many ms after noon by the clock of EU, stamped by its region's."""
    ahead = AHEAD if region == US else 0.0
    return record(NOON + (ms + ahead) * MS, region, body=body, **{"user_id": "u-1", **columns})


def titles(rows: list[Row]) -> list[str]:
    return [row["title"] for row in rows]


def test_records_of_two_regions_are_in_the_order_they_happened_and_keep_their_times(
    local_store: Store,
) -> None:
    calls(local_store, 0, 100)
    put(local_store, log(1000, "one"), log(1200, "two", US), log(1400, "three"))

    rows = timeline(local_store)

    assert titles(rows) == ["one", "two", "three"]
    assert rows[1]["time"] == NOON + (1200 + AHEAD) * MS
    apart = (rows[1]["corrected_time"] - rows[0]["corrected_time"]) / MS
    assert abs(apart - 200) <= rows[0]["bound_ms"] + rows[1]["bound_ms"]
    assert sorted(row["bound_ms"] > 0 for row in rows) in ([False, False, True], [False, True, True])


def test_records_closer_than_the_bound_are_shown_as_concurrent(local_store: Store) -> None:
    calls(local_store, 0, 100)
    put(local_store, log(1000, "one"), log(1001, "two", US), log(1400, "three"))

    one, two, three = timeline(local_store)

    assert (one["concurrent_with"], two["concurrent_with"], three["concurrent_with"]) == ([2], [1], [])


def test_without_any_message_between_regions_nothing_is_known_of_their_clocks(local_store: Store) -> None:
    put(local_store, log(1000, "one"), log(1200, "two", US))

    for row in timeline(local_store):
        assert (row["corrected_time"], row["bound_ms"], row["concurrent_with"]) == (None, None, None)


def test_a_span_is_before_what_it_called_and_what_came_of_the_answer_after_it(local_store: Store) -> None:
    trace = {"trace_id": "f" * 32, "status_code": "UNSET"}
    deliver(
        local_store,
        SPANS,
        [
            {"time": NOON, "region": EU, "kind": "CLIENT", "name": "call", "span_id": "1" * 16, **trace}
            | {"user_id": "u-1", "duration_ms": 80.0},
            {
                "time": NOON + 9000 * MS,
                "region": US,
                "kind": "SERVER",
                "name": "served",
                "span_id": "2" * 16,
                **trace,
            }
            | {"parent_span_id": "1" * 16, "duration_ms": 10.0},
        ],
    )
    put(local_store, record(NOON + 81 * MS, body="done", user_id="u-1", trace_id="f" * 32))

    rows = timeline(local_store)

    assert titles(rows) == ["call", "served", "done"]
    assert [row["kind"] for row in rows] == ["span", "span", "log"]


def test_a_move_to_another_region_is_marked_with_how_far_that_was_behind(local_store: Store) -> None:
    put(local_store, log(0, "written", trace_id="1" * 32), log(60_000, "read", US, trace_id="2" * 32))
    pair = {"layer": "session", "unit": "ms", "source_region": EU, "target_region": US}
    metric(
        local_store,
        "AWS/DynamoDB/ReplicationLatency",
        900.0,
        at=NOON - 30 * SECOND,
        statistic="maximum",
        **pair,
    )

    written, read = timeline(local_store)

    assert (written["hop"], written["hop_lag_ms"]) == (None, None)
    assert (read["hop"], read["hop_lag_ms"], read["hop_layer"]) == (f"{EU} → {US}", 900.0, "session")


def test_a_move_at_a_time_nobody_measured_has_no_lag(local_store: Store) -> None:
    put(local_store, log(0, "written"), log(60_000, "read", US))

    assert timeline(local_store)[1]["hop"] == f"{EU} → {US}"
    assert timeline(local_store)[1]["hop_lag_ms"] is None


def test_a_call_to_another_region_is_no_move_of_the_user(local_store: Store) -> None:
    deliver(
        local_store,
        SPANS,
        [
            {
                "time": NOON,
                "region": EU,
                "name": "one",
                "span_id": "1" * 16,
                "trace_id": "f" * 32,
                "user_id": "u-1",
            },
            {"time": NOON + MS, "region": US, "name": "two", "span_id": "2" * 16, "trace_id": "f" * 32}
            | {"parent_span_id": "1" * 16},
        ],
    )

    assert [row["hop"] for row in timeline(local_store)] == [None, None]


def test_events_of_the_regions_that_served_the_user_are_among_them(local_store: Store) -> None:
    put(local_store, log(0, "one"), log(120_000, "two"))
    event(local_store, "deployment", NOON + 60 * SECOND, title="deployed", subject="orders", state="SUCCESS")
    event(local_store, "failover", NOON + 90 * SECOND, title="away", region=US, from_region=EU, to_region=US)
    event(local_store, "deployment", NOON + 60 * SECOND, title="elsewhere", region=US)
    event(local_store, "deployment", NOON - 3600 * SECOND, title="long before")
    event(local_store, "deployment", NOON + 300 * SECOND, title="after")

    rows = timeline(local_store)

    assert titles(rows) == ["one", "deployed", "away", "two"]
    assert [row["kind"] for row in rows] == ["log", "event", "event", "log"]


def test_a_user_is_found_under_the_pseudonym_of_a_zone(local_store: Store, eu: Zone) -> None:
    with connect(local_store, [eu]) as session:
        found = session.sql("select pseudonym('eu', 'u-1')").fetchone()
    assert found
    put(local_store, log(0, "one", user_id=found[0]), log(10, "two", US))

    assert titles(timeline(local_store, zones=(eu,))) == ["one", "two"]
    assert titles(timeline(local_store)) == ["two"]


def test_errors_are_told_from_what_went_well(local_store: Store) -> None:
    put(
        local_store,
        log(0, "fine", http_status=200),
        log(1, "bad", http_status=503),
        log(2, "logged", severity_number=17),
    )

    assert [row["is_error"] for row in timeline(local_store)] == [False, True, True]


def test_a_span_of_time_and_nobody_are_no_problem(local_store: Store) -> None:
    put(local_store, log(0, "one"), log(60_000, "two"))

    assert titles(timeline(local_store, since=NOON + SECOND)) == ["two"]
    assert titles(timeline(local_store, until=NOON + SECOND)) == ["one"]
    assert timeline(local_store, "nobody") == []
