"""The answer `failovers`: the incidents of a span of time, with evidence, times and objectives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from queries.answers import SINCE, UNTIL, Answer, Column, Reader, Row, window
from queries.failovers import events, traffic, writers
from queries.failovers.impact import Impact, impact, moment
from queries.failovers.incident import Incident, fuse
from queries.failovers.losses import Operation, losses
from queries.failovers.objectives import Objective
from queries.failovers.stamps import Stamps
from queries.failovers.timing import (
    Moment,
    Recovery,
    Span,
    Timing,
    recovery,
    rpo_status,
    rto_status,
    timing,
)
from queries.failovers.traffic import US, Traffic
from queries.settings import Settings

HOUR = timedelta(hours=1)  # read before a span, for what was usual, and after it, for how it ended
GRID = 300  # seconds; what is read begins at a multiple, so that the same bins are seen in every window
BEFORE_FENCE = 3600 * US  # µs of writes of the old region that may have got lost
IN_ORDER = {"database"}  # layers that replicate in the order of writes: by the log of the storage

_MOMENTS = ("impact", "detect", "decide", "fence", "promote", "traffic", "recover")


def failovers(
    reader: Reader, settings: Settings, since: datetime | None, until: datetime | None
) -> Iterator[Row]:
    """The incidents that started from `since` to before `until`; default: in the last hour."""
    since, until = window(since, until)
    start, end = datetime.fromtimestamp(int((since - HOUR).timestamp()) // GRID * GRID, UTC), until + HOUR
    counts, stamps = traffic.read(reader, start, end), Stamps(reader)
    told = [
        *traffic.signs(counts, settings.health),
        *events.signs(reader, settings.health.checks, start, end),
    ]
    # Reading operations is dear: after the span only if something else began shortly before its end.
    begun = any(
        events.micros(until - HOUR) <= sign.time < events.micros(until) for sign in told if sign.opens
    )
    moved = writers.signs(reader, stamps.corrected, since, end if begun else until)
    found = fuse([*told, *moved])
    for incident in found:
        if events.micros(since) <= incident.started < events.micros(until):
            later = min((one.started for one in found if one.started > incident.latest), default=None)
            yield _Measured(reader, settings, counts, stamps, incident, later).row()


class _Measured:
    """One incident, and what is read to measure it."""

    def __init__(
        self,
        reader: Reader,
        settings: Settings,
        counts: Traffic,
        stamps: Stamps,
        incident: Incident,
        later: int | None,
    ) -> None:
        self.reader = reader
        self.incident = incident
        self.stamps = stamps
        self.objective: Objective = settings.failovers.objective(incident.kind, incident.layer)
        fence, promote = incident.sign("fence"), incident.sign("promote")
        self.hit: Impact | None = impact(
            reader,
            counts,
            (incident.started, incident.latest),
            (fence.time, promote.time) if fence and promote else None,
            later,
            settings.failovers.target,
        )
        self.timing: Timing = timing(incident, self.hit)

    def row(self) -> Row:
        incident, found = self.incident, self._recovery()
        ended = _ended(incident, self.timing, self.hit)
        return {
            "id": incident.id,
            "kind": incident.kind,
            "layer": incident.layer,
            "services": list(incident.services),
            "from_region": incident.from_region,
            "to_region": incident.to_region,
            "state": "confirmed" if incident.confidence > 1 else "suspected",
            "open": ended is None,
            "drill": incident.drill,
            "confidence": incident.confidence,
            "started": moment(incident.started),
            "ended": ended and moment(ended),
            "evidence": [
                {"kind": sign.kind, "time": moment(sign.time), "what": sign.what, "row": sign.row}
                for sign in incident.evidence
            ],
            **_moments(self.timing),
            **_span("ttd", self.timing.ttd),
            **_span("rto", self.timing.rto),
            **_span("write_rto", self.timing.write_rto),
            "rto_objective_s": self.objective.rto_s,
            "rto_status": rto_status(incident, self.timing, self.hit, self.objective),
            **_span("rpo", found.rpo if found else None),
            "rpo_lost": found and found.lost,
            "rpo_delayed": found and found.delayed,
            "rpo_unknown": found and found.unknown,
            "rpo_estimate_s": self._estimate(),
            "rpo_objective_s": self.objective.rpo_s,
            "rpo_status": rpo_status(found, self.objective),
            "error_minutes": self.hit and self.hit.error_minutes,
            "bad_minutes": self.hit and self.hit.bad_minutes,
            **self._users(),
        }

    def _recovery(self) -> Recovery | None:
        """By the versions of the store whose writer moved; None if the application logs none of it."""
        store = next((sign.facts["store"] for sign in self.incident.evidence if "store" in sign.facts), None)
        fence, promote = self.timing.fence, self.timing.promote
        old, new = self.incident.from_region, self.incident.to_region
        if store is None or fence is None or promote is None or old is None or new is None:
            return None
        history = self._history(store, fence.time)
        told = losses(history, old, new, fence.time, promote.time, self.incident.layer in IN_ORDER)
        return recovery(told, fence, self.stamps.offset(old, fence.time)[1])

    def _history(self, store: str, fence: int) -> list[Operation]:
        found = self.reader.arrays(
            "from versions($store, since := $since, until := $until)",
            store=store,
            since=moment(fence - BEFORE_FENCE),
            until=moment(fence + BEFORE_FENCE),
        )
        names = ("time_us", "region", "served_by", "op", "key_hash", "version", "based_on")
        columns = {name: np.ma.asarray(found[name]).tolist() for name in names}
        ahead = {region: self.stamps.offset(region, fence)[0] for region in set(columns.pop("region"))}
        regions = np.ma.asarray(found["region"]).tolist()
        times = [time - ahead[region] for time, region in zip(columns.pop("time_us"), regions, strict=True)]
        return [Operation(*each) for each in zip(times, *columns.values(), strict=True)]

    def _estimate(self) -> float | None:
        """The last replication lag measured before users were hit, of the slowest layer it is about."""
        before = self.timing.impact or self.timing.fence
        until = before.time if before else self.incident.started
        rows = self.reader.rows(
            "from last_lags($source, $target, since := $since, until := $until)",
            source=self.incident.from_region,
            target=self.incident.to_region,
            since=moment(until - 900 * US),
            until=moment(until),
        )
        lags = [row["lag_s"] for row in rows if self.incident.layer in (row["layer"], traffic.LAYER)]
        return max(lags, default=None)

    def _users(self) -> Row:
        if self.hit is None:
            return {}
        rows = self.reader.rows(
            "select count(distinct user_id) as users_affected, count(*) as requests_failed "
            "from served(since := $since, until := $until) "
            "where failed and ($regions is null or list_contains($regions, region))",
            since=moment(self.hit.begun),
            until=moment(self.hit.ended + 1),
            # Who serves a region's users is hit alone; a store that every region calls hits all.
            regions=list(self.hit.regions) if self.incident.layer == traffic.LAYER else None,
        )
        return rows[0]


def _moments(found: Timing) -> Row:
    row: dict[str, Any] = {}
    for name in _MOMENTS:
        known: Moment | None = getattr(found, name)
        row[f"t_{name}"] = known and moment(known.time)
        row[f"t_{name}_bound_s"] = known and known.bound / US
    return row


def _span(name: str, span: Span | None) -> Row:
    return {f"{name}_s": span and span.s, f"{name}_bound_s": span and span.bound_s}


def _ended(incident: Incident, found: Timing, hit: Impact | None) -> int | None:
    """When it was over: users were served again, and the role or the traffic is where it is to stay."""
    if hit and not hit.over:
        return None
    ends = [found.recover.time] if found.recover else []
    for sign in incident.evidence:
        if sign.kind in ("traffic", "health_check", "drill") and sign.phase != "end":
            back = sign.end or _returned(incident)
            if back is None:
                return None
            ends.append(back)
        elif sign.phase == "end":
            ends.append(sign.time)
    if incident.layer != traffic.LAYER and found.promote:
        ends.append(found.promote.time)
    return max(ends, default=None)


def _returned(incident: Incident) -> int | None:
    """When the traffic went back all at once, later than within the hour in which that is looked for."""
    return next((sign.time for sign in incident.evidence if incident.is_undone_by(sign)), None)


def _columns() -> Iterator[Column]:
    yield Column("id", "VARCHAR", "the same in every window it is asked in")
    yield Column(
        "kind", "VARCHAR", "failover, switchover, outage (nothing took over) or drill (nothing moved)"
    )
    yield Column("layer", "VARCHAR", "routing, database, cache …; drill where none is known")
    yield Column("services", "VARCHAR[]", "whose traffic moved; none if it was all or is not known")
    yield Column("from_region", "VARCHAR", "region that was left; null is unknown")
    yield Column("to_region", "VARCHAR", "region that took most over; null is unknown or none")
    yield Column("state", "VARCHAR", "suspected with one kind of evidence, confirmed with two")
    yield Column("open", "BOOLEAN", "whether it is not over")
    yield Column("drill", "BOOLEAN", "whether it began while an experiment ran in one of its regions")
    yield Column("confidence", "INTEGER", "how many kinds of evidence there are")
    yield Column("started", "TIMESTAMPTZ", "its first sign")
    yield Column("ended", "TIMESTAMPTZ", "when all was as it was, or is to stay; null while open")
    signs = "STRUCT(kind VARCHAR, time TIMESTAMPTZ, what VARCHAR, row VARCHAR)[]"
    yield Column("evidence", signs, "the signs in time order; select * from `row` shows what it rests on")
    meanings = {
        "impact": "users were hit",
        "detect": "first alarm, or failed health check, since",
        "decide": "somebody or something decided to move",
        "fence": "last write of the old region",
        "promote": "first write of the new region",
        "traffic": "survivors have 95 % of their new share of the traffic",
        "recover": "users are served again, for five minutes at least if not open",
    }
    for name in _MOMENTS:
        yield Column(f"t_{name}", "TIMESTAMPTZ", meanings[name])
        yield Column(f"t_{name}_bound_s", "DOUBLE", "it is right within so much")
    yield from _measures("ttd", "t_detect - t_impact")
    yield from _measures("rto", "t_recover - t_impact")
    yield from _measures("write_rto", "t_promote - t_fence")
    yield Column("rto_objective_s", "DOUBLE", "what it may take")
    yield Column("rto_status", "VARCHAR", "met, missed or undetermined; of write_rto_s if no user was hit")
    yield from _measures("rpo", "t_fence - when the first write was acknowledged that was missing then")
    yield Column("rpo_lost", "INTEGER", "writes that never appeared, or were overwritten")
    yield Column("rpo_delayed", "INTEGER", "writes that appeared later")
    yield Column("rpo_unknown", "INTEGER", "writes that may be missing: nobody looked at them again")
    yield Column("rpo_estimate_s", "DOUBLE", "an estimate: the last replication lag before the impact")
    yield Column("rpo_objective_s", "DOUBLE", "what may be missing")
    yield Column("rpo_status", "VARCHAR", "met, missed or undetermined")
    yield Column("error_minutes", "DOUBLE", "sum over the minutes of the impact of the share that failed")
    yield Column("bad_minutes", "INTEGER", "minutes of the impact in which the target was missed")
    yield Column("users_affected", "BIGINT", "users with a failed request; one in two zones counts twice")
    yield Column("requests_failed", "BIGINT", "requests answered with 5xx while users were hit")


def _measures(name: str, doc: str) -> Iterator[Column]:
    yield Column(f"{name}_s", "DOUBLE", doc)
    yield Column(f"{name}_bound_s", "DOUBLE", "it is right within so much")


FAILOVERS = Answer(
    "failovers",
    """Failovers, switchovers, outages and drills, from traffic, errors, writers, health checks and
events: how long they took, and what was lost. One row = one incident that started in the span.
  since, until   first instant and the one after the last; default: the last hour""",
    (SINCE, UNTIL),
    tuple(_columns()),
    failovers,
)
