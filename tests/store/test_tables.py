"""Tables: made once, by whoever comes first, widened when the schema grows, changed in one step."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake.exceptions import SchemaMismatchError, TableNotFoundError
from locations import Location
from store_rows import deliver, rows

from store import schema, tables
from store.commit import commit
from store.objects import Store, open_store
from store.schema import LOGS, Column


def test_making_the_tables_again_changes_nothing(store: Store) -> None:
    version = tables.load(store, LOGS).version()
    tables.ensure(store)
    assert tables.load(store, LOGS).version() == version


def test_a_table_is_made_once_however_many_processes_come_at_once(location: Location) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: tables.ensure(location.open()), range(4)))
    assert tables.load(location.open(), LOGS).version() == 0


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableNotFoundError, match=f"{tmp_path}.*logs"):
        tables.load(open_store(str(tmp_path)), LOGS)


def test_a_store_in_memory_is_refused_tables() -> None:
    with pytest.raises(ValueError, match="memory"):
        tables.ensure(open_store("memory://"))


def test_the_log_remembers_segments_longer_than_removed_files_stay_and_messages_live(store: Store) -> None:
    configuration = tables.load(store, LOGS).metadata().configuration
    assert configuration == tables.PROPERTIES
    assert tables.MEMORY > tables.VACUUM_AFTER
    assert tables.MEMORY.days > 14  # the longest an SQS queue keeps a message


def test_a_new_column_is_added_to_an_old_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    wider = replace(LOGS, columns=(*LOGS.columns, Column("tenant", "string", "whose it is")))
    monkeypatch.setitem(schema.TABLES, "logs", wider)
    tables.ensure(store)
    tables.ensure(store)
    names = [field.name for field in tables.load(store, wider).schema().fields]
    assert names == [column.name for column in wider.columns]


def test_a_column_of_another_type_is_an_error_that_names_it(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = tuple(replace(one, type="string") if one.name == "http_status" else one for one in LOGS.columns)
    monkeypatch.setitem(schema.TABLES, "logs", replace(LOGS, columns=columns))
    with pytest.raises(SchemaMismatchError, match=r"logs\.http_status.*integer.*string"):
        tables.ensure(local_store)


def test_a_change_based_on_an_old_version_does_nothing(store: Store) -> None:
    old = tables.snapshot(store, LOGS)
    commit(store, deliver(store, rows(range(3))))
    newest = tables.snapshot(store, LOGS)
    removals = [
        tables.remove_action(file.name, file.region, file.day, file.size, True)
        for file in newest.active.values()
    ]
    assert not tables.change(old, removals)
    assert tables.snapshot(store, LOGS).active == newest.active
    assert tables.change(newest, removals)
    gone = tables.snapshot(store, LOGS)
    assert gone.active == {}
    assert all(gone.knows(name) for name in newest.active)


def test_attempts_end_with_an_error_that_says_nothing_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ATTEMPTS", 3)
    with pytest.raises(tables.Busy, match="committing to logs: 3 attempts"):
        list(tables.attempts("committing to logs"))
