"""Windows of time, rolling and of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.slo.windows import Duration, Window, minute_of, time_of

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")


def period(duration: str, anchor: datetime | None, until: datetime) -> tuple[datetime, datetime]:
    start, end = Window(Duration.of(duration), anchor).period(minute_of(until))
    return time_of(start), time_of(end)


def test_a_minute_and_a_month_differ_in_the_case_of_a_letter() -> None:
    assert Duration.of("1m").minutes == 1
    assert Duration.of("1M").minutes == 30 * 1440


@pytest.mark.parametrize("text", ["", "1", "m", "0m", "-1d", "1.5h", "1x", "1 d", "1d ", "12345678d", "١d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a number and m, h, d, w, M, Q or Y"):
        Duration.of(text)


def test_a_duration_is_at_most_ten_years() -> None:
    assert Duration.of("10Y").minutes == Duration.of("3650d").minutes
    with pytest.raises(ValueError, match="must be at most 10 years"):
        Duration.of("11Y")


def test_a_rolling_window_ends_when_it_is_looked_at() -> None:
    until = datetime(2026, 3, 8, 12, 30, tzinfo=UTC)

    assert period("1w", None, until) == (until - timedelta(days=7), until)


def test_a_calendar_month_is_the_one_of_its_time_zone() -> None:
    anchor = datetime(2022, 1, 1, tzinfo=NEW_YORK)

    found = period("1M", anchor, datetime(2026, 3, 1, 4, 0, tzinfo=UTC))  # still February there

    assert found == (datetime(2026, 2, 1, 5, tzinfo=UTC), datetime(2026, 3, 1, 5, tzinfo=UTC))


def test_at_its_very_end_a_calendar_window_is_complete_and_a_minute_later_the_next_begins() -> None:
    anchor, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)

    assert period("1M", anchor, end) == (anchor, end)
    assert period("1M", anchor, end + timedelta(minutes=1))[0] == end


def test_months_from_the_31st_end_on_the_last_day_of_shorter_ones() -> None:
    anchor = datetime(2026, 1, 31, tzinfo=UTC)

    assert period("1M", anchor, datetime(2026, 3, 15, tzinfo=UTC)) == (
        datetime(2026, 2, 28, tzinfo=UTC),
        datetime(2026, 3, 31, tzinfo=UTC),
    )


def test_a_calendar_day_on_which_the_clock_is_changed_has_23_hours() -> None:
    start, end = period("1d", datetime(2026, 1, 1, tzinfo=BERLIN), datetime(2026, 3, 29, 12, tzinfo=UTC))

    assert end - start == timedelta(hours=23)


def test_a_window_of_hours_is_as_long_whatever_the_clock_on_the_wall_says() -> None:
    start, end = period("12h", datetime(2026, 1, 1, tzinfo=BERLIN), datetime(2026, 3, 29, 12, tzinfo=UTC))

    assert end - start == timedelta(hours=12)


def test_there_are_calendar_windows_before_the_one_that_is_named() -> None:
    anchor = datetime(2026, 1, 1, tzinfo=UTC)

    assert period("1Q", anchor, datetime(2024, 5, 1, tzinfo=UTC))[0] == datetime(2024, 4, 1, tzinfo=UTC)
    assert period("1Y", anchor, datetime(2024, 5, 1, tzinfo=UTC))[0] == datetime(2024, 1, 1, tzinfo=UTC)


MINUTES = st.integers(0, 90 * 365 * 1440)


@given(
    st.sampled_from(["1d", "3d", "1w", "2w", "1M", "5M", "1Q", "1Y", "90m", "7h"]),
    st.sampled_from([UTC, NEW_YORK, BERLIN, ZoneInfo("Australia/Lord_Howe")]),
    MINUTES,
    MINUTES,
)
def test_every_minute_is_in_one_calendar_window_and_the_next_begins_where_it_ends(
    duration: str, zone: ZoneInfo, anchor: int, until: int
) -> None:
    window = Window(Duration.of(duration), time_of(anchor).astimezone(zone))

    start, end = window.period(until)

    assert start < until <= end
    assert window.period(end) == (start, end)
    assert window.period(end + 1)[0] == end
