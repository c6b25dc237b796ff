"""Revisions: of rows that tell of the same thing differently the latest stays, however they come."""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from locations import Location
from store_children import KILLED, LATER, act_until, deliver_and_commit, finish, start
from store_rows import START, Row, deliver, files_on, sample, samples, stored, times

from store import compact as compaction
from store import tables
from store.commit import CommitResult, commit, pending, sweep
from store.compact import compact
from store.engine import connect, url
from store.objects import Store, open_store
from store.retention import vacuum
from store.schema import EVENTS, METRICS, SPANS, TABLES, Table
from store.verify import verify

REVISED = [table for table in TABLES.values() if table.revision]

each_table = pytest.mark.parametrize("table", REVISED, ids=lambda table: table.name)


def told(table: Table, number: int, observed: int, says: str = "", **columns: Any) -> Row:
    """What was observed so many seconds after START of the thing of that number."""
    at = START + timedelta(seconds=observed)
    return sample(table, number, observed_time=at, attributes=[("says", says)], **columns)


def content(store: Store, table: Table) -> Counter[tuple[Any, ...]]:
    return stored(store, "time, attributes['says']", table)


def says(*texts: str) -> Counter[tuple[Any, ...]]:
    """What `content` shows if the things from 0 on say this."""
    return Counter((START + timedelta(seconds=number), text) for number, text in enumerate(texts))


def in_turn(store: Store, table: Table, *deliveries: list[Row]) -> CommitResult:
    """Deliver and commit, one after the other; the last result."""
    return [commit(store, deliver(store, rows, table=table)) for rows in deliveries][-1]


def at_once(store: Store, table: Table, *deliveries: list[Row]) -> CommitResult:
    return commit(store, [file for rows in deliveries for file in deliver(store, rows, table=table)])


@pytest.mark.parametrize("way", [in_turn, at_once])
@each_table
def test_the_row_observed_last_stays_in_whatever_order_they_come(
    store: Store, table: Table, way: Callable[..., CommitResult]
) -> None:
    orders = list(itertools.permutations(["first", "second", "third"]))
    revisions = {"first": 10, "second": 20, "third": 30}
    deliveries = [
        [told(table, number, revisions[order[turn]], order[turn]) for number, order in enumerate(orders)]
        for turn in range(3)
    ]
    way(store, table, *deliveries)
    assert content(store, table) == says(*["third"] * len(orders))
    assert verify(store).problems == ()


@each_table
def test_what_is_replaced_is_counted(local_store: Store, table: Table) -> None:
    in_turn(local_store, table, [told(table, number, 10, "old") for number in range(5)])
    news = [told(table, 0, 20, "new"), told(table, 1, 5, "older"), told(table, 2, 20, "old")]
    result = in_turn(local_store, table, [*news, told(table, 5, 20, "new")])
    assert (result.rows, result.duplicates, result.replaced) == (2, 2, 1)
    assert content(local_store, table) == says("new", "old", "old", "old", "old", "new")


@pytest.mark.parametrize("observed", [5, 20])
@each_table
def test_what_is_observed_again_unchanged_is_not_written_again(
    local_store: Store, table: Table, observed: int
) -> None:
    in_turn(local_store, table, [told(table, number, 10) for number in range(5)])
    before = tables.snapshot(local_store, table).active
    again = in_turn(local_store, table, [told(table, number, observed) for number in range(5)])
    assert (again.rows, again.duplicates, again.replaced) == (0, 5, 0)
    assert tables.snapshot(local_store, table).active == before


@each_table
def test_the_order_of_a_map_is_no_change(local_store: Store, table: Table) -> None:
    entries = [("b", "2"), ("a", None), ("", "ü\0")]
    in_turn(local_store, table, [sample(table, 0, attributes=entries)])
    later = sample(table, 0, attributes=entries[::-1], observed_time=START + timedelta(hours=1))
    assert in_turn(local_store, table, [later]).duplicates == 1


@pytest.mark.parametrize("column", [("a", "3"), ("b", None), ("c", "1")])
def test_any_entry_of_a_map_is_a_change(local_store: Store, column: tuple[str, str | None]) -> None:
    in_turn(local_store, SPANS, [sample(SPANS, 0, attributes=[("a", "1"), ("b", "2")])])
    later = dict([("a", "1"), ("b", "2"), column])
    changed = sample(SPANS, 0, attributes=list(later.items()), observed_time=START + timedelta(hours=1))
    assert in_turn(local_store, SPANS, [changed]).replaced == 1


def test_a_value_that_is_lost_or_no_number_is_a_change(local_store: Store) -> None:
    values = [1.5, None, float("nan"), float("inf"), 0.1 + 0.2, 0.3]
    for observed, value in enumerate(values):
        in_turn(local_store, METRICS, [told(METRICS, 0, observed, value=value)])
        again = in_turn(local_store, METRICS, [told(METRICS, 0, observed + 1, value=value)])
        assert (again.rows, again.duplicates) == (0, 1)
    assert stored(local_store, "value", METRICS) == Counter([(0.3,)])


@each_table
def test_of_rows_observed_at_the_same_moment_the_same_one_stays_in_any_order(
    local_store: Store, table: Table
) -> None:
    orders = list(itertools.permutations(["one", "two", "three"]))
    for turn in range(3):
        rows = [told(table, 0, 10, order[turn], region=f"region-{n}") for n, order in enumerate(orders)]
        in_turn(local_store, table, rows)
    kept = stored(local_store, "attributes['says']", table)
    assert list(kept.values()) == [len(orders)]


@pytest.mark.parametrize("way", [in_turn, at_once])
@pytest.mark.parametrize("late", [False, True])
def test_a_span_in_progress_never_replaces_the_complete_one(
    local_store: Store, late: bool, way: Callable[..., CommitResult]
) -> None:
    running = told(SPANS, 0, 30, "running", duration_ms=None)
    complete = told(SPANS, 0, 20, "complete", duration_ms=12.5)
    way(local_store, SPANS, *([complete], [running]) if late else ([running], [complete]))
    assert content(local_store, SPANS) == says("complete")


def test_a_table_without_revision_keeps_the_row_that_came_first(local_store: Store) -> None:
    in_turn(local_store, EVENTS, [told(EVENTS, 0, 10, "first")])
    result = in_turn(local_store, EVENTS, [told(EVENTS, 0, 20, "second")])
    assert (result.rows, result.duplicates, result.replaced) == (0, 1, 0)
    assert content(local_store, EVENTS) == says("first")


@each_table
def test_the_neighbours_of_a_replaced_row_keep_every_value(local_store: Store, table: Table) -> None:
    some = samples(table, range(20))
    in_turn(local_store, table, some)
    columns = ", ".join(column.name for column in table.columns if column.type != "map")
    before = stored(local_store, f"{columns}, attributes::VARCHAR", table)
    in_turn(local_store, table, [told(table, 7, 100, "new")])
    kept = stored(local_store, f"{columns}, attributes::VARCHAR", table) & before
    assert sum(kept.values()) == 19
    assert stored(local_store, "region, time", table) == times(some)


@each_table
def test_a_file_without_a_row_left_leaves_the_table(local_store: Store, table: Table) -> None:
    old = deliver(local_store, [told(table, number, 10) for number in range(3)], table=table)
    commit(local_store, old)
    new = deliver(local_store, [told(table, number, 20, "new") for number in range(3)], table=table)
    commit(local_store, new)
    assert set(tables.snapshot(local_store, table).active) == {new[0].name}
    assert commit(local_store, old).known == old
    assert pending(local_store) == []


@each_table
def test_rows_are_replaced_in_compacted_files_which_stay_sorted(local_store: Store, table: Table) -> None:
    in_turn(local_store, table, *([told(table, number, 100)] for number in range(6)))
    compact(local_store, LATER)
    in_turn(local_store, table, [told(table, 2, 200, "new"), told(table, 6, 200, "new")])
    assert content(local_store, table) == says("", "", "new", "", "", "", "new")
    (part,) = (file for file in tables.snapshot(local_store, table).active.values() if "part-" in file.name)
    with connect(local_store) as connection:
        query = f"SELECT {', '.join(table.sort)} FROM read_parquet(?)"
        order = connection.execute(query, [url(local_store, f"{table.name}/{part.name}")]).fetchall()
    assert (len(order), order) == (5, sorted(order))
    compact(local_store, LATER)
    (file,) = tables.snapshot(local_store, table).active.values()
    assert file.rows == 7
    assert content(local_store, table) == says("", "", "new", "", "", "", "new")


def test_a_row_that_is_replaced_while_its_file_is_compacted_stays_replaced(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_turn(store, METRICS, *([told(METRICS, number, 10, "old")] for number in range(3)))
    swap = compaction._swap

    def replaced_meanwhile(*arguments: Any) -> bool:
        in_turn(store, METRICS, [told(METRICS, 1, 20, "new")])
        return swap(*arguments)

    monkeypatch.setattr(compaction, "_swap", replaced_meanwhile)
    assert compact(store, LATER).overtaken == ("metrics region=eu-west-1 day=2026-03-01",)
    assert content(store, METRICS) == says("old", "new", "old")
    monkeypatch.undo()
    assert compact(store, LATER).files_after == 1
    assert content(store, METRICS) == says("old", "new", "old")


@each_table
def test_only_files_of_the_same_time_are_read(local_store: Store, table: Table) -> None:
    (other,) = deliver(local_store, [told(table, 1000, 10)], table=table)
    commit(local_store, [other])
    local_store.put(other.path, b"whoever reads this fails")
    in_turn(local_store, table, [told(table, 0, 10)])
    assert in_turn(local_store, table, [told(table, 0, 20, "new")]).replaced == 1


@each_table
def test_a_committed_file_that_cannot_be_read_loses_nothing(store: Store, table: Table) -> None:
    (broken,) = deliver(store, [told(table, 0, 10)], table=table)
    commit(store, [broken])
    whole = store.get(broken.path)
    store.put(broken.path, b"broken")
    waits = deliver(store, [told(table, 0, 20, "new")], table=table)
    assert "cannot be compared" in commit(store, waits).failed[0].reason
    store.put(broken.path, whole)
    assert sweep(store).replaced == 1
    assert content(store, table) == says("new")


@pytest.mark.parametrize(
    ("when", "point"),
    [("before", "part put"), ("after", "part put"), ("before", "table change"), ("after", "table change")],
)
def test_a_committer_that_ends_while_it_replaces_is_simply_run_again(
    store: Store, location: Location, when: str, point: str
) -> None:
    in_turn(store, SPANS, [told(SPANS, number, 10, "old") for number in range(4)])
    in_turn(store, SPANS, [told(SPANS, number, 10, "old") for number in range(4, 8)])
    deliver(store, [told(SPANS, number, 20, "new") for number in (0, 1, 5, 8)], table=SPANS)
    assert finish(start(act_until, location, "sweep", when, point)) == [KILLED]
    sweep(store)
    assert content(store, SPANS) == says("new", "new", "old", "old", "old", "new", "old", "old", "new")
    vacuum(store, datetime.now(UTC) + timedelta(days=2), timedelta(0))
    assert files_on(store, SPANS) == {f"spans/{name}" for name in tables.snapshot(store, SPANS).active}
    assert verify(store).problems == ()


def test_many_committers_at_once_leave_the_latest_of_each(store: Store, location: Location) -> None:
    deliveries = [
        [[told(METRICS, number, 10 * turn + worker, f"{turn} {worker}") for number in range(worker, 8)]]
        for worker, turn in itertools.product(range(2), range(2))
    ]
    children = [start(deliver_and_commit, location, mine, METRICS) for mine in deliveries]
    assert finish(*children) == [0] * len(deliveries)
    assert content(store, METRICS) == says("1 0", *["1 1"] * 7)
    assert verify(store).problems == ()


@st.composite
def observations(draw: st.DrawFn) -> tuple[int, int, str]:
    """A thing, when it was observed, and what it said.

    What has changed does not change back; two observers may see different things in the same moment.
    """
    thing, version = draw(st.integers(0, 2)), draw(st.integers(0, 3))
    if version % 2:
        return thing, 10 * version, f"{version} {draw(st.sampled_from('ab'))}"
    return thing, 10 * version + draw(st.integers(0, 9)), str(version)


@settings(max_examples=8, deadline=None)
@given(st.lists(observations(), min_size=1, max_size=10), st.data())
def test_any_order_batches_repetitions_and_compactions_give_the_same_content(
    seen: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(seen + data.draw(st.lists(st.sampled_from(seen), max_size=5))))
    rows = [told(SPANS, *one) for one in shuffled]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        store, plain = open_store(folder), open_store(other)
        tables.ensure(store)
        tables.ensure(plain)
        net = 0
        while rows:
            size, segments = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 3))
            batch, rows = rows[:size], rows[size:]
            result = at_once(store, SPANS, *filter(None, (batch[i::segments] for i in range(segments))))
            net += result.rows - result.replaced
            if data.draw(st.booleans()):
                compact(store, LATER)
        in_turn(plain, SPANS, [told(SPANS, *one) for one in sorted(seen)])
        assert content(store, SPANS) == content(plain, SPANS)
        latest = {
            thing: max(version for other, _, version in seen if other == thing)[0] for thing, _, _ in seen
        }
        kept = {thing.second: text[0] for thing, text in content(store, SPANS)}
        assert (kept, net) == (latest, len(latest))
        assert pending(store) == []
