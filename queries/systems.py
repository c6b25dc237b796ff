"""Which of the systems' signals arrive, from which region, since when; and what is missing, and why."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from queries.session import Session

_COLLECT = {
    "logs": "subscribe its log groups to its collector",
    "spans": "run its trace collector: [traces] in regionscope.toml",
    "metrics": "run its metrics collector: [metrics] in regionscope.toml",
    "events": "route its EventBridge events to its collector, and list what to poll under [state]",
    "probes": "enable probes under [[probes]] in regionscope.toml",
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One entry of systems.toml."""

    system: str
    name: str
    table: str
    where: str
    regions: str
    next: str


@dataclass(frozen=True, slots=True)
class Received:
    """The latest row of a signal from a region: when it was received, and what time it is about."""

    region: str
    received: datetime
    time: datetime


@dataclass(frozen=True, slots=True)
class State:
    """What came of a signal, the latest first, and the regions from which it is missing.

    `reason` and `next` say why it is missing and what to do about it; both are None if nothing is missing.
    """

    system: str
    signal: str
    table: str
    received: tuple[Received, ...] = ()
    missing: tuple[str, ...] = ()
    reason: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class _Arrivals:
    """Of one table: the regions that sent any row, and what each sent of each signal."""

    regions: frozenset[str] = frozenset()
    received: dict[Signal, list[Received]] = field(default_factory=dict)


@cache
def signals() -> tuple[Signal, ...]:
    """All signals of all systems, in the order of systems.toml."""
    content = tomllib.loads(files("queries").joinpath("systems.toml").read_text(encoding="utf-8"))
    return tuple(
        Signal(system["name"], **signal) for system in content["system"] for signal in system["signal"]
    )


def states(
    session: Session, regions: Sequence[str], since: datetime, until: datetime | None = None
) -> list[State]:
    """The state of every signal, by what was collected within the span; `regions` are those configured."""
    tables = dict.fromkeys(signal.table for signal in signals())
    arrivals = {table: _arrivals(session, table, since, until) for table in tables}
    return [_state(signal, arrivals[signal.table], regions, since) for signal in signals()]


def _arrivals(session: Session, table: str, since: datetime, until: datetime | None) -> _Arrivals:
    """One scan of the table answers for all its signals."""
    mine = [signal for signal in signals() if signal.table == table]
    latest = ", ".join(
        f"max(row(observed_time, time)) filter (where {signal.where}) as signal_{number}"
        for number, signal in enumerate(mine)
    )
    rows = session.sql(
        f"select region, {latest} from {table} where within(time, day, $since, $until) group by region",
        {"since": since, "until": until},
    ).fetchall()
    received: dict[Signal, list[Received]] = {signal: [] for signal in mine}
    for region, *found in rows:
        for signal, pair in zip(mine, found, strict=True):
            if pair is not None:
                received[signal].append(Received(region, *pair))
    return _Arrivals(frozenset(region for region, *_ in rows), received)


def _state(signal: Signal, arrivals: _Arrivals, regions: Sequence[str], since: datetime) -> State:
    received = sorted(arrivals.received[signal], key=lambda one: one.received, reverse=True)
    missing = _missing(signal, {one.region for one in received}, regions)
    reason = step = None
    if missing:
        silent = [region for region in missing if region not in arrivals.regions]
        if silent and (signal.regions != "any" or silent == list(missing)):
            reason = f"nothing of {signal.table} came from {_listed(silent)} since {since:%Y-%m-%d %H:%M}Z"
            step = _COLLECT[signal.table]
        else:
            reason = f"{signal.table} do come from {_listed(missing)}, none of them about this"
            step = signal.next
    return State(signal.system, signal.name, signal.table, tuple(received), missing, reason, step)


def _missing(signal: Signal, found: set[str], regions: Sequence[str]) -> tuple[str, ...]:
    if signal.regions == "each":
        return tuple(region for region in regions if region not in found)
    if signal.regions == "any":
        return () if found else tuple(regions)
    return () if signal.regions in found else (signal.regions,)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
