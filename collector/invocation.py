"""The books of one invocation: what it has got, what waits to be stored, and what became of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Literal

import pyarrow as pa

from collector.accounting import Accounting
from collector.columns import Events, Source
from collector.envelope import Delivery
from collector.recorder import Recorded
from collector.rows import Names
from collector.shaper import Batch, Rows
from store.quarantine import Rejected
from store.schema import Table

Item = str | None  # the trigger's name for a record, None where it has none
Partition = tuple[str, date]  # region and day


@dataclass(slots=True)
class Segment:
    """Rows of one partition that wait to be stored, and how many of them came with which item."""

    tables: list[pa.Table] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    items: Counter[Item] = field(default_factory=Counter)

    def add(self, rows: Rows) -> None:
        self.tables.append(rows.table)
        self.names.add(rows.batch.events, rows.places.time)
        for delivery, run in groupby(rows.batch.deliveries):
            self.items[delivery.item] += len(list(run))


@dataclass(slots=True)
class Waiting:
    """Rows of one table and partition that wait to be stored, and how many of them came with which item."""

    tables: list[pa.Table] = field(default_factory=list)
    items: Counter[Item] = field(default_factory=Counter)


@dataclass(slots=True)
class Rejects:
    """Records of one partition that wait to be quarantined, and how many of them came with which item."""

    records: list[Rejected] = field(default_factory=list)
    items: Counter[Item] = field(default_factory=Counter)


@dataclass(slots=True)
class Invocation:
    """One account per item. A failed item will be delivered again, so its account does not count."""

    trigger: str
    now: int  # epoch µs
    items: list[Item] = field(default_factory=list)  # as they were handed over
    accounts: dict[Item, Accounting] = field(default_factory=dict)
    failures: dict[Item, Exception] = field(default_factory=dict)
    batch: Batch = field(default_factory=Batch)
    pending: int = 0  # characters of the batch's messages
    size: int = 0  # characters of all messages
    segments: dict[Partition, Segment] = field(default_factory=dict)
    signals: dict[tuple[Table, str, date], Waiting] = field(default_factory=dict)
    waiting: int = 0  # bytes of the segments' and signals' tables
    rejects: dict[Partition, Rejects] = field(default_factory=dict)
    _seen: dict[Source, dict[str, int]] = field(default_factory=dict)  # the time of each id

    def begin(self, item: Item) -> None:
        """An item was handed over, whatever there is in it."""
        self.items.append(item)
        self.account(item)

    def account(self, item: Item) -> Accounting:
        return self.accounts.setdefault(item, Accounting())

    def add(self, delivery: Delivery, events: Events) -> None:
        """Events that are to be stored."""
        self.batch.add(delivery, events)
        size = sum(map(len, events.message))
        self.pending += size
        self.size += size
        self.account(delivery.item).received += len(events)

    def control(self, item: Item, count: int) -> None:
        """Messages that are no logs, or logs that are not to be collected."""
        account = self.account(item)
        account.received += count
        account.control += count

    def reject(self, item: Item, partition: Partition, rejected: Rejected) -> None:
        """A record to be quarantined."""
        waiting = self.rejects.setdefault(partition, Rejects())
        waiting.records.append(rejected)
        waiting.items[item] += 1

    def store(self, rows: Rows) -> None:
        """Rows that are to be stored, without those whose event occurred before in this invocation."""
        repeated = self._repeated(rows.batch.events, rows.places.time)
        self.settle("duplicate", Counter(rows.batch.deliveries[row].item for row in repeated))
        for partition, found in rows.places.partitions().items():
            kept = [row for row in found if row not in repeated] if repeated else found
            if kept:
                part = rows if len(kept) == len(rows.batch) else rows.only(kept)
                self.segments.setdefault(partition, Segment()).add(part)
                self.waiting += part.table.nbytes

    def record(self, item: Item, recorded: Recorded) -> None:
        """Rows of another table that are to be stored."""
        waiting = self.signals.setdefault((recorded.table, recorded.region, recorded.day), Waiting())
        waiting.tables.append(recorded.rows)
        waiting.items[item] += len(recorded.rows)
        self.waiting += recorded.rows.nbytes

    def settle(
        self, outcome: Literal["stored", "duplicate", "quarantined"], items: Mapping[Item, int]
    ) -> None:
        """What became of so many events or records of each item."""
        for item, count in items.items():
            account = self.account(item)
            setattr(account, outcome, getattr(account, outcome) + count)

    def fail(self, items: Iterable[Item], error: Exception) -> None:
        """Items that have to be delivered again."""
        self.failures |= dict.fromkeys(items, error)

    def check(self) -> None:
        """Raises what made an item fail, if any did."""
        for error in self.failures.values():
            raise error

    def take(self) -> Batch:
        """The events that have come so far; from now on they are no longer in the batch."""
        batch, self.batch, self.pending = self.batch, Batch(), 0
        return batch

    def _repeated(self, events: Events, time: Sequence[int]) -> set[int]:
        """The rows whose event occurred before in this invocation."""
        repeated: set[int] = set()
        for source, start, end in events.runs():
            seen = self._seen.setdefault(source, {})
            fresh = dict(zip(events.event_id[start:end], time[start:end], strict=True))
            if len(fresh) == end - start and seen.keys().isdisjoint(fresh):
                seen |= fresh
            else:
                repeated |= {
                    row for row in range(start, end) if _is_known(seen, events.event_id[row], time[row])
                }
        return repeated

    def clear(self) -> None:
        """Forget what waited to be stored, and what was seen: the committer drops later repetitions."""
        self.segments, self.signals, self.waiting, self.rejects, self._seen = {}, {}, 0, {}, {}

    def accounting(self) -> Accounting:
        """The sum over all items that need not be delivered again."""
        total = Accounting()
        for item, account in self.accounts.items():
            if item not in self.failures:
                total.add(account)
        return total

    def returned(self) -> int:
        """Log events and records of the items that have to be delivered again."""
        return sum(max(self.account(item).received, 1) for item in self.failures)


def _is_known(seen: dict[str, int], id: str, time: int) -> bool:
    """Whether the event was seen before; from now on it was."""
    key = id if seen.get(id, time) == time else f"{id} {time}"  # an id at several times is several events
    known = key in seen
    seen[key] = time
    return known
