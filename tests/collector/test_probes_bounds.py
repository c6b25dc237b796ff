"""What a probe measures holds the truth within its bound, whatever the clocks and the network do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from probe_world import Replica, World, pair

from collector.probes.answering import answer
from collector.probes.lag import Written, one_way
from collector.probes.probing import Job, probe
from collector.probes.settings import Mode, Probe
from collector.probes.stamp import echo_of
from collector.probes.watch import Watch

REGIONS = {"eu-west-1": "sessions", "us-east-1": "sessions"}
PAIR = ("eu-west-1", "us-east-1")
delays = st.floats(0, 8) | st.floats(0, 0.05)
offsets = st.floats(-86_400, 86_400)
rates = st.floats(-90e-6, 90e-6)  # of two clocks together less than what they are trusted with
seeds = st.integers(0, 2**32)


def job(mode: Mode, timeout_s: float = 20) -> Job:
    return Job(Probe("session", REGIONS, (PAIR,), mode, timeout_s), PAIR, 28_333_333)


def value(row: dict[str, Any], name: str) -> float:
    return float(row["attributes"][name])


def lag(job: Job, here: Replica, there: Replica) -> float:
    """The true lag of the way out, ms: from acknowledged to visible."""
    return max(0.0, there.visible[job.key][0] - here.acked[job.key]) * 1000


@given(delays, offsets, rates, seeds)
def test_the_true_lag_lies_within_the_bound_of_a_one_way_probe(
    delay: float, offset: float, rate: float, seed: int
) -> None:
    world = World(seed)
    here, there = pair(world, delay, 0)
    rows: list[Any] = []

    world.run(lambda: rows.append(probe(job("one_way"), here, there, world.clock(offset, rate))))

    assert rows[0]["outcome"] == "visible"
    assert abs(rows[0]["lag_ms"] - lag(job("one_way"), here, there)) <= rows[0]["error_bound_ms"]
    assert rows[0]["error_bound_ms"] <= 0.15 * rows[0]["lag_ms"] + 1000  # or any bound would do


@settings(deadline=None)
@given(delays, delays, offsets, offsets, rates, rates, st.floats(0, 6), seeds)
@example(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0)
def test_an_echo_holds_the_true_lag_and_the_true_offset_however_far_the_clocks_are_apart(
    out: float,
    back: float,
    offset: float,
    other_offset: float,
    rate: float,
    other_rate: float,
    late: float,
    seed: int,
) -> None:
    world = World(seed)
    here, there = pair(world, out, back)
    mine, theirs = world.clock(offset, rate), world.clock(other_offset, other_rate)
    rows: list[Any] = []

    def answering() -> None:
        world.sleep(late)
        answer(job("echo"), there, theirs)

    world.run(lambda: rows.append(probe(job("echo"), here, there, mine)), answering)

    (row,) = rows
    assert row["outcome"] == "visible"
    assert abs(row["lag_ms"] - lag(job("echo"), here, there)) <= row["error_bound_ms"]
    key, reply = job("echo").key, echo_of(job("echo").key)
    both = there.visible[key][0] - here.acked[key] + here.visible[reply][0] - there.begun[reply]
    rounding = 0.001  # ms, of the text
    bound = value(row, "probe.round_trip_bound_ms") + rounding
    assert abs(value(row, "probe.round_trip_ms") - both * 1000) <= bound
    apart = (other_offset - offset + world.now * (other_rate - rate)) * 1000
    bound = value(row, "clock.offset_bound_ms") + 2 * rounding
    assert abs(value(row, "clock.offset_ms") - apart) <= bound


def test_the_clocks_offset_changes_nothing_in_an_echo() -> None:
    def measured(offset: float) -> Any:
        world = World(7)
        here, there = pair(world, 1.5, 0.5)
        rows: list[Any] = []
        world.run(
            lambda: rows.append(probe(job("echo"), here, there, world.clock(0, 0))),
            lambda: answer(job("echo"), there, world.clock(offset, 0)),
        )
        return rows[0]

    near, far = measured(0), measured(-3600)

    assert abs(near["lag_ms"] - far["lag_ms"]) < 0.01
    assert abs(value(near, "clock.offset_ms") - value(far, "clock.offset_ms") - 3_600_000) < 0.01


@pytest.mark.parametrize("rate", [-150e-6, 150e-6])
def test_a_clock_that_runs_a_little_fast_or_slow_is_allowed_for(rate: float) -> None:
    """At either edge: visible just as the last read missed it, or just as the first that showed it ended."""
    truth = 40.0
    missed, seen = (truth * (1 + rate) + shift for shift in ((-0.5, 0), (0, 0.5))[rate > 0])

    measured = one_way(Written(0, 0, 0, 0), Watch(missed=missed, seen=seen), seen, shows_absence=True)

    assert abs(measured.ms - truth * 1000) <= measured.bound_ms < 275


def test_a_probe_that_waits_in_vain_says_how_long_the_lag_is_at_least() -> None:
    world = World(3)
    here, there = pair(world, 100, 0)
    rows: list[Any] = []

    world.run(lambda: rows.append(probe(job("one_way"), here, there, world.clock(0, 0))))

    (row,) = rows
    assert row["outcome"] == "timeout"
    assert "lag_ms" not in row
    assert 17_000 <= value(row, "probe.waited_ms") <= 21_000
    assert value(row, "probe.attempts") <= 30


def test_a_reader_that_cannot_prove_absence_makes_the_bound_as_wide_as_the_lag() -> None:
    world = World(4)
    here, there = pair(world, 2, 0)
    there.shows_absence = False
    rows: list[Any] = []

    world.run(lambda: rows.append(probe(job("one_way"), here, there, world.clock(0, 0))))

    (row,) = rows
    assert row["lag_ms"] - row["error_bound_ms"] <= 0
    assert row["lag_ms"] + row["error_bound_ms"] >= lag(job("one_way"), here, there)


def test_an_echo_nobody_answers_is_a_timeout() -> None:
    world = World(5)
    here, there = pair(world, 0.1, 0.1)
    rows: list[Any] = []

    world.run(lambda: rows.append(probe(job("echo", 5), here, there, world.clock(0, 0))))

    assert rows[0]["outcome"] == "timeout"
