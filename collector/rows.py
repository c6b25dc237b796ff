"""Rows of the `logs` table: where and when each event happened, and the Arrow columns of many."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collector.columns import Events, Parsed, Source
from collector.moment import DAY, day_of
from collector.texts import array_of, spread
from store.layout import content_id
from store.schema import LOGS, PARTITION, arrow_schema

_SCHEMA = arrow_schema(LOGS)


@dataclass(slots=True)
class Places:
    """When (epoch µs) and where (region) events happened: parallel lists, one entry per event."""

    time: list[int]
    region: list[str]

    def only(self, chosen: Sequence[int]) -> Places:
        """The chosen rows' places alone."""
        return Places([self.time[row] for row in chosen], [self.region[row] for row in chosen])

    def partitions(self) -> dict[tuple[str, date], Sequence[int]]:
        """The rows of each region and day."""
        if len(set(self.region)) == 1 and min(self.time) // DAY == max(self.time) // DAY:
            return {(self.region[0], day_of(self.time[0])): range(len(self.time))}
        found: dict[tuple[str, int], list[int]] = {}
        for row, (region, time) in enumerate(zip(self.region, self.time, strict=True)):
            found.setdefault((region, time // DAY), []).append(row)
        return {(region, day_of(number * DAY)): rows for (region, number), rows in found.items()}


def places(events: Events, parsed: Parsed, arrived: Sequence[int], region: str) -> Places:
    """Time and region of every event.

    The time is the envelope's, else the message's own, else when the transport took the record in. The region
    is the payload's, else `region`, the collector's own.
    """
    times = zip(events.time, parsed.time.to_pylist(), arrived, strict=True)
    regions = zip(events.source, parsed.region.to_pylist(), strict=True)
    return Places(
        [envelope or own or arrival for envelope, own, arrival in times],
        [source.region or own or region for source, own in regions],
    )


def table(
    events: Events, parsed: Parsed, where: Places, fingerprints: Sequence[str] | pa.Array, observed: int
) -> pa.Table:
    """The events as rows of `logs`, without the partition columns; `observed` is epoch µs."""
    runs = list(events.runs())
    ends = [end for _, _, end in runs]
    columns: dict[str, Sequence[Any] | pa.Array] = {
        **{field.name: getattr(parsed, field.name) for field in _SCHEMA if hasattr(parsed, field.name)},
        "time": where.time,
        "observed_time": pa.repeat(pa.scalar(observed, _SCHEMA.field("observed_time").type), len(events)),
        "body": events.message,
        "log_group": spread([source.log_group for source, _, _ in runs], ends),
        "log_stream": spread([source.log_stream for source, _, _ in runs], ends),
        "account_id": pc.coalesce(
            spread([source.account_id or None for source, _, _ in runs], ends), parsed.account_id
        ),
        "event_id": events.event_id,
        "fingerprint": fingerprints,
    }
    arrays = [array_of(columns[field.name], field.type) for field in _SCHEMA]
    return pa.Table.from_arrays(arrays, schema=_SCHEMA)


def partition(tables: Sequence[pa.Table], region: str, day: date) -> pa.Table:
    """The tables of one region and day as one, with these two as columns."""
    whole = pa.concat_tables(tables)
    for name, value in zip(PARTITION, (region, pa.scalar(day, pa.date32())), strict=True):
        whole = whole.append_column(name, pa.repeat(value, len(whole)))
    return whole


@dataclass(slots=True)
class Names:
    """What tells the rows of a segment from others, in their order, however they were put together."""

    ids: bytearray = field(default_factory=bytearray)
    times: array[int] = field(default_factory=lambda: array("q"))
    streams: list[tuple[int, Source]] = field(default_factory=list)  # which begins at which row

    def add(self, events: Events, time: Sequence[int]) -> None:
        row = len(self.times)
        for source, start, _ in events.runs():
            if not self.streams or self.streams[-1][1] != source:
                self.streams.append((row + start, source))
        self.ids += "\n".join([*events.event_id, ""]).encode("utf-8", "backslashreplace")
        self.times.extend(time)


def identity(names: Names, region: str) -> str:
    """The id of the segment that holds these rows: the same deliveries of events, the same id."""
    streams = repr([region, *names.streams])
    return content_id([bytes(names.ids), names.times.tobytes(), streams.encode("utf-8", "backslashreplace")])
