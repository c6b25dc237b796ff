"""What an incident did: whom it hurt and when, and which acknowledged writes were lost or came late."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.application import key_hash
from demo.clocks import Clocks
from demo.incident import Incident
from demo.replication import DATABASE
from demo.requests import Call, Request, iso, milliseconds

_NO_SERVICE = {"region_outage", "failover", "throttled", "bad_deployment"}  # rather than old data


@dataclass(slots=True)
class Aftermath:
    """One incident, and what the requests that were answered so far show of it. Times are epoch seconds.

    `impact` and `recover` are the start of the first and the end of the last request for which there was no
    service (5xx or no answer); `last_write` and `first_write` when the old primary acknowledged its last
    row, and the new one its first.
    """

    incident: Incident
    failures: int = 0
    users: set[str] = field(default_factory=set)
    impact: float | None = None
    recover: float | None = None
    last_write: float | None = None
    first_write: float | None = None
    writes: list[Call] = field(default_factory=list)  # that it kept from where they would have been needed
    overwritten: set[tuple[str, str, str | None]] = field(default_factory=set)

    def observe(self, request: Request) -> None:
        """Requests come in the order of their answers."""
        failure = request.failure
        if failure and failure.incident == self.incident.id:
            self.failures += 1
            self.users.add(request.user.id)
            if request.unserved and failure.cause in _NO_SERVICE:
                self.impact = min(request.start, self.impact or request.start)
                self.recover = request.end
        for call in request.calls:
            if call.kind == "write" and not call.failed:
                self._write(call)

    def _write(self, call: Call) -> None:
        incident, time = self.incident, call.end
        for kept in self.writes:
            same = (kept.resource, kept.key) == (call.resource, call.key)
            if same and _visible(kept, call.region) > time > kept.end:
                self.overwritten.add(_identity(kept))
        if call.region == incident.region and (call.held or {}).get(incident.to_region or "") == incident.id:
            self.writes.append(call)
        if call.resource == DATABASE.name and "promote" in incident.moments:
            if call.region == incident.region and time <= incident.moments["fence"]:
                self.last_write = time
            if call.region == incident.to_region and time >= incident.moments["promote"]:
                self.first_write = self.first_write or time

    def record(self, clocks: Clocks) -> dict[str, Any]:
        """One line of incidents.jsonl: times as ISO 8601 in UTC."""
        incident = self.incident
        lost = [one for one in self.writes if self._is_lost(one)]
        delayed = [one for one in self.writes if not self._is_lost(one)]
        return {
            "id": incident.id,
            "kind": incident.kind,
            "drill": incident.drill,
            "start": iso(incident.start),
            "end": iso(incident.end),
            "region": incident.region,
            "to_region": incident.to_region,
            "layer": incident.layer,
            "attributes": dict(incident.attributes),
            "moments": {name: iso(time) for name, time in incident.moments.items()},
            "impact": _moment(self.impact),
            "recover": _moment(self.recover),
            "last_write": _moment(self.last_write),
            "first_write": _moment(self.first_write),
            "rto_s": _seconds(self.impact, self.recover),
            "write_rto_s": _seconds(self.last_write, self.first_write),
            "failures": self.failures,
            "users": sorted(self.users),
            "lost": [_told(write) for write in lost],
            "delayed": [_told(write) for write in delayed],
            "clock": _clock(incident, clocks) if incident.kind in ("clock_step", "clock_drift") else None,
        }

    def _is_lost(self, write: Call) -> bool:
        never = _visible(write, self.incident.to_region or "") == math.inf
        return never or _identity(write) in self.overwritten


def _visible(write: Call, region: str) -> float:
    return (write.visible or {}).get(region, math.inf)


def _identity(write: Call) -> tuple[str, str, str | None]:
    return write.resource, write.key, write.version


def _told(write: Call) -> Mapping[str, Any]:
    return {
        "layer": write.layer,
        "resource": write.resource,
        "key": write.key,
        "key_hash": key_hash(write.key),
        "version": write.version,
        "region": write.region,
        "acknowledged": iso(write.end),
    }


def _clock(incident: Incident, clocks: Clocks) -> list[dict[str, Any]]:
    """How far the clock is ahead before, at the start, at the end and after; between them it is linear."""
    before, after = math.nextafter(incident.start, 0), math.nextafter(incident.end, 0)
    times = (before, incident.start, after, incident.end)
    return [
        {"time": iso(time), "offset_ms": milliseconds(clocks.offset(incident.region, time))} for time in times
    ]


def _moment(time: float | None) -> str | None:
    return None if time is None else iso(time)


def _seconds(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(end - start, 3)
