"""A process may end at any step: the next one finishes the work, no row is lost and none is there twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from locations import Location
from store_children import KILLED, LATER, VERY_LATE, act_until, deliver_until, finish, start
from store_rows import deliver, files_on, once, rows, stored

from store import tables
from store.commit import commit, sweep
from store.compact import compact
from store.objects import Store
from store.retention import expire, vacuum
from store.schema import LOGS
from store.verify import Report, verify


def is_whole(store: Store, count: int) -> None:
    """Every row once, nothing waits, no file is left over, and the store says itself that it is sound."""
    assert stored(store) == once(rows(range(count)))
    vacuum(store, datetime.now(UTC) + timedelta(days=2), timedelta(0))
    files = files_on(store)
    assert verify(store) == Report(len(files), count, waiting=0, quarantined=0, problems=())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_collector_that_ends_at_its_put_is_simply_run_again(
    store: Store, location: Location, when: str
) -> None:
    some = rows(range(10))
    assert finish(start(deliver_until, location, some, when, "segment put")) == [KILLED]
    deliver(store, some)
    sweep(store)
    is_whole(store, 10)


@pytest.mark.parametrize(
    ("when", "point"),
    [("before", "part put"), ("after", "part put"), ("before", "table change"), ("after", "table change")],
)
def test_a_committer_that_ends_is_simply_run_again(
    store: Store, location: Location, when: str, point: str
) -> None:
    commit(store, deliver(store, rows(range(10))))
    deliver(store, rows(range(5, 15)))
    deliver(store, rows(range(15, 20)))
    deliver(store, rows(range(3)))
    assert finish(start(act_until, location, "sweep", when, point)) == [KILLED]
    sweep(store)
    is_whole(store, 20)


@pytest.mark.parametrize(
    ("when", "point"),
    [("before", "part put"), ("after", "part put"), ("before", "table change"), ("after", "table change")],
)
def test_a_compaction_that_ends_is_simply_run_again(
    store: Store, location: Location, when: str, point: str
) -> None:
    commit(store, [*deliver(store, rows(range(10))), *deliver(store, rows(range(10, 20)))])
    assert finish(start(act_until, location, "compact", when, point)) == [KILLED]
    compact(store, LATER)
    assert len(tables.snapshot(store, LOGS).active) == 1
    is_whole(store, 20)


@pytest.mark.parametrize("when", ["before", "half way through", "after"])
def test_a_vacuum_that_ends_is_simply_run_again(store: Store, location: Location, when: str) -> None:
    commit(store, [*deliver(store, rows(range(10))), *deliver(store, rows(range(10, 20)))])
    compact(store, LATER)
    deliver(store, rows(range(20, 25)))
    assert finish(start(act_until, location, "vacuum", when, "deletion")) == [KILLED]
    assert stored(store) == once(rows(range(20)))
    sweep(store)
    is_whole(store, 25)


@pytest.mark.parametrize(
    ("when", "point"),
    [("after", "part put"), ("before", "table change"), ("after", "table change"), ("before", "deletion")],
)
def test_an_expiry_that_ends_is_simply_run_again(
    store: Store, location: Location, when: str, point: str
) -> None:
    commit(store, deliver(store, rows(range(10))))
    assert finish(start(act_until, location, "expire", when, point)) == [KILLED]
    expire(store, {"logs": {"eu-west-1": 30}}, VERY_LATE)
    assert len(list(store.list("removed"))) >= 1
    is_whole(store, 0)
