"""Many at once: committers, threads and processes, and a compaction among them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from locations import Location
from store_children import compact_times, deliver_and_commit, finish, start
from store_rows import deliver, files_on, once, rows, stored

from store import tables
from store.commit import CommitResult, commit, pending
from store.objects import Store
from store.schema import LOGS
from store.verify import verify


def test_many_committers_of_overlapping_deliveries_leave_each_row_once(
    store: Store, location: Location
) -> None:
    deliveries = [[rows(range(n, n + 20)) for n in range(worker, 30, 10)] for worker in range(3)]
    assert finish(*(start(deliver_and_commit, location, mine) for mine in deliveries)) == [0] * 3
    assert stored(store) == once(rows(range(42)))
    assert verify(store).problems == ()


def test_committers_that_get_the_same_segments_commit_them_once(local_store: Store) -> None:
    files = [file for n in range(0, 40, 4) for file in deliver(local_store, rows(range(n, n + 6)))]
    with ThreadPoolExecutor(4) as pool:
        results: list[CommitResult] = list(pool.map(lambda _: commit(local_store, files), range(4)))
    assert stored(local_store) == once(rows(range(42)))
    assert sum(result.rows for result in results) == 42
    assert sorted(file for result in results for file in result.committed) == sorted(files)


def test_committers_and_compactions_at_once_lose_nothing(store: Store, location: Location) -> None:
    commit(store, deliver(store, rows(range(10))))
    deliveries = [[rows(range(n, n + 15)) for n in range(worker * 5, 45, 15)] for worker in range(2)]
    committers = [start(deliver_and_commit, location, mine) for mine in deliveries]
    compactions = [start(compact_times, location, 3) for _ in range(2)]
    assert finish(*committers, *compactions) == [0] * 4
    assert stored(store) == once(rows(range(50)))
    assert verify(store).problems == ()


def test_a_committer_that_is_always_overtaken_says_so_and_leaves_nothing_behind(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(local_store, deliver(local_store, rows(range(10))))
    waits = deliver(local_store, rows(range(5, 15)))
    monkeypatch.setattr(tables, "ATTEMPTS", 3)
    monkeypatch.setattr(tables, "change", lambda *_, **__: False)
    with pytest.raises(tables.Busy):
        commit(local_store, waits)
    assert pending(local_store) == list(waits)
    active = {f"logs/{name}" for name in tables.snapshot(local_store, LOGS).active}
    assert files_on(local_store) == active | {waits[0].path}


def test_a_commit_whose_answer_was_lost_is_not_undone(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(local_store, deliver(local_store, rows(range(10))))
    real = tables.change
    monkeypatch.setattr(tables, "change", lambda *args, **options: real(*args, **options) and False)
    commit(local_store, deliver(local_store, rows(range(5, 15))))
    assert stored(local_store) == once(rows(range(15)))
    assert verify(local_store).problems == ()
