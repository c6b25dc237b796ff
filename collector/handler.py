"""The collector: an AWS event in, rows in durable segments out, everything accounted for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import PurePath
from time import perf_counter
from typing import Any

import pyarrow as pa

from collector import garbage, objects, recorder, rows
from collector.accounting import Accounting, Report
from collector.envelope import (
    Control,
    Defect,
    Delivery,
    Failure,
    Part,
    Reference,
    parts,
    serialized,
    trigger,
)
from collector.fields import FieldMap
from collector.invocation import Invocation, Item
from collector.moment import RULE, day_of, micros
from collector.reader import Found, Logs, Reader, Reading
from collector.recorder import Recorder
from collector.response import response
from collector.shaper import Rows, Shaper
from collector.signals import Signals
from store import quarantine, segments
from store.objects import Store
from store.quarantine import Rejected
from store.schema import LOGS, Table
from store.zone import KeyUnavailable, Zone, resolve_key

_EVENTS, _CHARACTERS = 16_000, 16 * 2**20  # that become Arrow at once: few enough for the processor's cache
_BYTES = 128 * 2**20  # of rows that are stored; seldom does an invocation have as many

_FETCHED = Delivery(b"")


class Collector:
    """Built once with all it needs; `collect` is what a Lambda's handler calls.

    `region` is the one it runs in. `zone_of` gives a region's zone, `key_of` a zone's key. `exclude` are
    regular expressions of log groups that are not collected: the collector's own, or each line would beget
    another. `forward` hears of the rows that were stored, redacted.
    """

    def __init__(
        self,
        region: str,
        store: Store,
        zone_of: Callable[[str], Zone],
        fields: FieldMap | None = None,
        exclude: Sequence[str] = (),
        fetch: Callable[[Reference], bytes] | None = None,
        key_of: Callable[[Zone], bytes] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        forward: Callable[[Table, pa.Table], None] | None = None,
    ) -> None:
        self.region = region
        self.store = store
        self.zone_of = zone_of
        self.now = now
        self.forward = forward
        own = re.compile("|".join(f"(?:{pattern})" for pattern in exclude) or "(?!)")
        self.reader = Reader(fetch or objects.Fetch(), own)
        key_of = key_of or cache(lambda zone: resolve_key(zone.key or ""))
        self.shaper = Shaper(region, fields or FieldMap(), zone_of, key_of)
        self.recorder = Recorder(region, zone_of, key_of)

    def collect(self, event: Any) -> dict[str, Any]:
        """Store what an AWS event holds. The answer is what its trigger wants to hear, and the accounting.

        Raises whatever keeps the store, an object or a zone's key out of reach, if the trigger has no other
        way to be told that it has to deliver again.
        """
        opened = parts(event, Delivery(b""))
        invocation = self._run(trigger(event), [Delivery(serialized(event))] if opened is None else opened)
        return response(invocation)

    def ingest(self, name: str, data: bytes, modified: datetime) -> Accounting:
        """Store what a file holds: log lines, an export, CloudWatch Logs documents, or an event saved whole.

        `name` is its path; `modified` is the time of lines that tell none. Raises ValueError for a time that
        cannot be, and whatever keeps the store or a zone's key out of reach.
        """
        arrived = micros(modified.isoformat())
        if arrived is None:
            raise ValueError(f"modified is {modified.isoformat()}: {RULE}")
        path = PurePath(name)
        source = objects.source(str(path.parent), path.name, path.as_posix())
        invocation = self._run("file", [Delivery(data, arrived=arrived, source=source)])
        invocation.check()
        return invocation.accounting()

    def replay(self, rejected: Rejected) -> Accounting:
        """Store a quarantined record of this region as if it had been readable when it came.

        What still cannot be read counts as quarantined, and stays where it is. Raises as `ingest` does.
        """
        invocation = self._run("replay", [Delivery.restored(rejected.payload, rejected.context)])
        invocation.check()
        return invocation.accounting()

    def record(self, source: str, signals: Iterable[Signals], delivery: Delivery = _FETCHED) -> Accounting:
        """Store what was not handed over but fetched (traces, metrics, state) or measured (probes).

        `source` names where from in the accounting. `delivery` is what the signals were read from, if that is
        known. Raises as `ingest` does; then it is to be fetched again.
        """
        found = (Found(delivery, each) for each in signals)
        invocation = self._run(source, [], found)
        invocation.check()
        return invocation.accounting()

    def _run(self, kind: str, handed_over: Iterable[Part], fetched: Iterable[Found] = ()) -> Invocation:
        """Open → read → shape → store → account."""
        start = perf_counter()
        invocation = Invocation(kind, round(self.now().timestamp() * 1_000_000))
        with garbage.ignored():
            for part in handed_over:
                invocation.begin(part.item)
                for reading in self.reader.read(part):
                    self._book(invocation, reading)
            for found in fetched:
                self._book(invocation, found)
            self._press(invocation)
            self._store(invocation)
        self._report(invocation, perf_counter() - start)
        return invocation

    def _book(self, invocation: Invocation, reading: Reading) -> None:
        match reading:
            case Logs(delivery, events):
                invocation.add(delivery, events)
                if len(invocation.batch) >= _EVENTS or invocation.pending >= _CHARACTERS:
                    self._press(invocation)
            case Found(delivery, signals):
                self._record(invocation, delivery, signals)
            case Control(item, count):
                invocation.control(item, count)
            case Defect(delivery, reason, region):
                invocation.account(delivery.item).received += 1
                self._reject(invocation, delivery, reason, region)
            case Failure(item, error):
                invocation.fail([item], error)

    def _record(self, invocation: Invocation, delivery: Delivery, signals: Signals) -> None:
        """Rows of another table; what of them cannot be one goes to quarantine."""
        invocation.account(delivery.item).received += len(signals) + len(signals.misfits)
        self._keep(invocation, delivery, signals)
        for misfit in signals.misfits:
            alone = replace(delivery, payload=misfit.document)
            self._reject(invocation, alone, misfit.reason, misfit.region)
        if invocation.waiting > _BYTES:
            self._store(invocation)

    def _keep(self, invocation: Invocation, delivery: Delivery, signals: Signals) -> None:
        try:
            for recorded in list(self.recorder.record(signals, invocation.now)):
                invocation.record(delivery.item, recorded)
        except KeyUnavailable as error:
            invocation.fail([delivery.item], error)
        except Exception as error:  # noqa: BLE001 - one row nobody foresaw must not cost its neighbours
            if len(signals) > 1:
                half = len(signals) // 2
                self._keep(invocation, delivery, signals.only(range(half)))
                self._keep(invocation, delivery, signals.only(range(half, len(signals))))
                return
            payload = delivery.payload or serialized(signals.row(0))
            reason = f"{type(error).__name__} while shaping a row of {signals.table.name}"
            self._reject(invocation, replace(delivery, payload=payload), reason)

    def _reject(
        self, invocation: Invocation, delivery: Delivery, reason: str, region: str | None = None
    ) -> None:
        region = region or (delivery.source and delivery.source.region) or self.region
        partition = region, day_of(delivery.arrived or delivery.time or invocation.now)
        context = delivery.context() | {"trigger": invocation.trigger}
        invocation.reject(delivery.item, partition, Rejected(reason, delivery.payload, context))

    def _press(self, invocation: Invocation) -> None:
        """Turn the events that have come so far into rows."""
        for shaped in self.shaper.shape(invocation.take(), invocation.now):
            match shaped:
                case Rows():
                    invocation.store(shaped)
                case Defect(delivery, reason, region):
                    self._reject(invocation, delivery, reason, region)
                case Failure(item, error):
                    invocation.fail([item], error)
        if invocation.waiting > _BYTES:
            self._store(invocation)

    def _store(self, invocation: Invocation) -> None:
        """Put the rows that wait into segments and the rejected records into quarantine."""
        for (region, day), segment in invocation.segments.items():
            table = rows.partition(segment.tables, region, day)
            self._put(invocation, LOGS, table, rows.identity(segment.names, region), segment.items)
        for (table_of, region, day), waiting in invocation.signals.items():
            table = rows.partition(waiting.tables, region, day)
            self._put(invocation, table_of, table, recorder.identity(table_of, region, table), waiting.items)
        for (region, day), rejects in invocation.rejects.items():
            try:
                self._quarantine(invocation, region, day, rejects.records)
            except Exception as error:  # noqa: BLE001 - so do they if a zone's key is out of reach
                invocation.fail(rejects.items, error)
            else:
                invocation.settle("quarantined", rejects.items)
        invocation.clear()

    def _put(
        self, invocation: Invocation, table: Table, content: pa.Table, id: str, items: Mapping[Item, int]
    ) -> None:
        try:
            written = segments.write(self.store, table, content, id)
        except Exception as error:  # noqa: BLE001 - whatever the store raises, the items come again
            invocation.fail(items, error)
        else:
            invocation.settle("stored" if written.stored else "duplicate", items)
            if written.stored and self.forward:
                self.forward(table, content)

    def _quarantine(
        self, invocation: Invocation, region: str, day: date, records: Sequence[Rejected]
    ) -> None:
        if invocation.trigger != "replay":
            zone = self.zone_of(region)
            key = None if zone.open else self.shaper.key_of(zone)
            quarantine.put(self.store, zone, region, day, records, key)

    def _report(self, invocation: Invocation, seconds: float) -> None:
        Report(
            trigger=invocation.trigger,
            region=self.region,
            accounting=invocation.accounting(),
            returned=invocation.returned(),
            error=next((type(error).__name__ for error in invocation.failures.values()), None),
            seconds=seconds,
            size=invocation.size,
        ).emit()
