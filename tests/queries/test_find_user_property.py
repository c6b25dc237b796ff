"""Whatever the records are: find_user is a filter and a sort."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from query_rows import DAY, NOON, SECOND, Row, put, put_compacted, record

from queries import connect
from store import tables
from store.objects import open_store

MIDNIGHT = NOON.replace(hour=0)

users = st.none() | st.sampled_from(["u", "U", "u ", "v", ""]) | st.text(max_size=3)
times = st.builds(
    lambda day, second, micro: MIDNIGHT + day * DAY + second * SECOND + timedelta(microseconds=micro),
    st.integers(-1, 1),
    st.sampled_from([0, 1, 43_200, 86_399]),
    st.sampled_from([0, 1, 999_999]),
)
records = st.builds(
    lambda at, region, user, severity, status, error: record(
        at, region, user_id=user, severity_number=severity, http_status=status, error_type=error
    ),
    times,
    st.sampled_from(["eu-west-1", "us-east-1"]),
    users,
    st.sampled_from([None, 9, 16, 17, 24]),
    st.sampled_from([None, 200, 499, 500]),
    st.sampled_from([None, "", "Boom"]),
)
bounds = st.none() | times


@settings(max_examples=12, deadline=None)
@given(
    rows=st.lists(records, min_size=1, max_size=25),
    compacted=st.booleans(),
    asked=st.lists(st.tuples(users.filter(bool), bounds, bounds, st.booleans()), min_size=1, max_size=8),
)
def test_find_user_is_a_filter_in_time_order(
    rows: list[Row], compacted: bool, asked: list[tuple[str, datetime | None, datetime | None, bool]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder)
        tables.ensure(store)
        (put_compacted if compacted else put)(store, *rows)
        with connect(store) as session:
            for user, since, until, errors_only in asked:
                found = session.find_user(user, since=since, until=until, errors_only=errors_only)
                expected = [
                    row
                    for row in rows
                    if matches(row, user, since, until) and (is_error(row) or not errors_only)
                ]
                assert keys(found) == [(row["time"], row["event_id"]) for row in sorted(expected, key=order)]


def matches(row: Row, user: str, since: datetime | None, until: datetime | None) -> bool:
    within = (since is None or row["time"] >= since) and (until is None or row["time"] < until)
    return row["user_id"] == user and within


def is_error(row: Row) -> bool:
    return (
        (row["severity_number"] or 0) >= 17
        or (row["http_status"] or 0) >= 500
        or row["error_type"] is not None
    )


def order(row: Row) -> tuple[Any, ...]:
    return (row["time"], row["region"], row["log_stream"], row["event_id"])


def keys(found: Any) -> list[tuple[datetime, str]]:
    return list(found.project("time, event_id").fetchall())
