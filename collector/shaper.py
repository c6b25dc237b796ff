"""Shaping: from log events to the rows that are stored: parse → place → redact → fingerprint → Arrow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from collector import rows
from collector.columns import Events, Parsed
from collector.envelope import Defect, Delivery, Failure
from collector.fields import FieldMap
from collector.fingerprint import fingerprints
from collector.formats import parse
from collector.redact import redact
from store.zone import KeyUnavailable, Zone, pseudonym

_DIGEST = re.compile(r"[0-9a-f]{32}(?:-\d+)?")  # what collector.lines makes of a line


@dataclass(slots=True)
class Batch:
    """Log events, and in parallel the deliveries they came with."""

    events: Events = field(default_factory=Events)
    deliveries: list[Delivery] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.deliveries)

    def add(self, delivery: Delivery, events: Events) -> None:
        self.events.extend(events)
        self.deliveries += [delivery] * len(events)

    def only(self, chosen: Sequence[int]) -> Batch:
        """The chosen events alone."""
        events = Events(
            [self.events.source[row] for row in chosen],
            [self.events.event_id[row] for row in chosen],
            [self.events.time[row] for row in chosen],
            [self.events.message[row] for row in chosen],
        )
        return Batch(events, [self.deliveries[row] for row in chosen])


@dataclass(frozen=True, slots=True)
class Rows:
    """Events as they are stored, their places, and their rows of `logs`; all three are parallel."""

    batch: Batch
    places: rows.Places
    table: pa.Table

    def only(self, chosen: Sequence[int]) -> Rows:
        """The chosen rows alone."""
        return Rows(self.batch.only(chosen), self.places.only(chosen), self.table.take(chosen))


@dataclass(frozen=True, slots=True)
class Shaper:
    """What the steps need: the collector's region, the fields to look for, and the zones with their keys."""

    region: str
    fields: FieldMap
    zone_of: Callable[[str], Zone]
    key_of: Callable[[Zone], bytes]

    def shape(self, batch: Batch, now: int) -> Iterator[Rows | Defect | Failure]:
        """Rows of the batch, observed at `now` (epoch µs).

        A Failure for each item with an event of a zone whose key cannot be had, and then no rows of the item.
        A Defect for an event that defeats a step. Raises nothing.
        """
        if not batch:
            return
        try:
            yield self._rows(batch, now)
        except KeyUnavailable as error:
            yield from self._unlocked(batch, now, error)
        except Exception as error:  # noqa: BLE001 - one message nobody foresaw must not block a stream
            yield from self._halves(batch, now, error)

    def _rows(self, batch: Batch, now: int) -> Rows:
        parsed, places = self._placed(batch, now)
        ids = self._ids(batch, places.region)
        events = replace(batch.events, event_id=ids, message=list(batch.events.message))
        redact(parsed, events.message, places.region, self.zone_of, self.key_of)
        prints = fingerprints(parsed.template, parsed.error_type)
        table = rows.table(events, parsed, places, prints, now)
        return Rows(Batch(events, batch.deliveries), places, table)

    def _placed(self, batch: Batch, now: int) -> tuple[Parsed, rows.Places]:
        parsed = parse(batch.events.message, batch.events.source, self.fields)
        arrived = [delivery.arrived or now for delivery in batch.deliveries]
        return parsed, rows.places(batch.events, parsed, arrived, self.region)

    def _ids(self, batch: Batch, regions: Sequence[str]) -> list[str]:
        """The ids; in a zone that is not open, those that follow from a file's line become pseudonyms.

        A line's digest would let anyone confirm a guess of what redaction took out of the line.
        """
        ids = batch.events.event_id
        if not any(delivery.source for delivery in batch.deliveries):
            return ids
        zones = {region: self.zone_of(region) for region in set(regions)}
        return [
            pseudonym(self.key_of(zones[region]), id)
            if not zones[region].open and _DIGEST.fullmatch(id)
            else id
            for region, id in zip(regions, ids, strict=True)
        ]

    def _unlocked(self, batch: Batch, now: int, error: KeyUnavailable) -> Iterator[Rows | Defect | Failure]:
        regions = self._placed(batch, now)[1].region
        locked = {region for region in set(regions) if self._is_locked(region)}
        affected = [
            delivery.item
            for delivery, region in zip(batch.deliveries, regions, strict=True)
            if region in locked or not locked  # a key may have turned up meanwhile
        ]
        items = dict.fromkeys(affected)
        yield from (Failure(item, error) for item in items)
        others = [row for row, delivery in enumerate(batch.deliveries) if delivery.item not in items]
        yield from self.shape(batch.only(others), now)

    def _is_locked(self, region: str) -> bool:
        zone = self.zone_of(region)
        try:
            if not zone.open:
                self.key_of(zone)
        except KeyUnavailable:
            return True
        return False

    def _halves(self, batch: Batch, now: int, error: Exception) -> Iterator[Rows | Defect | Failure]:
        if len(batch) == 1:
            reason = f"{type(error).__name__} while shaping the row"
            yield Defect(_alone(batch), reason, batch.events.source[0].region)
            return
        half = len(batch) // 2
        yield from self.shape(batch.only(range(half)), now)
        yield from self.shape(batch.only(range(half, len(batch))), now)


def _alone(batch: Batch) -> Delivery:
    """The batch's only event as a delivery of its own."""
    events = batch.events
    return replace(
        batch.deliveries[0],
        payload=events.message[0].encode("utf-8", "backslashreplace"),
        source=events.source[0],
        event_id=events.event_id[0],
        time=events.time[0],
    )
