from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.moment import EARLIEST, LATEST, day_of, micros

NOON = 1_772_366_400_000_000  # 2026-03-01T12:00:00Z


@given(st.integers(EARLIEST, LATEST - 1))
def test_a_moment_is_the_same_in_every_unit_and_as_text(exact: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=exact)
    assert micros(exact) == micros(exact * 1000) == micros(moment.isoformat()) == exact
    assert micros(exact // 1000) == exact // 1000 * 1000
    assert micros(exact // 1_000_000) == exact // 1_000_000 * 1_000_000
    assert day_of(exact) == moment.date()


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1772366400.5, NOON + 500_000),
        (1772366400123.75, NOON + 123_750),
        ("1772366400123", NOON + 123_000),
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T13:00:00+01:00", NOON),
        ("2026-03-01T12:00:00", NOON),
    ],
)
def test_a_moment_may_be_a_fraction_or_text(value: Any, moment: int) -> None:
    assert micros(value) == moment


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, -1, -NOON, 10**30, float("nan"), float("inf"), float("-inf"), "", "x", "1",
        "²" * 12, "9" * 5000, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", EARLIEST - 1, LATEST,
        253_402_300_799_000, [], {}, b"1772366400123",
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_moment_between_2000_and_2100_is_none(value: Any) -> None:
    assert micros(value) is None


@given(st.integers() | st.floats() | st.text())
def test_whatever_it_is_nothing_is_raised(value: Any) -> None:
    found = micros(value)
    assert found is None or EARLIEST <= found < LATEST


def test_days_are_utc() -> None:
    assert day_of(NOON) == day_of(NOON + 43_199_999_999) == date(2026, 3, 1)
    assert day_of(NOON + 43_200_000_000) == date(2026, 3, 2)
