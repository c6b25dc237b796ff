"""Recording: from signals as their source tells them to rows as they are stored: place → redact → Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, chain
from typing import Any

import pyarrow as pa

from collector import signal_redaction
from collector.fingerprint import fingerprints
from collector.rows import Places
from collector.signals import Signals
from collector.texts import array_of
from store.layout import content_id
from store.schema import LOGS, Table, arrow_schema
from store.zone import Zone

_TEXT = pa.string()


@dataclass(frozen=True, slots=True)
class Recorded:
    """Rows of one table, region and day, without these two as columns."""

    table: Table
    region: str
    day: date
    rows: pa.Table


@dataclass(frozen=True, slots=True)
class Recorder:
    """What the steps need: the collector's region, and the zones with their keys."""

    region: str
    zone_of: Callable[[str], Zone]
    key_of: Callable[[Zone], bytes]

    def record(self, signals: Signals, now: int) -> Iterator[Recorded]:
        """The rows of each partition, redacted, observed at `now` (epoch µs). Raises KeyUnavailable."""
        if not len(signals):
            return
        places = self._places(signals, now)
        signals = self._redacted(signals, places.region)
        _fingerprint(signals)
        rows = _table(signals, now)
        for (region, day), chosen in places.partitions().items():
            part = rows if len(chosen) == len(rows) else rows.take(chosen)
            yield Recorded(signals.table, region, day, part)

    def _places(self, signals: Signals, now: int) -> Places:
        time = signals.columns["time"] = [now if time is None else time for time in signals.listed("time")]
        regions = signals.listed("region") if "region" in signals.columns else [None] * len(time)
        return Places(time, [region or self.region for region in regions])

    def _redacted(self, signals: Signals, regions: Sequence[str]) -> Signals:
        zones = {region: self.zone_of(region) for region in set(regions)}
        if all(zone.open for zone in zones.values()):
            return signals
        rows: dict[Zone, list[int]] = {}
        for row, region in enumerate(regions):
            rows.setdefault(zones[region], []).append(row)
        keys = {zone: self.key_of(zone) for zone in rows if not zone.open}
        redacted = signals.only(range(len(signals)))
        for zone, key in keys.items():
            signal_redaction.redact(redacted, rows[zone], zone, key)
        return redacted


def identity(table: Table, region: str, rows: pa.Table) -> str:
    """The id of the segment that holds these rows: the same rows, the same id, whenever observed.

    Of rows that nothing replaces, their own identity says which they are.
    """
    output = pa.BufferOutputStream()
    told = rows.drop_columns(["observed_time"]) if table.revision else rows.select(table.identity)
    told = told.combine_chunks()
    with pa.ipc.new_stream(output, told.schema) as stream:
        stream.write_table(told)
    return content_id([table.name.encode(), region.encode(), output.getvalue()])


def _fingerprint(signals: Signals) -> None:
    if signals.table is LOGS and "fingerprint" not in signals.columns:
        columns, size = signals.columns, len(signals)
        messages, errors = (
            signals.listed(name) if name in columns else [None] * size for name in ("body", "error_type")
        )
        columns["fingerprint"] = fingerprints(messages, errors)


def _table(signals: Signals, now: int) -> pa.Table:
    schema = arrow_schema(signals.table)
    columns = {**signals.columns, "observed_time": pa.repeat(now, len(signals))}
    arrays = [_array(columns.get(field.name), field.type, len(signals)) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(column: Any, type: pa.DataType, size: int) -> pa.Array:
    if column is None:
        return pa.nulls(size, type)
    if isinstance(column, pa.Array):
        return column if column.type == type else column.cast(type)
    return _attributes(column) if pa.types.is_map(type) else array_of(column, type)


def _attributes(maps: Sequence[Mapping[str, str | None] | None]) -> pa.Array:
    offsets = pa.array([*accumulate((len(each) if each else 0 for each in maps), initial=0)], pa.int32())
    present = [each for each in maps if each]
    return pa.MapArray.from_arrays(
        offsets,
        array_of([*chain.from_iterable(present)], _TEXT),
        array_of([*chain.from_iterable(each.values() for each in present)], _TEXT),
    )
