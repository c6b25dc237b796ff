"""Compaction: other files, the same rows; sorted, with Bloom filters, and in nobody's way."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from store_rows import START, deliver, files_on, once, row, rows, stored

from store import compact as compaction
from store import parts, tables
from store.commit import commit, sweep
from store.compact import compact
from store.engine import connect, url
from store.objects import Store
from store.schema import LOGS

SAME_DAY = START + timedelta(hours=2)
LATER = START + timedelta(days=3)


def active(store: Store) -> list[tables.Active]:
    files = tables.snapshot(store, LOGS).active.values()
    return sorted(files, key=lambda file: (file.nulls["user_id"], str(file.low.get("user_id")), file.name))


def fill(store: Store, sizes: list[int]) -> int:
    """Commit segments of these many rows each; how many rows that is."""
    bounds = [0, *accumulate(sizes)]
    segments = [deliver(store, rows(range(start, end))) for start, end in pairwise(bounds)]
    commit(store, [file for files in segments for file in files])
    return bounds[-1]


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of 4,096 rows in row groups of 2,048, the smallest that DuckDB writes."""
    monkeypatch.setattr(parts, "ROW_GROUP_ROWS", 2048)
    monkeypatch.setattr(parts, "FILE_ROWS", 4096)


def test_the_small_files_of_an_open_day_become_one(store: Store) -> None:
    count = fill(store, [10, 20, 30])
    result = compact(store, SAME_DAY)
    assert (result.files_before, result.files_after, result.rows) == (3, 1, 60)
    assert stored(store) == once(rows(range(count)))
    assert compact(store, SAME_DAY) == compaction.CompactResult()


def test_a_file_with_more_rows_than_the_others_together_waits(local_store: Store) -> None:
    fill(local_store, [1000, 10, 10])
    assert compact(local_store, SAME_DAY).files_before == 2
    assert sorted(file.rows or 0 for file in active(local_store)) == [20, 1000]


def test_files_that_are_large_enough_are_left_alone_while_the_day_is_open(
    local_store: Store, small_files: None
) -> None:
    fill(local_store, [4096, 5000, 100, 100])
    assert compact(local_store, SAME_DAY).files_before == 2
    assert sorted(file.rows or 0 for file in active(local_store)) == [200, 4096, 5000]


def test_a_closed_day_becomes_one_sorted_run_of_files_by_user(local_store: Store, small_files: None) -> None:
    count = fill(local_store, [5000, 3000, 2000])
    compact(local_store, LATER)
    files = active(local_store)
    assert [file.rows for file in files] == [3333, 3333, 3334]
    keyed = [file for file in files if file.nulls["user_id"] < (file.rows or 0)]
    assert all(a.high["user_id"] <= b.low["user_id"] for a, b in pairwise(keyed))
    for file in files:
        assert is_sorted(local_store, file)
    assert stored(local_store) == once(rows(range(count)))


def is_sorted(store: Store, file: tables.Active) -> bool:
    with connect(store) as connection:
        found = connection.execute(
            "SELECT user_id, time FROM read_parquet(?, file_row_number = true) ORDER BY file_row_number",
            [url(store, f"logs/{file.name}")],
        ).fetchall()
    return found == sorted(found, key=lambda pair: (pair[0] is None, pair[0], pair[1]))


def test_a_closed_day_that_is_one_run_is_left_alone(store: Store) -> None:
    fill(store, [10, 20])
    assert compact(store, LATER).files_before == 2
    assert compact(store, LATER) == compaction.CompactResult()


@pytest.mark.parametrize("user", [None, "u", "u" * 500])
def test_a_day_of_one_user_or_none_is_one_run_too(
    local_store: Store, small_files: None, user: str | None
) -> None:
    commit(local_store, deliver(local_store, rows(range(9000), user_id=user)))
    assert compact(local_store, LATER).files_after == 3
    assert compact(local_store, LATER) == compaction.CompactResult()


def test_a_late_segment_opens_a_closed_day_again(store: Store) -> None:
    fill(store, [10])
    compact(store, LATER)
    commit(store, deliver(store, rows(range(5, 15))))
    assert compact(store, LATER).files_before == 2
    assert stored(store) == once(rows(range(15)))


def test_a_day_is_closed_when_its_grace_is_over(local_store: Store) -> None:
    fill(local_store, [10])
    midnight = datetime.combine(START.date() + timedelta(days=1), datetime.min.time(), START.tzinfo)
    grace = timedelta(hours=5)
    assert compact(local_store, midnight + grace - timedelta(seconds=1), grace).files_before == 0
    assert compact(local_store, midnight + grace, grace).files_before == 1


def test_each_region_and_day_is_merged_for_itself(store: Store) -> None:
    some = [row(n, region=region) for n in range(4) for region in ("eu-west-1", "us-east-1")]
    for one in [*some, *rows(range(4, 6), time=START - timedelta(days=1))]:
        deliver(store, [one])
    sweep(store)
    compact(store, LATER)
    assert sorted((file.region, file.rows) for file in active(store)) == [
        ("eu-west-1", 2),
        ("eu-west-1", 4),
        ("us-east-1", 4),
    ]


def test_ids_have_a_bloom_filter_even_if_all_differ(local_store: Store) -> None:
    commit(local_store, deliver(local_store, rows(range(20_000), body="a long text " * 30)))
    compact(local_store, LATER)
    (file,) = active(local_store)
    with connect(local_store) as connection:
        found = connection.execute(
            "SELECT path_in_schema FROM parquet_metadata(?) WHERE bloom_filter_offset IS NOT NULL",
            [url(local_store, f"logs/{file.name}")],
        ).fetchall()
    assert {name for (name,) in found} >= set(LOGS.bloom)


def test_every_value_survives(store: Store) -> None:
    text = "\0 ünïcode \U0010ffff \r\n'"
    ugly = row(1, body=text, user_id=text, request_id=text, attributes=[(text, text), ("b", None)])
    commit(store, deliver(store, [row(0), ugly]))
    columns = ", ".join(column.name for column in LOGS.columns if column.name != "attributes")
    before = stored(store, columns), stored(store, "attributes::VARCHAR")
    compact(store, LATER)
    assert (stored(store, columns), stored(store, "attributes::VARCHAR")) == before


def test_long_rows_are_sorted_in_little_memory(local_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROW_GROUP_BYTES", 20_000_000)
    long = [row(n, body=f"{n:09d}" * 1500) for n in range(10_000)]  # 135 MB of text
    for start in range(0, len(long), 500):
        deliver(local_store, long[start : start + 500])
    sweep(local_store)
    result = compact(local_store, LATER, memory=200_000_000)
    assert (result.rows, result.failed) == (10_000, ())
    assert all(is_sorted(local_store, file) for file in active(local_store))
    assert stored(local_store) == once(long)


def test_progress_counts_up_to_the_rows_there_are_to_merge(local_store: Store) -> None:
    fill(local_store, [10, 20])
    commit(local_store, deliver(local_store, rows(range(5), region="us-east-1")))
    seen: list[tuple[int, int]] = []
    compact(local_store, LATER, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(30, 35), (35, 35)]


def test_what_is_committed_meanwhile_survives(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, [10, 20])
    during(monkeypatch, lambda: commit(store, deliver(store, rows(range(25, 40)))))
    assert compact(store, LATER).files_before == 2
    assert stored(store) == once(rows(range(40)))


def test_the_second_of_two_compactions_leaves_no_trace(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, [10, 20])
    during(monkeypatch, lambda: compact(store, LATER))
    result = compact(store, LATER)
    assert result.overtaken == ("logs region=eu-west-1 day=2026-03-01",)
    assert stored(store) == once(rows(range(30)))
    assert len([path for path in files_on(store) if "part-" in path]) == 1


def during(monkeypatch: pytest.MonkeyPatch, act: object) -> None:
    """Let something happen once, between the making of a compaction's files and their commit."""
    swap = compaction._swap
    waiting = [act]

    def meanwhile(*arguments: object) -> bool:
        while waiting:
            waiting.pop()()  # type: ignore[operator]
        return swap(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(compaction, "_swap", meanwhile)


def test_a_file_that_cannot_be_read_is_reported_and_other_days_are_merged(store: Store) -> None:
    fill(store, [10])
    (broken,) = active(store)
    commit(store, deliver(store, rows(range(5), region="us-east-1")))
    store.put(f"logs/{broken.name}", b"broken")
    result = compact(store, LATER)
    assert (result.files_before, len(result.failed)) == (1, 1)
    assert "region=eu-west-1" in result.failed[0]
    assert broken.name in tables.snapshot(store, LOGS).active


def test_files_that_hold_other_rows_than_the_log_says_are_not_touched(store: Store, tmp_path: Path) -> None:
    (one,) = deliver(store, rows(range(10)))
    (other,) = deliver(store, rows(range(4)), salt="other")
    commit(store, [one])
    (tmp_path / "shorter").write_bytes(store.get(other.path))
    store.put(one.path, tmp_path / "shorter")
    (failed,) = compact(store, LATER).failed
    assert "hold 4 rows, the log says 10" in failed
    assert one.name in tables.snapshot(store, LOGS).active
