"""The committer: each row exactly once, whatever is delivered again and whatever is broken beside it."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_rows import START, deliver, once, row, rows, stored

from store import commit as committer
from store import tables
from store.commit import commit, pending, sweep
from store.layout import DataFile
from store.objects import Store, open_store
from store.schema import LOGS


def test_a_committed_segment_shows_its_rows(store: Store) -> None:
    some = rows(range(100))
    result = commit(store, deliver(store, some))
    assert (len(result.committed), result.rows, result.duplicates, result.failed) == (1, 100, 0, ())
    assert stored(store) == once(some)


def test_a_segment_announced_twice_is_committed_once(store: Store) -> None:
    files = deliver(store, rows(range(10)))
    commit(store, [*files, *files])
    again = commit(store, files)
    assert (again.committed, again.known, again.rows) == ((), files, 0)
    assert stored(store) == once(rows(range(10)))


def test_the_table_can_be_asked_whether_a_segment_was_committed(store: Store) -> None:
    (file,) = deliver(store, rows(range(10)))
    commit(store, [file])
    assert tables.load(store, LOGS).transaction_version(file.name) == 1


def test_many_segments_are_one_version_of_the_table(store: Store) -> None:
    files = [file for start in range(0, 50, 5) for file in deliver(store, rows(range(start, start + 5)))]
    commit(store, files)
    assert tables.load(store, LOGS).version() == 1
    assert stored(store) == once(rows(range(50)))


def test_more_segments_than_one_commit_takes_are_all_committed(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "BATCH", 4)
    files = [file for number in range(10) for file in deliver(local_store, rows([number, number + 1]))]
    result = commit(local_store, files)
    assert (len(result.committed), result.rows, result.duplicates) == (10, 11, 9)
    assert stored(local_store) == once(rows(range(11)))


def test_rows_delivered_again_in_another_batch_are_dropped(store: Store) -> None:
    commit(store, deliver(store, rows(range(100))))
    result = commit(store, deliver(store, rows(range(50, 150))))
    assert (result.rows, result.duplicates) == (50, 50)
    assert stored(store) == once(rows(range(150)))


def test_rows_delivered_twice_within_one_commit_are_dropped(store: Store) -> None:
    files = [*deliver(store, rows(range(60))), *deliver(store, rows(range(40, 100)))]
    result = commit(store, files)
    assert (result.rows, result.duplicates) == (100, 20)
    assert stored(store) == once(rows(range(100)))


def test_a_row_that_one_segment_holds_twice_is_kept_once(store: Store) -> None:
    result = commit(store, deliver(store, [*rows(range(10)), *rows(range(5))]))
    assert (result.rows, result.duplicates) == (10, 5)
    assert stored(store) == once(rows(range(10)))


def test_a_segment_of_nothing_new_is_remembered_and_not_asked_about_again(store: Store) -> None:
    commit(store, deliver(store, rows(range(10))))
    files = deliver(store, rows(range(3, 7)))
    assert commit(store, files).duplicates == 4
    assert commit(store, files).known == files
    assert pending(store) == []
    assert stored(store) == once(rows(range(10)))


def test_columns_without_a_value_count_as_equal(store: Store) -> None:
    bare = [row(number, account_id=None, log_group=None, log_stream=None) for number in range(10)]
    commit(store, deliver(store, bare))
    result = commit(store, deliver(store, bare, salt="again"))
    assert (result.rows, result.duplicates) == (0, 10)


@pytest.mark.parametrize(
    "change",
    [
        {"region": "us-east-1"},
        {"log_stream": "other"},
        {"account_id": None},
        {"event_id": "other"},
        {"time": START + timedelta(days=1)},
    ],
)
def test_rows_that_differ_in_what_identifies_them_are_both_kept(
    local_store: Store, change: dict[str, Any]
) -> None:
    commit(local_store, deliver(local_store, [row(0)]))
    result = commit(local_store, deliver(local_store, [row(0, **change)]))
    assert (result.rows, result.duplicates) == (1, 0)
    assert sum(stored(local_store).values()) == 2


def test_of_two_equal_rows_the_one_committed_first_stays(store: Store) -> None:
    commit(store, deliver(store, [row(0, body="first")]))
    commit(store, deliver(store, [row(0, body="second"), row(1, body="new")]))
    assert set(stored(store, "body")) == {("first",), ("new",)}


def test_a_rewritten_segment_keeps_every_value_of_its_new_rows(store: Store) -> None:
    ugly = row(1, body="\0 ünïcode \r\n'", user_id="\0", attributes=[("a.b", "1"), ("c", None), ("", "")])
    commit(store, deliver(store, [row(0)]))
    commit(store, deliver(store, [row(0), ugly]))
    columns = "time, observed_time, service, severity_number, body, user_id, request_id, duration_ms"
    expected = tuple(ugly[name] for name in columns.split(", "))
    assert expected in stored(store, columns)
    assert ("{a.b=1, c=NULL, ''=''}",) in stored(store, "attributes::VARCHAR")


def test_a_segment_that_is_missing_does_not_hold_up_the_others(store: Store) -> None:
    good, gone = deliver(store, rows(range(5))), deliver(store, rows(range(5, 9)))
    store.delete(file.path for file in gone)
    result = commit(store, [*good, *gone])
    assert result.committed == good
    assert [(one.file, "NotFound" in one.reason) for one in result.failed] == [(gone[0], True)]


def test_a_segment_that_is_gone_because_it_was_committed_long_ago_is_no_failure(store: Store) -> None:
    (file,) = deliver(store, rows(range(5)))
    commit(store, [file])
    snapshot = tables.snapshot(store, LOGS)
    tables.change(snapshot, [tables.remove_action(file.name, file.region, file.day, 1, True)])
    store.delete([file.path])
    assert commit(store, [file]).known == (file,)


def test_segments_that_are_unreadable_stay_and_do_not_hold_up_the_others(store: Store) -> None:
    good = deliver(store, rows(range(5)))
    broken = [b"", b"PAR1", b"x" * 500, b"PAR1" + b"\0" * 500 + b"\xff\xff\xff\xffPAR1"]
    bad = [DataFile("logs", "eu-west-1", good[0].day, f"{number:032x}") for number in range(4)]
    for file, content in zip(bad, broken, strict=True):
        store.put(file.path, content)
    result = sweep(store)
    assert result.committed == good
    assert [one.file for one in result.failed] == bad
    assert pending(store) == bad
    assert stored(store) == once(rows(range(5)))


def test_a_segment_cut_short_is_reported_and_not_committed(store: Store) -> None:
    (file,) = deliver(store, rows(range(500)))
    store.put(file.path, store.get(file.path)[:-20])
    assert [one.file for one in commit(store, [file]).failed] == [file]
    assert stored(store) == once([])


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"time": [START], "http_status": ["200"]}, "column http_status is VARCHAR, must be INTEGER"),
        ({"body": ["no time"]}, "column time is missing"),
    ],
)
def test_a_file_that_does_not_fit_the_table_is_refused_and_its_neighbours_are_not(
    store: Store, tmp_path: Path, columns: dict[str, list[Any]], reason: str
) -> None:
    good = deliver(store, rows(range(3)))
    foreign = DataFile("logs", "eu-west-1", good[0].day, "f" * 32)
    pq.write_table(pa.table(columns), tmp_path / "foreign")
    store.put(foreign.path, tmp_path / "foreign")
    result = sweep(store)
    assert [(one.file, reason in one.reason) for one in result.failed] == [(foreign, True)]
    assert result.committed == good


def test_a_segment_of_an_unknown_table_is_reported(local_store: Store) -> None:
    file = DataFile("traces", "eu-west-1", START.date(), "f" * 32)
    (failed,) = commit(local_store, [file]).failed
    assert (failed.file, failed.reason) == (file, "no table is called traces")


def test_a_committed_file_that_cannot_be_read_holds_up_only_its_own_day(store: Store) -> None:
    (broken,) = deliver(store, rows(range(5)))
    commit(store, [broken])
    store.put(broken.path, b"broken")
    other = deliver(store, rows(range(5), region="us-east-1"))
    late = deliver(store, rows(range(3, 8)))
    result = commit(store, [*late, *other])
    assert result.committed == other
    assert [one.file for one in result.failed] == list(late)
    assert "cannot be compared" in result.failed[0].reason


def test_a_file_that_the_committer_made_is_never_taken_for_a_segment(store: Store) -> None:
    commit(store, deliver(store, rows(range(10))))
    commit(store, deliver(store, rows(range(5, 15))))
    made = [name for name in tables.snapshot(store, LOGS).active if "part-" in name]
    assert len(made) == 1
    orphan = DataFile("logs", "eu-west-1", START.date(), "f" * 32, part=True)
    store.put(orphan.path, b"left over")
    assert pending(store) == []
    assert commit(store, [orphan]) == committer.CommitResult()


def test_the_sweep_finds_segments_whose_notification_was_lost(store: Store) -> None:
    first, second = deliver(store, rows(range(5))), deliver(store, rows(range(5, 9), region="us-east-1"))
    assert pending(store) == sorted([*first, *second])
    commit(store, first)
    assert pending(store) == list(second)
    assert sweep(store).rows == 4
    assert sweep(store) == committer.CommitResult()


def test_a_late_segment_lands_in_the_day_its_events_happened(store: Store) -> None:
    commit(store, deliver(store, rows(range(5))))
    old = rows(range(5, 8), time=START - timedelta(days=400))
    commit(store, deliver(store, old))
    days = {file.day for file in tables.snapshot(store, LOGS).active.values()}
    assert days == {START.date(), (START - timedelta(days=400)).date()}
    assert stored(store) == once([*rows(range(5)), *old])


def test_the_log_holds_the_bounds_by_which_engines_skip_files(store: Store) -> None:
    commit(store, deliver(store, [row(1, user_id="b"), row(2, user_id="a"), row(3, user_id=None)]))
    (file,) = tables.snapshot(store, LOGS).active.values()
    assert file.rows == 3
    assert (file.low["time"], file.high["time"]) == (row(1)["time"], row(3)["time"])
    assert (file.low["user_id"], file.high["user_id"], file.nulls["user_id"]) == ("a", "b", 1)


def test_an_endless_user_name_does_not_swell_the_log(store: Store) -> None:
    commit(store, deliver(store, [row(1, user_id="a" * 100_000), row(2, user_id="a")]))
    (file,) = tables.snapshot(store, LOGS).active.values()
    assert file.low["user_id"] == "a"
    assert file.high["user_id"] > "a" * 100_000
    assert len(file.high["user_id"]) < 200


numbers = st.lists(st.integers(0, 30), min_size=1, max_size=12)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.lists(numbers, min_size=1, max_size=3), min_size=1, max_size=4))
def test_any_deliveries_in_any_order_and_batches_give_each_row_once(batches: list[list[list[int]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder)
        tables.ensure(store)
        kept = 0
        for batch in batches:
            files = [file for delivery in batch for file in deliver(store, rows(delivery))]
            kept += commit(store, files).rows
        seen = {number for batch in batches for delivery in batch for number in delivery}
        assert stored(store) == once(rows(seen))
        assert kept == len(seen)
        assert pending(store) == []
