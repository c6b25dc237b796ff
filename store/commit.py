"""The committer: registers new segments in their Delta table, each row exactly once.

It can be killed anywhere and run again, and any number may run at once: what a table holds is decided by one
atomic step, and a committer that was overtaken looks again before it tries again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from deltalake.transaction import AddAction, RemoveAction, Transaction

from store import engine, layout, parts, tables
from store.drafts import Draft, Examined, Failed, Loss, examine, new_rows, rest
from store.engine import Workspace
from store.layout import DataFile
from store.objects import Store
from store.parts import Statistics
from store.schema import TABLES, Table
from store.tables import Snapshot

BATCH = 200  # segments in one commit: bounds the memory, and the work lost when another commit comes first


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What became of the segments: committed now, known from before, or failed and left where they are.

    `rows` were added; `duplicates` were in the committed segments and told nothing new; `replaced` had been
    committed before and were taken out for newer ones, so that the table has `rows - replaced` more.
    """

    committed: tuple[DataFile, ...] = ()
    known: tuple[DataFile, ...] = ()
    failed: tuple[Failed, ...] = ()
    rows: int = 0
    duplicates: int = 0
    replaced: int = 0

    def __add__(self, other: CommitResult) -> CommitResult:
        return CommitResult(
            self.committed + other.committed,
            self.known + other.known,
            self.failed + other.failed,
            self.rows + other.rows,
            self.duplicates + other.duplicates,
            self.replaced + other.replaced,
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
            staged = [_stage(work, table, snapshot, segments) for segments in _partitions(new)]
            actions = [action for one in staged for action in one.actions]
            if not actions or tables.change(snapshot, actions, _transactions(staged)):
                return _result(snapshot, files, [one.examined for one in staged])
            parts.discard(store, table, [part for one in staged for part in one.parts])
    raise AssertionError("attempts() either yields or raises")


def _partitions(segments: Sequence[DataFile]) -> Iterator[list[DataFile]]:
    for _, group in groupby(segments, key=lambda file: (file.region, file.day)):
        yield list(group)


@dataclass(frozen=True, slots=True)
class _Staged:
    """The segments of a partition, what the log shall say, and the parts that were made for it."""

    examined: Examined
    actions: list[AddAction | RemoveAction]
    parts: list[DataFile]


def _stage(work: Workspace, table: Table, snapshot: Snapshot, segments: Sequence[DataFile]) -> _Staged:
    place = segments[0]
    committed = [
        file for file in snapshot.active.values() if (file.region, file.day) == (place.region, place.day)
    ]
    staged = _Staged(examine(work, table, committed, segments), [], [])
    for draft in staged.examined.drafts:
        _stage_draft(work, table, draft, staged)
    for loss in staged.examined.losses:
        _stage_loss(work, table, place, loss, staged)
    return staged


def _stage_draft(work: Workspace, table: Table, draft: Draft, staged: _Staged) -> None:
    file = draft.file
    if draft.statistics.rows and not draft.duplicates:
        staged.actions.append(parts.add_action(file, draft.size, draft.statistics, data_change=True))
        return
    # The log notes that the segment is dealt with though it is not in the table; vacuum deletes it.
    given_up = tables.remove_action(file.name, file.region, file.day, draft.size, data_change=False)
    staged.actions.append(given_up)
    if draft.statistics.rows:
        _put_part(work, file, new_rows(work, table, draft), draft.statistics, staged)


def _stage_loss(work: Workspace, table: Table, place: DataFile, loss: Loss, staged: _Staged) -> None:
    file, kept = loss.file, rest(work, table, loss)
    staged.actions.append(tables.remove_action(file.name, file.region, file.day, file.size, data_change=True))
    if file.rows != loss.rows:
        _put_part(work, place, kept, parts.statistics(work.connection, table, kept), staged)


def _put_part(work: Workspace, place: DataFile, rows: str, statistics: Statistics, staged: _Staged) -> None:
    """Put a part with the rows of a SQL relation, in the place of a segment of the same partition."""
    part = replace(place, id=parts.new_id(), part=True)
    output = work.folder / part.id
    parts.write(work.connection, rows, output)
    staged.parts.append(part)
    work.store.put(part.path, output)
    staged.actions.append(parts.add_action(part, output.stat().st_size, statistics, data_change=True))
    output.unlink()


def _transactions(staged: Sequence[_Staged]) -> list[Transaction]:
    """One application transaction per segment: any Delta engine can ask whether it was committed."""
    now = tables.now_ms()
    return [Transaction(draft.file.name, 1, now) for one in staged for draft in one.examined.drafts]


def _result(snapshot: Snapshot, files: Sequence[DataFile], examined: Sequence[Examined]) -> CommitResult:
    drafts = [draft for one in examined for draft in one.drafts]
    failed = [failure for one in examined for failure in one.failed]
    # Of a file that is gone the transaction may still tell that it was committed once.
    past = {one.file for one in failed if snapshot.delta.transaction_version(one.file.name) is not None}
    return CommitResult(
        tuple(draft.file for draft in drafts),
        tuple(file for file in files if file in past or snapshot.knows(file.name)),
        tuple(one for one in failed if one.file not in past),
        sum(draft.statistics.rows for draft in drafts),
        sum(draft.duplicates for draft in drafts),
        sum(loss.rows for one in examined for loss in one.losses),
    )
