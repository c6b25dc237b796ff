"""Verification: says nothing about a sound store, and names the object when something is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from store_rows import START, deliver, rows

from store import parts, quarantine, tables, verify
from store.commit import commit
from store.compact import compact
from store.objects import Store
from store.parts import Statistics
from store.quarantine import Rejected
from store.schema import LOGS
from store.verify import Problem, Report
from store.zone import Zone


def test_a_sound_store_has_no_problems(store: Store) -> None:
    assert verify.verify(store) == Report(0, 0, 0, 0, ())
    commit(store, deliver(store, rows(range(10))))
    commit(store, deliver(store, rows(range(5, 15))))
    deliver(store, rows(range(20, 25)))
    quarantine.put(store, Zone("open"), "eu-west-1", date(2026, 3, 1), [Rejected("why", b"x", {})] * 3)
    assert verify.verify(store) == Report(files=2, rows=15, waiting=1, quarantined=3, problems=())
    compact(store, START + timedelta(days=5))
    assert verify.verify(store) == Report(files=1, rows=15, waiting=1, quarantined=3, problems=())


def test_a_committed_file_that_is_gone_is_named(store: Store) -> None:
    (file,) = deliver(store, rows(range(10)))
    commit(store, [file])
    store.delete([file.path])
    assert verify.verify(store).problems == (Problem(file.path, "is committed and not there"),)


def test_a_committed_file_that_was_cut_short_is_named(store: Store) -> None:
    (file,) = deliver(store, rows(range(10)))
    commit(store, [file])
    whole = store.get(file.path)
    store.put(file.path, whole[:-1])
    said = f"has {len(whole) - 1} bytes, the log says {len(whole)}"
    assert verify.verify(store).problems == (Problem(file.path, said),)


def test_committed_files_that_cannot_be_read_are_named_among_many(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "FOOTERS", 3)
    files = [file for number in range(10) for file in deliver(store, rows([number]))]
    commit(store, files)
    for file in files[2:4]:
        store.put(file.path, b"x" * store.info(file.path).size)
    expected = {Problem(file.path, "cannot be read as Parquet") for file in files[2:4]}
    assert set(verify.verify(store).problems) == expected


def test_a_file_that_holds_other_rows_than_the_log_says_is_named(store: Store) -> None:
    (file,) = deliver(store, rows(range(10)))
    size = store.info(file.path).size
    said = Statistics(rows=11, low={}, high={}, nulls={})
    tables.change(tables.snapshot(store, LOGS), [parts.add_action(file, size, said, data_change=True)])
    assert verify.verify(store).problems == (Problem(file.path, "has 10 rows, the log says 11"),)


def test_a_segment_that_waits_for_more_than_an_hour_is_named(store: Store) -> None:
    (file,) = deliver(store, rows(range(10)))
    now = datetime.now(UTC)
    assert verify.verify(store, now + timedelta(minutes=55)).problems == ()
    (problem,) = verify.verify(store, now + timedelta(minutes=65)).problems
    assert problem.path == file.path
    assert "waits for its commit" in problem.what


def test_a_damaged_quarantine_file_is_named_and_the_others_are_counted(store: Store) -> None:
    for text in (b"a", b"b"):
        quarantine.put(store, Zone("open"), "eu-west-1", date(2026, 3, 1), [Rejected("why", text, {})])
    damaged = quarantine.paths(store)[0]
    store.put(damaged, store.get(damaged)[:-5])
    report = verify.verify(store)
    assert report.quarantined == 1
    assert report.problems == (Problem(damaged, "cannot be read as a quarantine file"),)
