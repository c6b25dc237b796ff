"""The traffic-shift detector, on counts alone: what moves is found, what does not move raises no alarm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from queries.failovers.shift import Shift, shifts

SECONDS = 10
SHARES = (0.45, 0.35, 0.20)
RATE = 20.0  # requests per second


def quiet(rng: np.random.Generator, bins: int, rate: float = RATE, visit: int = 1) -> NDArray[np.int64]:
    """Counts of requests that come in visits of so many."""
    usual = np.array(SHARES) * rate * SECONDS / visit
    return rng.poisson(np.tile(usual, (bins, 1))) * visit


def moved(
    rng: np.random.Generator, region: int, lost: float, onset: int, until: int, bins: int, gained: bool = True
) -> NDArray[np.int64]:
    """A region loses a part of its requests from one bin to another; the others share them, or nobody."""
    usual = np.tile(np.array(SHARES) * RATE * SECONDS, (bins, 1))
    gone = usual[onset:until, region] * lost
    usual[onset:until, region] -= gone
    others = [place for place in range(len(SHARES)) if place != region]
    if gained:
        weights = np.array(SHARES)[others] / np.array(SHARES)[others].sum()
        usual[onset:until, others] += gone[:, None] * weights
    return rng.poisson(usual)


def the_only(found: list[Shift]) -> Shift:
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("visit", [1, 3])
def test_no_shift_raises_no_alarm_over_two_thousand_seeds(visit: int) -> None:
    alarms = [
        seed for seed in range(1000) if shifts(quiet(np.random.default_rng(seed), 60, visit=visit), SECONDS)
    ]

    assert alarms == []


@pytest.mark.parametrize("seed", range(3))
def test_the_drift_of_a_day_is_no_shift(seed: int) -> None:
    """Each region has its own day: shares wander by half, the total by a third."""
    seconds = np.arange(8640)[:, None] * SECONDS
    shares = np.array(SHARES) * (1 + 0.5 * np.sin(2 * np.pi * seconds / 86_400 + np.array([0.0, 2.1, 4.2])))
    total = RATE * SECONDS * (1 + 0.3 * np.sin(2 * np.pi * seconds / 86_400))
    counts = np.random.default_rng(seed).poisson(total * shares / shares.sum(axis=1, keepdims=True))

    assert shifts(counts, SECONDS) == []


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 1), st.floats(0.6, 1.0), st.integers(30, 80))
def test_a_shift_of_more_than_half_a_share_is_found_within_one_bin(
    seed: int, region: int, lost: float, onset: int
) -> None:
    counts = moved(np.random.default_rng(seed), region, lost, onset, 120, 120)

    found = the_only(shifts(counts, SECONDS))

    assert found.region == region
    assert abs(found.onset - onset) <= 1
    assert found.kind == "failover"
    assert set(found.gained) == {0, 1, 2} - {region}
    assert found.back is None
    assert found.before == pytest.approx(SHARES[region], abs=0.05)


def test_the_end_of_a_shift_is_found_within_one_bin() -> None:
    counts = moved(np.random.default_rng(1), 0, 1.0, 40, 70, 120)

    found = the_only(shifts(counts, SECONDS))

    assert found.back is not None
    assert abs(found.back - 70) <= 1


def test_traffic_that_nobody_takes_over_is_an_outage() -> None:
    found = the_only(shifts(moved(np.random.default_rng(2), 0, 0.9, 40, 80, 120, gained=False), SECONDS))

    assert (found.kind, found.gained, found.silent) == ("outage", (), False)


def test_a_region_of_which_nothing_is_counted_is_silent() -> None:
    counts = quiet(np.random.default_rng(3), 120)
    counts[50:, 1] = 0

    assert the_only(shifts(counts, SECONDS)).silent


def test_a_burst_elsewhere_takes_nothing_from_a_region() -> None:
    counts = quiet(np.random.default_rng(4), 120)
    counts[50:80, 0] *= 4

    assert all(shift.kind == "drift" for shift in shifts(counts, SECONDS))


def test_what_takes_longer_than_a_quarter_of_an_hour_is_a_drift() -> None:
    rng = np.random.default_rng(5)
    left = np.clip(1 - np.arange(360) / 240, 0, 1)[:, None]
    usual = np.tile(np.array(SHARES) * RATE * SECONDS, (60, 1))
    leaving = np.hstack([usual[:1, :1] * left, usual[:1, 1:] + usual[:1, :1] * (1 - left) / 2])

    assert all(shift.kind == "drift" for shift in shifts(rng.poisson(np.vstack([usual, leaving])), SECONDS))


def test_a_second_shift_is_found_after_the_first_has_ended() -> None:
    first = moved(np.random.default_rng(6), 0, 1.0, 40, 60, 120)
    second = moved(np.random.default_rng(7), 1, 1.0, 40, 60, 120)

    assert [shift.region for shift in shifts(np.vstack([first, second]), SECONDS)] == [0, 1]


def test_the_answer_does_not_depend_on_how_long_nothing_was_counted_before() -> None:
    counts = moved(np.random.default_rng(8), 0, 1.0, 40, 70, 120)

    late = the_only(shifts(np.vstack([np.zeros((360, 3), dtype=np.int64), counts]), SECONDS))

    assert abs(late.onset - 400) <= 1


@pytest.mark.parametrize("shape", [(0, 3), (5, 3), (100, 1)])
def test_too_little_to_compare_shows_no_shift(shape: tuple[int, int]) -> None:
    assert shifts(np.full(shape, 100), SECONDS) == []
