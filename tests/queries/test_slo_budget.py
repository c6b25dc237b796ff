"""Error budgets against the vectors of other tools, and against each other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from queries.slo.budget import (
    DAY,
    HOUR,
    Objective,
    Pair,
    Tally,
    burn_rate,
    detection,
    exhaustion,
    pairs,
    scaled,
    silence,
    spent,
    tally,
)
from queries.slo.series import Series, merged

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
UNITS = {"m": 1, "h": HOUR, "d": DAY, "w": 7 * DAY}
THREE_NINES = Objective(Fraction("0.999"))
HALF = Fraction(1, 2)


def text(name: str) -> str:
    if not (VECTORS / name).exists():
        pytest.skip("the folder ../shared/vectors is absent")
    return (VECTORS / name).read_text(encoding="utf-8")


def vector(name: str) -> Any:
    return json.loads(text(name))


def minutes(text: str) -> int:
    """`1h30m` in minutes."""
    total, number = 0, ""
    for letter in text:
        if letter.isdigit():
            number += letter
        else:
            total, number = total + int(number) * UNITS[letter], ""
    return total


def series(counts: Iterable[tuple[int, ...]], start: int = 0) -> Series:
    """Consecutive minutes of (good, valid) or (good, valid, unknown)."""
    rows = [(*row, 0)[:3] for row in counts]
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []]
    return Series.of(start, start + len(rows), range(start, start + len(rows)), *columns)


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


@pytest.mark.parametrize("name", ["google-30d", "google-28d", "7d"])
def test_the_windows_and_shares_are_those_of_sloths_catalogues(name: str) -> None:
    spec = yaml.safe_load(text(f"sloth/{name}.yaml"))["spec"]
    period = minutes(spec["sloPeriod"])

    told = [(kind, spec[kind][speed]) for kind in ("page", "ticket") for speed in ("quick", "slow")]

    assert pairs(period) == tuple(
        Pair(
            kind,
            minutes(windows["longWindow"]),
            minutes(windows["shortWindow"]),
            Fraction(str(windows["errorBudgetPercent"])) / 100 * period / minutes(windows["longWindow"]),
        )
        for kind, windows in told
    )


def test_windows_grow_and_shrink_with_the_period_as_pyrras_do() -> None:
    told = vector("pyrra/windows.json")
    for month, fortnight in zip(told["window_28d"], told["window_14d"], strict=True):
        pair = Pair("page", minutes(month["long"]), minutes(month["short"]), Fraction(month["factor"]))

        found = pair.scaled(28 * DAY, 14 * DAY)

        assert (found.long, found.short) == (minutes(fortnight["long"]), minutes(fortnight["short"]))
        assert found.factor == fortnight["factor"]
        assert scaled(minutes(month["for"]), 28 * DAY, 14 * DAY) == minutes(fortnight["for"])
        assert exhaustion(Fraction(1), found.factor, 14 * DAY) == minutes(fortnight["exhaustion"])


def test_a_period_of_less_than_a_week_has_the_weeks_windows_scaled() -> None:
    assert [(pair.long, pair.short) for pair in pairs(DAY)] == [(9, 1), (51, 4), (206, 17), (617, 51)]
    assert [pair.factor for pair in pairs(DAY)] == [pair.factor for pair in pairs(7 * DAY)]
    assert all(pair.short >= 1 for pair in pairs(1))


def test_silence_is_worth_an_alert_when_pyrra_says_so() -> None:
    for case in vector("pyrra/windows.json")["absent_alert_for"]:
        objective = Objective(Fraction(str(case["target"])))
        fastest = Pair("page", HOUR, 5, Fraction(14))
        assert silence(objective, fastest, waiting=2) == minutes(case["expected"])


def test_the_budgeting_methods_give_the_numbers_of_openslo() -> None:
    told = vector("openslo/budgeting_method_numbers.json")
    period, published = 14 * DAY, told["published"]
    floor = Fraction("0.95")
    slices = Objective(floor, "Timeslices", slice_target=floor)
    ratios = Objective(floor, "RatioTimeslices")

    def attacked(bad_minutes: int) -> Series:
        return series((1 if at < bad_minutes else 99, 100) for at in range(period))

    gone = tally(attacked(published["timeslices_bad_minutes"]), slices, 0, period)
    assert burn_rate(gone, slices) == 1
    before, after = (tally(attacked(bad), ratios, 0, period) for bad in (822, 823))
    assert (burn_rate(before, ratios) or 0) < 1 < (burn_rate(after, ratios) or 0)


def test_good_and_bad_counts_give_the_ratios_and_verdicts_of_slo_generator() -> None:
    told = vector("slo_generator/report_cases.json")
    objective = Objective(Fraction(str(told["goal"])), least=told["min_valid_events"])
    for case in told["cases"]:
        good, bad = case.get("good"), case.get("bad")
        if not (isinstance(good, int) and isinstance(bad, int)):
            continue
        good, bad = max(good, 0), max(bad, 0)  # -1 says that there is none
        found = tally(series([(good, good + bad)]), objective, 0, 1)
        assert objective.is_enough(found.events) == case["valid"]
        if case["valid"]:
            assert found.ratio == Fraction(str(case["sli"]))


def test_a_burn_rate_is_compared_exactly_and_not_rounded_as_slo_generator_does() -> None:
    told = vector("slo_generator/report_cases.json")
    objective = Objective(Fraction(str(told["goal"])))
    pair = Pair("page", HOUR, 5, Fraction(told["burn_rate_threshold"]))
    within, over = (tally(series([(good, 100_000)]), objective, 0, 1) for good in (99_000, 98_999))

    assert not pair.fires(burn_rate(within, objective), burn_rate(within, objective))
    assert pair.fires(burn_rate(over, objective), burn_rate(over, objective))


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="good must be from 0 to valid"):
        series([(2, 1)])
    with pytest.raises(ValueError, match="good must be from 0 to valid"):
        series([(-1, 1)])
    with pytest.raises(ValueError, match="unknown at least 0"):
        series([(0, 1, -1)])


def test_counts_of_one_minute_add_up_in_any_order_and_others_are_left_out() -> None:
    found = Series.of(10, 12, [11, 9, 11, 12], [1, 5, 2, 5], [1, 5, 3, 5])

    assert found.good.tolist() == [0, 3]
    assert found.valid.tolist() == [0, 4]
    assert found.first == 11


def test_without_valid_events_the_ratio_is_unknown_and_nothing_fires() -> None:
    nothing = tally(series([(0, 0)]), THREE_NINES, 0, HOUR)

    assert (nothing.ratio, burn_rate(nothing, THREE_NINES), nothing.coverage) == (None, None, 0)
    assert not any(pair.fires(None, Fraction(100)) for pair in pairs(30 * DAY))


def test_a_ratio_is_of_sums_and_not_a_mean_of_ratios() -> None:
    found = tally(series([(0, 1), (999, 999)]), THREE_NINES, 0, 2)

    assert found.ratio == Fraction(999, 1000)


def test_slices_without_data_are_neither_good_nor_bad_and_lower_the_coverage() -> None:
    objective = Objective(Fraction("0.9"), "Timeslices", slice_target=HALF)

    found = tally(series([(1, 1), (0, 1), (0, 0), (0, 0)]), objective, 0, 4)

    assert (found.good, found.total, found.coverage) == (1, 2, HALF)


def test_a_slice_of_which_most_is_unknown_is_one_without_data() -> None:
    found = tally(series([(1, 1, 5), (3, 4, 3)]), THREE_NINES, 0, 2)

    assert (found.good, found.total, found.coverage) == (3, 4, HALF)


def test_slices_begin_where_the_epoch_says_and_not_where_the_series_does() -> None:
    objective = Objective(Fraction("0.9"), "Timeslices", slice=5, slice_target=Fraction(1))

    found = tally(series([(1, 1), (0, 1), (1, 1), (1, 1)], start=3), objective, 3, 7)

    assert (found.good, found.total) == (1, 2)  # minutes 3 and 4 are one slice, 5 and 6 another


def test_only_minutes_of_the_window_count() -> None:
    found = tally(series([(1, 1)] * 10), THREE_NINES, 3, 5)

    assert (found.good, found.total) == (2, 2)


def test_minutes_of_a_drill_are_neither_counted_nor_missed() -> None:
    calm = series([(0, 5), (5, 5), (0, 0), (5, 5)]).without(np.array([True, False, False, False]))

    found = tally(calm, THREE_NINES, 0, 4)

    assert (found.ratio, found.covered, found.expected) == (1, 2, 3)


def test_a_slice_target_is_compared_exactly_even_where_64_bits_are_not_enough() -> None:
    nines = Objective(Fraction("0.9"), "Timeslices", slice_target=Fraction("0.999999999"))
    many = 10**12

    found = tally(series([(many - 1000, many), (many - 1001, many)]), nines, 0, 2)

    assert (found.good, found.total) == (1, 2)


def test_a_timeslice_objective_needs_a_slice_target() -> None:
    with pytest.raises(ValueError, match="slice_target is missing"):
        Objective(Fraction("0.9"), "Timeslices")


def test_a_burn_rate_must_exceed_the_factor_in_both_windows() -> None:
    fast = pairs(30 * DAY)[0]

    assert fast.factor == Fraction("14.4")
    assert fast.fires(Fraction("14.5"), Fraction("14.5"))
    assert not fast.fires(Fraction("14.4"), Fraction(100))
    assert not fast.fires(Fraction(100), Fraction("14.4"))


def test_a_page_needs_as_many_events_as_the_budget_allows_one_bad_one_of() -> None:
    assert THREE_NINES.is_enough(1000)
    assert not THREE_NINES.is_enough(999)
    assert Objective(Fraction("0.999"), least=10).is_enough(10)
    assert Objective(Fraction("0.999"), "Timeslices", slice_target=HALF).is_enough(1)


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
        bad, all_of = min(after, window) * ratio.numerator, window * size
        return burn_rate(Tally(Fraction(all_of - bad), all_of, all_of, 1, 1), THREE_NINES)

    def fires(after: int) -> bool:
        return pair.fires(burning(after, pair.long), burning(after, pair.short))

    if expected is None:
        assert not fires(pair.long)
    else:
        first = int(expected) + 1
        assert fires(first)
        assert not fires(first - 1)


COUNTS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)).map(
        lambda each: (each[0], each[0] + each[1], each[2])
    ),
    max_size=60,
)
OBJECTIVES = st.sampled_from(
    [
        THREE_NINES,
        Objective(Fraction("0.9"), "Timeslices", slice=1, slice_target=Fraction("0.7")),
        Objective(Fraction("0.9"), "Timeslices", slice=5, slice_target=Fraction(2, 3)),
        Objective(Fraction("0.9"), "RatioTimeslices", slice=5),
    ]
)


def reference(counts: list[tuple[int, ...]], objective: Objective) -> tuple[Fraction, int]:
    """The same by the definitions, slice by slice in fractions."""
    good, total = Fraction(0), 0
    for at in range(0, len(counts), objective.slice):
        cut = counts[at : at + objective.slice]
        ok, valid, unknown = (sum(row[column] for row in cut) for column in range(3))
        if valid <= unknown:
            continue
        if objective.method == "Occurrences":
            good, total = good + ok, total + valid
        elif objective.method == "RatioTimeslices":
            good, total = good + Fraction(ok, valid), total + 1
        else:
            assert objective.slice_target is not None
            good, total = good + (Fraction(ok, valid) >= objective.slice_target), total + 1
    return good, total


@given(COUNTS, OBJECTIVES)
def test_a_tally_is_what_the_definitions_say(counts: list[tuple[int, ...]], objective: Objective) -> None:
    found = tally(series(counts), objective, 0, len(counts))

    assert (found.good, found.total) == reference(counts, objective)


@given(COUNTS, OBJECTIVES, st.integers(1, 4))
def test_tallies_of_parts_add_up_however_the_minutes_are_cut(
    counts: list[tuple[int, ...]], objective: Objective, cut: int
) -> None:
    step = cut * objective.slice
    whole = tally(series(counts), objective, 0, 60)
    parts = [tally(series(counts), objective, since, since + step) for since in range(0, 60, step)]

    for name in ("good", "total", "events", "covered", "expected"):
        assert getattr(whole, name) == sum(getattr(part, name) for part in parts)


@given(COUNTS, COUNTS)
def test_events_of_two_places_together_are_their_sum(
    one: list[tuple[int, ...]], other: list[tuple[int, ...]]
) -> None:
    size = min(len(one), len(other))
    places = [series(one[:size]), series(other[:size])]

    together = merged(places)

    for name in ("good", "valid", "unknown"):
        assert getattr(together, name).sum() == sum(getattr(place, name).sum() for place in places)


@given(COUNTS, OBJECTIVES)
def test_a_burn_down_chart_ends_at_what_is_left(counts: list[tuple[int, ...]], objective: Objective) -> None:
    whole = tally(series(counts), objective, 0, 60)

    bad, units = spent(series(counts).by(objective.slice), objective)

    assert units.sum() == whole.total
    assert bad.sum() == pytest.approx(float(whole.total - whole.good))
