"""Retention: whole days leave, with a record; files go when nobody can need them, waiting segments never."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta

import pytest
from store_rows import START, deliver, files_on, once, row, rows, stored

from store import quarantine, tables
from store.commit import commit, pending, sweep
from store.compact import compact
from store.layout import DataFile
from store.objects import Store
from store.quarantine import Rejected
from store.retention import Removed, expire, vacuum
from store.schema import LOGS
from store.zone import Zone

NONE = timedelta(0)


def on(day: int, number: int, region: str = "eu-west-1") -> dict[str, object]:
    return row(number, region, time=START + timedelta(days=day))


def fill(store: Store) -> list[dict[str, object]]:
    """One row on each of ten days in one region, and one old row in another."""
    some = [on(day, day) for day in range(10)] + [on(0, 100, "us-east-1")]
    commit(store, deliver(store, some))
    return some


def test_days_that_ended_long_enough_ago_leave_and_the_others_stay(store: Store) -> None:
    some = fill(store)
    now = datetime(2026, 3, 11, 0, 0, tzinfo=UTC)
    result = expire(store, {"logs": {"eu-west-1": 7}}, now)
    assert [one.day for one in result.removed] == [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]
    assert stored(store) == once(some[3:])
    assert expire(store, {"logs": {"eu-west-1": 7}}, now).removed == ()


def test_a_day_is_kept_until_its_last_event_is_old_enough(local_store: Store) -> None:
    commit(local_store, deliver(local_store, [on(0, 0)]))
    days = {"logs": {"eu-west-1": 1}}
    assert not expire(local_store, days, datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)).removed
    assert expire(local_store, days, datetime(2026, 3, 3, tzinfo=UTC)).removed


def test_a_dry_run_says_the_same_and_changes_nothing(store: Store) -> None:
    some = fill(store)
    now = START + timedelta(days=30)
    dry = expire(store, {"logs": {"eu-west-1": 25}}, now, dry_run=True, vacuum_after=NONE)
    assert stored(store) == once(some)
    assert list(store.list("removed")) == []
    assert expire(store, {"logs": {"eu-west-1": 25}}, now).removed == dry.removed


def test_what_was_removed_is_written_down(store: Store) -> None:
    fill(store)
    now = START + timedelta(days=8)
    names = {file.name for file in tables.snapshot(store, LOGS).active.values() if file.day == START.date()}
    expire(store, {"logs": {"eu-west-1": 7, "us-east-1": 7}}, now)
    (record,) = store.list("removed")
    content = json.loads(store.get(record.path))
    assert record.path.startswith("removed/2026-03-09/")
    assert (content["reason"], content["at"], set(content["files"])) == ("retention", now.isoformat(), names)
    regions = [(one["region"], one["day"], one["files"], one["rows"]) for one in content["removed"]]
    assert regions == [("eu-west-1", "2026-03-01", 1, 1), ("us-east-1", "2026-03-01", 1, 1)]


def test_removed_files_stay_for_readers_in_flight_and_then_go(store: Store) -> None:
    fill(store)
    before = files_on(store)
    days = {"logs": {"eu-west-1": 25}}
    assert expire(store, days, START + timedelta(days=30)).deleted == ()
    assert files_on(store) == before
    deleted = expire(store, days, START + timedelta(days=30), vacuum_after=NONE).deleted
    assert {item.path for item in deleted} == before - files_on(store)
    assert len(deleted) == 5


def test_removed_rows_do_not_come_back_with_the_sweep(store: Store) -> None:
    fill(store)
    expire(store, {"logs": {"eu-west-1": 1, "us-east-1": 1}}, START + timedelta(days=30))
    assert pending(store) == []
    assert sweep(store).rows == 0
    assert stored(store) == once([])


def test_a_segment_that_waits_is_not_vacuumed(store: Store) -> None:
    waits = deliver(store, rows(range(5)))
    vacuum(store, START + timedelta(days=3000), NONE)
    assert pending(store) == list(waits)


def test_files_that_compaction_replaced_are_vacuumed_after_their_time(store: Store) -> None:
    for number in range(3):
        commit(store, deliver(store, [row(number)]))
    compact(store, START + timedelta(days=5))
    assert vacuum(store) == []
    assert len(vacuum(store, after=NONE)) == 3
    assert vacuum(store, after=NONE) == []
    assert stored(store) == once(rows(range(3)))


def test_a_part_that_no_change_took_up_is_deleted_after_a_day(store: Store) -> None:
    commit(store, deliver(store, rows(range(3))))
    orphan = DataFile("logs", "eu-west-1", START.date(), "f" * 32, part=True)
    store.put(orphan.path, b"left over")
    now = datetime.now(UTC)
    assert vacuum(store, now + timedelta(hours=23)) == []
    assert [item.path for item in vacuum(store, now + timedelta(hours=25))] == [orphan.path]
    assert stored(store) == once(rows(range(3)))


def test_quarantined_records_expire_too(store: Store) -> None:
    for day in (date(2026, 3, 1), date(2026, 3, 5)):
        quarantine.put(store, Zone("open"), "eu-west-1", day, [Rejected("why", b"x", {"day": str(day)})])
    days = {"quarantine": {"eu-west-1": 3}}
    (removed,) = expire(store, days, datetime(2026, 3, 6, tzinfo=UTC)).removed
    assert removed == Removed("quarantine", "eu-west-1", date(2026, 3, 1), 1, None, removed.bytes)
    assert [entry.day for entry in quarantine.entries(store)] == [date(2026, 3, 5)]
    assert len(list(store.list("removed"))) == 1


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ({"lgos": {"eu-west-1": 1}}, "'lgos'.*logs"),
        ({"logs": {"eu-west-1": 0}}, "logs in eu-west-1 is 0 days"),
    ],
)
def test_a_rule_that_makes_no_sense_removes_nothing(
    local_store: Store, days: dict[str, dict[str, int]], message: str
) -> None:
    some = fill(local_store)
    with pytest.raises(ValueError, match=message):
        expire(local_store, days, START + timedelta(days=30))
    assert stored(local_store) == once(some)


def test_a_vacuum_goes_on_where_another_stopped(local_store: Store) -> None:
    for number in range(3):
        commit(local_store, deliver(local_store, [row(number)]))
    old = sorted(files_on(local_store))
    compact(local_store, START + timedelta(days=5))
    assert local_store.local_root
    os.remove(local_store.local_root / old[1])
    assert {item.path for item in vacuum(local_store, after=NONE)} == {old[0], old[2]}
