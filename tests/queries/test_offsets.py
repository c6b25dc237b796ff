"""The clocks of a store's regions, by its spans: bounds that hold the truth, and whether they are sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_rows import NOON, SECOND
from region_rows import EU, US, deliver

from queries import clocks as method
from queries import connect
from queries.clocks import DRIFT, WINDOW, Message
from queries.distances import PLACES, least_ms
from queries.offsets import Clocks
from store.objects import Store
from store.schema import SPANS

Row = dict[str, Any]
MS = SECOND / 1000
START = 6 * 10**6 * WINDOW
S = 1_000_000  # µs


def call(start: float, ahead: float, region: str = US, **columns: Any) -> Iterator[Row]:
    """A call from EU so many seconds after noon: 50 ms there, 10 at work, 50 back; by clocks ms apart."""
    told = {"trace_id": f"{hash((start, region)) % 2**60:032x}", "status_code": "UNSET"}
    client = {
        "time": NOON + start * SECOND,
        "region": EU,
        "kind": "CLIENT",
        "span_id": "c" * 16,
        "duration_ms": 110.0,
    }
    server = {"time": NOON + start * SECOND + (50 + ahead) * MS, "region": region, "kind": "SERVER"}
    yield told | client | columns
    yield told | server | {"span_id": "d" * 16, "parent_span_id": "c" * 16, "duration_ms": 10.0}


def offsets(store: Store, *calls: Iterable[Row]) -> list[Row]:
    deliver(store, SPANS, [row for rows in calls for row in rows])
    with connect(store) as session:
        found = session.offsets(since=NOON, until=NOON + 3600 * SECOND)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def test_a_call_tells_how_far_two_regions_are_apart(local_store: Store) -> None:
    one, other = offsets(local_store, call(1, 40), call(2, 40))

    assert {one["region"], other["region"]} == {EU, US}
    assert one["reference"] == other["reference"]
    apart = other["offset_ms"] - one["offset_ms"]
    assert apart == pytest.approx(40 if other["region"] == US else -40)
    assert one["bound_ms"] + other["bound_ms"] == pytest.approx(50 - least_ms(EU, US))
    assert (one["window_start"], one["window_end"]) == (NOON, NOON + 300 * SECOND)
    assert {one["state"], other["state"]} == {"synchronised"}


def test_a_client_that_gave_up_or_tried_again_did_not_wait_for_the_answer(local_store: Store) -> None:
    gave_up = list(call(1, 40, status_code="ERROR"))
    again = [*call(2, 40), {**list(call(2, 40))[1], "span_id": "e" * 16}]

    rows = offsets(local_store, gave_up, again)

    assert {row["state"] for row in rows if row["region"] != row["reference"]} == {"unknown"}


def test_a_span_in_progress_was_asked_but_has_not_answered(local_store: Store) -> None:
    rows = offsets(local_store, call(1, 40, duration_ms=None))

    assert [row["bound_ms"] for row in rows if row["region"] != row["reference"]] == [None]


def test_hosts_have_clocks_of_their_own(local_store: Store) -> None:
    def served_by(host: str, rows: Iterable[Row]) -> list[Row]:
        client, server = rows
        return [client, server | {"attributes": [("host.id", host)]}]

    rows = offsets(local_store, served_by("i-1", call(1, 40)), served_by("i-2", call(2, -700)))

    assert {(row["region"], row["host"]): round(row["offset_ms"]) for row in rows if row["region"] == US} == {
        (US, "i-1"): 40,
        (US, "i-2"): -700,
    }


def test_a_store_without_calls_between_regions_knows_of_no_clock(local_store: Store) -> None:
    assert offsets(local_store, [next(call(1, 0))]) == []


def test_distances_are_below_what_any_message_takes() -> None:
    assert least_ms(EU, US) == least_ms(US, EU) == pytest.approx(26.4, abs=0.5)  # measured: 35 ms
    assert least_ms("us-east-1", "ap-southeast-1") == pytest.approx(76.7, abs=0.5)  # measured: 110 ms
    assert least_ms(EU, EU) == least_ms(EU, "mars-north-1") == 0
    assert all(least_ms(one, other) < 20_037 / 200 for one in PLACES for other in PLACES)


Ahead = Callable[[str, float], float]  # µs that a region's clock is ahead at a true time in s


def traffic(ahead: Ahead, seconds: float, every: float = 3.0, seed: int = 1) -> Clocks:
    """Calls of US and AP to EU now and then, by clocks that may be off by something else at any time."""
    random, messages = Random(seed), []
    for client, way in ((US, 0.035), ("ap-southeast-1", 0.0875)):
        time = 0.0
        while (time := time + random.expovariate(1 / every)) < seconds:
            times = [time, time + way, time + way + 0.01, time + 2 * way + 0.01]
            clocks = [client, EU, EU, client]
            stamps = [stamp(ahead, clock, at) for clock, at in zip(clocks, times, strict=True)]
            messages += [Message(client, EU, *stamps[:2]), Message(EU, client, *stamps[2:])]
    return Clocks(method.offsets(messages, lambda one, other: least_ms(one, other) * 1000))


def stamp(ahead: Ahead, region: str, time: float) -> int:
    return START + round(time * S + ahead(region, time))


def states(found: Clocks, region: str) -> set[str]:
    assert found.reference
    pair = found.pair(found.reference, region)
    return {pair.state(piece)[0] for piece in pair.pieces}


def test_sound_clocks_are_synchronised_and_the_reference_is_the_one_all_are_best_known_by() -> None:
    found = traffic(lambda region, time: 40_000.0 * (region == US), 1200)

    assert found.reference == EU
    assert states(found, US) == states(found, "ap-southeast-1") == {"synchronised"}


def test_a_clock_that_steps_is_found_and_known_on_both_sides_and_the_others_stay_sound() -> None:
    found = traffic(lambda region, time: 900_000.0 * (region == US and time >= 700), 1200)

    assert "stepped" in states(found, US)
    assert states(found, "ap-southeast-1") == {"synchronised"}
    before, after = found.offset(US, START + 200 * S), found.offset(US, START + 1100 * S)
    assert before
    assert after
    assert (round(before[0]), round(after[0])) == (0, 900_000)


@pytest.mark.parametrize("ppm", [-1500, 600])
def test_a_clock_that_drifts_is_found_with_its_speed(ppm: float) -> None:
    found = traffic(lambda region, time: ppm * time * (region == US), 1800)

    pair = found.pair(EU, US)
    drifts = [drift for state, drift in map(pair.state, pair.pieces) if state == "drifting"]
    assert drifts
    assert min(drifts, key=lambda drift: abs(drift or 0 - ppm)) == pytest.approx(ppm, rel=0.2)
    assert states(found, "ap-southeast-1") == {"synchronised"}


def test_when_the_clock_in_the_middle_steps_it_is_not_the_others_that_do() -> None:
    found = traffic(lambda region, time: 900_000.0 * (region == EU and time >= 1900), 2400)

    for region in (US, "ap-southeast-1"):
        pair = found.pair(EU, region)
        assert pair.state(pair.pieces[0])[0] == "synchronised"
    assert found.offset(US, START + 100 * S)


def test_times_without_messages_are_known_by_those_around_as_far_as_a_sound_clock_drifts() -> None:
    found = traffic(lambda region, time: 0.0, 590)

    inside, outside = found.offset(US, START + 300 * S), found.offset(US, START + 700 * S)

    assert inside
    assert outside
    assert outside[1] - inside[1] == pytest.approx(100 * S * DRIFT, abs=1)


def test_between_regions_the_bound_is_known_through_a_third() -> None:
    found = traffic(lambda region, time: 0.0, 600)

    through = found.between(US, "ap-southeast-1", START + 100 * S)
    parts = [found.between(EU, region, START) or 0 for region in (US, "ap-southeast-1")]
    assert through == pytest.approx(sum(parts))
    assert found.between(US, US, START) == 0
    assert found.between(US, "sa-east-1", START) is None
    assert found.offset("sa-east-1", START) is None


def test_no_messages_at_all_leave_everything_unknown() -> None:
    found = Clocks([])

    assert (found.reference, found.offset(EU, START), found.between(EU, US, START)) == (None, None, None)
    assert found.between(EU, EU, START) == 0


regions = st.sampled_from([EU, US, "ap-southeast-1"])


@given(
    faulty=regions,
    fault=st.sampled_from(["none", "step", "drift"]),
    size=st.floats(-2, 2).filter(lambda size: abs(size) >= 0.3),
    begin=st.floats(100, 900),
    lasting=st.floats(120, 600),
    every=st.floats(1, 10),
    seed=st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=40)
def test_the_true_offsets_are_always_within_the_bounds(
    faulty: str, fault: str, size: float, begin: float, lasting: float, every: float, seed: int
) -> None:
    """Steps of 0.3 to 2 s, drifts of 600 to 2000 ppm and more, until the clock is set again."""

    def ahead(region: str, time: float) -> float:
        usual = {EU: 0.0, US: 40_000.0, "ap-southeast-1": -25_000.0}[region]
        if region != faulty or fault == "none" or not begin <= time < begin + lasting:
            return usual
        return usual + size * S if fault == "step" else usual + size * 1000 * (time - begin)

    found = traffic(ahead, 1500, every, seed)

    assert found.reference
    random = Random(seed)
    for region in (EU, US, "ap-southeast-1"):
        for time in (random.uniform(0, 1500) for _ in range(50)):
            known = found.offset(region, stamp(ahead, region, time))
            if known:
                true = ahead(region, time) - ahead(found.reference, time)
                assert abs(known[0] - true) <= known[1] + 1
