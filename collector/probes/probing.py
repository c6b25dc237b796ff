"""One probe of one pair of regions: write, look, remove, and say in one row what came of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from collector.probes.lag import Written, one_way, round_trip
from collector.probes.settings import Pair, Probe
from collector.probes.stamp import Stamp, echo_of, key_of
from collector.probes.target import Taken, Target
from collector.probes.watch import Clock, Watch, kind, watch
from store.layout import content_id

Row = dict[str, Any]

_LASTS_S = 3600  # beyond the timeout: what no clean-up reaches, the service's own expiry removes


@dataclass(frozen=True, slots=True)
class Job:
    """A probe of one pair in one minute."""

    probe: Probe
    pair: Pair
    minute: int

    @property
    def key(self) -> str:
        return key_of(*self.pair, self.minute)

    @property
    def keys(self) -> list[str]:
        """All that it may leave."""
        return [self.key, echo_of(self.key)] if self.probe.mode == "echo" else [self.key]


def probe(job: Job, writer: Target, reader: Target, clock: Clock) -> Row | None:
    """The row of one probe; None if another run has it in hand already. Cleans nothing up."""
    expires = clock.wall() // 1_000_000 + int(job.probe.timeout_s) + _LASTS_S
    stamp = Stamp(job.key, secrets.token_hex(8), expires)
    begun, begun_at = clock.elapsed(), clock.wall()
    try:
        _write(writer, stamp)
    except Taken:
        return None
    except Exception as error:  # noqa: BLE001 - a probe that cannot write is a row, not silence
        return failed(job, begun_at, "write", kind(error))
    written = Written(begun, begun_at, clock.elapsed(), clock.wall())
    row = _row(job, written.acked_at)
    row["attributes"]["probe.bytes"] = str(len(stamp.text()))
    echoes = job.probe.mode == "echo"
    watched = watch(
        lambda: writer.read(echo_of(job.key)) if echoes else reader.read(job.key),
        lambda found: found.id == stamp.id and (found.echo is not None) == echoes,
        clock,
        written.acked,
        job.probe.timeout_s,
    )
    return row | _outcome(job, written, watched, row["attributes"], reader.shows_absence)


def failed(job: Job, at: int, step: str, error: str) -> Row:
    """The row of a probe that could not be made, at epoch µs."""
    row = _row(job, at)
    row["attributes"] |= {"probe.step": step, "error.type": error}
    return {**row, "outcome": "error"}


def _write(writer: Target, stamp: Stamp) -> None:
    """Create the item. Raises Taken if there is another, but not if it is this one, of an earlier try."""
    try:
        writer.write(stamp)
    except Taken:
        if writer.read(stamp.key) != stamp:
            raise


def _row(job: Job, at: int) -> Row:
    writer, reader = job.pair
    resource = job.probe.name(writer)
    return {
        "time": at,
        "region": writer,
        "target_region": reader,
        "layer": job.probe.layer,
        "resource": resource,
        "key_hash": content_id([job.probe.layer.encode(), resource.encode(), job.key.encode()]),
        "mode": job.probe.mode,
        "attributes": {"probe.target_resource": job.probe.name(reader)},
    }


def _outcome(
    job: Job, written: Written, watched: Watch, attributes: dict[str, str], shows_absence: bool
) -> Row:
    """The columns that depend on what was seen; `attributes` are completed in place."""
    attributes["probe.attempts"] = str(watched.reads)
    if watched.error:
        attributes |= {"probe.step": "read", "error.type": watched.error}
    if watched.found is None or watched.seen is None:
        if watched.missed is None:
            return {"outcome": "error"}
        attributes["probe.waited_ms"] = _text((watched.missed - written.acked) * 1000)
        return {"outcome": "timeout"}
    if watched.found.echo is None:
        lag = one_way(written, watched, watched.seen, shows_absence)
    else:
        trip = round_trip(written, watched, watched.seen, watched.found.echo)
        lag = trip.way_out
        attributes |= {
            "probe.round_trip_ms": _text(trip.both_ways.ms),
            "probe.round_trip_bound_ms": _text(trip.both_ways.bound_ms),
            "clock.offset_ms": _text(trip.offset.ms),
            "clock.offset_bound_ms": _text(trip.offset.bound_ms),
        }
    return {"outcome": "visible", "lag_ms": lag.ms, "error_bound_ms": lag.bound_ms}


def _text(ms: float) -> str:
    return f"{ms:.3f}"
