"""The committer: registers new segments in their Delta table, each row exactly once.

It can be killed anywhere and run again, and any number may run at once: what a table holds is decided by one
atomic step, and a committer that was overtaken looks again before it tries again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from deltalake.transaction import AddAction, RemoveAction, Transaction

from store import engine, layout, parts, tables
from store.drafts import Draft, Failed, examine, new_rows
from store.engine import Workspace
from store.layout import DataFile
from store.objects import Store
from store.schema import TABLES, Table
from store.tables import Snapshot

BATCH = 200  # segments in one commit: bounds the memory, and the work lost when another commit comes first


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What became of the segments: committed now, known from before, or failed and left where they are.

    `rows` were added; `duplicates` were in the committed segments and had been delivered before.
    """

    committed: tuple[DataFile, ...] = ()
    known: tuple[DataFile, ...] = ()
    failed: tuple[Failed, ...] = ()
    rows: int = 0
    duplicates: int = 0

    def __add__(self, other: CommitResult) -> CommitResult:
        return CommitResult(
            self.committed + other.committed,
            self.known + other.known,
            self.failed + other.failed,
            self.rows + other.rows,
            self.duplicates + other.duplicates,
        )


def commit(store: Store, files: Iterable[DataFile]) -> CommitResult:
    """Register segments. Files that are parts are not segments and are passed over.

    Raises tables.Busy when other processes keep committing first; then nothing is lost, and nothing twice.
    """
    segments = sorted({file for file in files if not file.part})
    result = CommitResult()
    for name, group in groupby(segments, key=lambda file: file.table):
        batch = list(group)
        if name not in TABLES:
            result += CommitResult(failed=tuple(Failed(file, f"no table is called {name}") for file in batch))
            continue
        for start in range(0, len(batch), BATCH):
            result += _commit(store, TABLES[name], batch[start : start + BATCH])
    return result


def sweep(store: Store) -> CommitResult:
    """Commit the segments whose notification was lost."""
    return commit(store, pending(store))


def pending(store: Store) -> list[DataFile]:
    """The segments that are in no table's log, in order."""
    return sorted(waiting(store))


def waiting(store: Store) -> dict[DataFile, datetime]:
    """The segments that are in no table's log, and since when they lie there."""
    found: dict[DataFile, datetime] = {}
    for table in TABLES.values():
        there = [(layout.data_file(item.path), item.modified) for item in store.list(table.name)]
        snapshot = tables.snapshot(store, table)  # after the listing: a file committed meanwhile is known
        found |= {
            file: when for file, when in there if file and not file.part and not snapshot.knows(file.name)
        }
    return found


def _commit(store: Store, table: Table, files: Sequence[DataFile]) -> CommitResult:
    with engine.workspace(store) as work:
        for _ in tables.attempts(f"committing to {table.name}"):
            snapshot = tables.snapshot(store, table)
            new = [file for file in files if not snapshot.knows(file.name)]
            staged, failed = _stage_all(work, table, snapshot, new)
            actions = [action for one in staged for action in one.actions]
            if not staged or tables.change(snapshot, actions, _transactions(staged)):
                return _result(snapshot, files, staged, failed)
            parts.discard(store, table, [one.part for one in staged if one.part])
    raise AssertionError("attempts() either yields or raises")


@dataclass(frozen=True, slots=True)
class _Staged:
    """A segment ready to be committed: what the log shall say of it, and the part made of it, if any."""

    draft: Draft
    actions: list[AddAction | RemoveAction]
    part: DataFile | None = None


def _stage_all(
    work: Workspace, table: Table, snapshot: Snapshot, segments: Sequence[DataFile]
) -> tuple[list[_Staged], list[Failed]]:
    staged: list[_Staged] = []
    failed: list[Failed] = []
    for place, partition in groupby(segments, key=lambda file: (file.region, file.day)):
        committed = [file for file in snapshot.active.values() if (file.region, file.day) == place]
        readable, unreadable = examine(work, table, committed, list(partition))
        staged += [_stage(work, table, draft) for draft in readable]
        failed += unreadable
    return staged, failed


def _stage(work: Workspace, table: Table, draft: Draft) -> _Staged:
    file = draft.file
    if draft.statistics.rows and not draft.duplicates:
        return _Staged(draft, [parts.add_action(file, draft.size, draft.statistics, data_change=True)])
    # The log notes that the segment is dealt with though it is not in the table; vacuum deletes it.
    given_up = tables.remove_action(file.name, file.region, file.day, draft.size, data_change=False)
    if not draft.statistics.rows:
        return _Staged(draft, [given_up])
    part = replace(file, id=parts.new_id(), part=True)
    output = work.folder / part.id
    parts.write(work.connection, new_rows(work, table, draft), output)
    work.store.put(part.path, output)
    add = parts.add_action(part, output.stat().st_size, draft.statistics, data_change=True)
    output.unlink()
    return _Staged(draft, [add, given_up], part)


def _transactions(staged: Sequence[_Staged]) -> list[Transaction]:
    """One application transaction per segment: any Delta engine can ask whether it was committed."""
    now = tables.now_ms()
    return [Transaction(one.draft.file.name, 1, now) for one in staged]


def _result(
    snapshot: Snapshot, files: Sequence[DataFile], staged: Sequence[_Staged], failed: Sequence[Failed]
) -> CommitResult:
    # Of a file that is gone the transaction may still tell that it was committed once.
    past = {one.file for one in failed if snapshot.delta.transaction_version(one.file.name) is not None}
    return CommitResult(
        tuple(one.draft.file for one in staged),
        tuple(file for file in files if file in past or snapshot.knows(file.name)),
        tuple(one for one in failed if one.file not in past),
        sum(one.draft.statistics.rows for one in staged),
        sum(one.draft.duplicates for one in staged),
    )
