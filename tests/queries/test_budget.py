"""Error budgets against the vectors of other tools, and against each other."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.budget import (
    DAY,
    HOUR,
    Minute,
    Objective,
    Pair,
    Tally,
    burn_rate,
    detection,
    exhaustion,
    pairs,
    silence,
    tally,
)

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
UNITS = {"m": 1, "h": HOUR, "d": DAY, "w": 7 * DAY}
THREE_NINES = Objective(Fraction("0.999"), 30 * DAY)


def vector(name: str) -> Any:
    if not (VECTORS / name).exists():
        pytest.skip("the folder ../shared/vectors is absent")
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def minutes(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


def test_the_factors_are_those_of_sloth() -> None:
    for case in vector("sloth/mwmb_factors.json")["cases"]:
        period = minutes(case["slo_period"])
        if "expect" in case:  # sloth has no catalogue for 42 days; here the month's shares hold
            continue
        expected = [case[name] for name in ("page_quick", "page_slow", "ticket_quick", "ticket_slow")]
        found = [(pair.short, pair.long, float(pair.factor)) for pair in pairs(period)]
        assert found == [
            (minutes(short), minutes(long), pytest.approx(factor)) for short, long, factor in expected
        ]


def test_a_period_without_a_catalogue_is_named() -> None:
    with pytest.raises(ValueError, match="period is 1440 minutes: must be 7 days or more"):
        pairs(DAY)


def test_silence_is_worth_an_alert_when_pyrra_says_so() -> None:
    for case in vector("pyrra/windows.json")["absent_alert_for"]:
        objective = Objective(Fraction(str(case["target"])), minutes(case["slo_window"]))
        fastest = Pair("page", HOUR, 5, Fraction(14))
        assert silence(objective, fastest, waiting=2) == minutes(case["expected"])


def test_the_budgeting_methods_give_the_numbers_of_openslo() -> None:
    told = vector("openslo/budgeting_method_numbers.json")
    period, published = 14 * DAY, told["published"]
    floor = Fraction("0.95")
    slices = Objective(floor, period, "Timeslices", slice_target=floor)
    ratios = Objective(floor, period, "RatioTimeslices")

    def attacked(bad_minutes: int) -> list[Minute]:
        return [Minute(at, 1 if at < bad_minutes else 99, 100) for at in range(period)]

    gone = tally(attacked(published["timeslices_bad_minutes"]), slices, 0, period)
    assert burn_rate(gone, slices) == 1
    before, after = (tally(attacked(bad), ratios, 0, period) for bad in (822, 823))
    assert (burn_rate(before, ratios) or 0) < 1 < (burn_rate(after, ratios) or 0)


def test_good_and_bad_counts_give_the_ratios_of_slo_generator() -> None:
    for case in vector("slo_generator/report_cases.json")["cases"]:
        good, bad = case.get("good"), case.get("bad")
        if not (isinstance(good, int) and isinstance(bad, int) and case["valid"]):
            continue
        good, bad = max(good, 0), max(bad, 0)  # -1 says that there is none
        found = tally([Minute(0, good, good + bad)], THREE_NINES, 0, 1)
        assert found.ratio == Fraction(str(case["sli"]))


def test_without_valid_events_the_ratio_is_unknown_and_nothing_fires() -> None:
    nothing = tally([Minute(0, 0, 0)], THREE_NINES, 0, HOUR)

    assert (nothing.ratio, burn_rate(nothing, THREE_NINES), nothing.covered) == (None, None, 0)
    assert not any(pair.fires(None, Fraction(100)) for pair in pairs(30 * DAY))


def test_a_ratio_is_of_sums_and_not_a_mean_of_ratios() -> None:
    found = tally([Minute(0, 0, 1), Minute(1, 999, 999)], THREE_NINES, 0, 2)

    assert found.ratio == Fraction(999, 1000)


def test_slices_without_data_are_neither_good_nor_bad_and_lower_the_coverage() -> None:
    objective = Objective(Fraction("0.9"), DAY, "Timeslices", slice_target=Fraction("0.5"))

    found = tally([Minute(0, 1, 1), Minute(1, 0, 1), Minute(2, 0, 0)], objective, 0, 4)

    assert found == Tally(Fraction(1), 2, Fraction(1, 2))


def test_only_minutes_of_the_window_count() -> None:
    found = tally([Minute(at, 1, 1) for at in range(10)], THREE_NINES, 3, 5)

    assert (found.good, found.total) == (2, 2)


def test_a_burn_rate_must_exceed_the_factor_in_both_windows() -> None:
    fast = pairs(30 * DAY)[0]

    assert fast.factor == Fraction("14.4")
    assert fast.fires(Fraction("14.5"), Fraction("14.5"))
    assert not fast.fires(Fraction("14.4"), Fraction(100))
    assert not fast.fires(Fraction(100), Fraction("14.4"))


@pytest.mark.parametrize(
    ("remaining", "burning", "expected"),
    [(1, 1, 30 * DAY), ("0.5", 2, 7.5 * DAY), (1, 0, None), (1, None, None), (0, 5, 0), ("-0.2", 5, 0)],
)
def test_a_budget_is_exhausted_after_what_is_left_at_the_rate_it_burns(
    remaining: str | int, burning: int | None, expected: float | None
) -> None:
    rate = None if burning is None else Fraction(burning)
    assert exhaustion(Fraction(remaining), rate, 30 * DAY) == expected


@given(ratio=st.fractions(Fraction(1, 1000), 1), number=st.integers(0, 3))
def test_a_pair_fires_in_the_minute_the_formula_gives(ratio: Fraction, number: int) -> None:
    pair = pairs(30 * DAY)[number]
    expected = detection(THREE_NINES, pair, ratio)
    size = ratio.denominator

    def burning(after: int, window: int) -> Fraction | None:
        bad = min(after, window) * ratio.numerator
        return burn_rate(Tally(Fraction(window * size - bad), window * size, Fraction(1)), THREE_NINES)

    def fires(after: int) -> bool:
        return pair.fires(burning(after, pair.long), burning(after, pair.short))

    if expected is None:
        assert not fires(pair.long)
    else:
        first = int(expected) + 1
        assert fires(first)
        assert not fires(first - 1)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=50), st.integers(1, 7))
def test_counts_add_up_however_they_are_cut(counts: list[tuple[int, int]], cut: int) -> None:
    series = [Minute(at, good, good + bad) for at, (good, bad) in enumerate(counts)]

    whole = tally(series, THREE_NINES, 0, 50)
    parts = [tally(series, THREE_NINES, since, since + cut) for since in range(0, 50, cut)]

    assert (whole.good, whole.total) == (sum(part.good for part in parts), sum(part.total for part in parts))
