"""Evidence fused into incidents: what is about the same layer and regions, within ten minutes, is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from queries.failovers.evidence import COUNTED, Evidence, Kind, Phase

REACH = 600_000_000  # µs between signs of one incident
MINUTE = 60_000_000
NOTICED = 900_000_000  # µs after its start in which an alarm may be about an incident
PREFERRED: tuple[Kind, ...] = ("writes", "traffic")  # whose times are believed before others'


@dataclass(slots=True)
class Incident:
    """What the evidence has in common. Times are epoch µs; a region that is None is not known."""

    evidence: list[Evidence] = field(default_factory=list)

    @property
    def layer(self) -> str:
        return self._first(sign.layer for sign in self._openers()) or "unknown"

    @property
    def from_region(self) -> str | None:
        return self._first(sign.from_region for sign in self._openers())

    @property
    def to_region(self) -> str | None:
        """Where most went, as far as somebody knows."""
        return self._first(sign.to_region for sign in self._openers())

    @property
    def kind(self) -> str:
        """failover, switchover, outage (nothing took over), or drill (nothing moved at all)."""
        moves = {sign.move for sign in self._openers()}
        if moves == {None}:
            return "drill" if self.layer == "drill" else "failover"
        return next(kind for kind in ("failover", "switchover", "outage") if kind in moves)

    @property
    def started(self) -> int:
        return min(sign.time for sign in self._openers())

    @property
    def latest(self) -> int:
        return max(sign.end or sign.time for sign in self._openers())

    @property
    def drill(self) -> bool:
        return any(sign.kind == "drill" for sign in self.evidence)

    @property
    def confidence(self) -> int:
        """How many kinds of evidence say that something moved or was down."""
        return len({sign.kind for sign in self.evidence} & COUNTED)

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(sorted({service for sign in self.evidence for service in sign.services}))

    @property
    def id(self) -> str:
        """When it started, and where: the same in every window, which later signs hardly change."""
        started = datetime.fromtimestamp(self.started / 1e6, UTC)
        return f"{self.layer}-{self.from_region or 'unknown'}-{started:%Y%m%dT%H%M%SZ}"

    def sign(self, phase: Phase) -> Evidence | None:
        """The sign of a phase that is believed: the application's own before AWS's, then the earliest."""
        found = [sign for sign in self.evidence if sign.phase == phase]
        return min(found, key=lambda sign: (sign.kind not in PREFERRED, sign.bound, sign.time), default=None)

    def is_about(self, sign: Evidence) -> bool:
        """Whether another sign that can open an incident is of this one."""
        near = self.started - REACH <= sign.time <= self.latest + REACH
        if not near or sign.layer != self.layer:
            return False
        if _agree(self.from_region, sign.from_region):
            # Traffic that leaves a region may go to several others; a role moves to one.
            return sign.layer == "routing" or _agree(self.to_region, sign.to_region)
        return False

    def is_undone_by(self, sign: Evidence) -> bool:
        """Whether the sign is that everything went back to where it was."""
        known = None not in (self.from_region, self.to_region, sign.from_region, sign.to_region)
        back = (sign.from_region, sign.to_region) == (self.to_region, self.from_region)
        return known and back and sign.layer == self.layer and sign.kind == "traffic"

    def explains(self, sign: Evidence) -> bool:
        """Whether errors of a region are what this incident does to its requests: regions call each other.

        One that is down by itself at the same time shows it in its traffic and its health check, too.
        """
        return sign.kind == "errors" and self.started - MINUTE <= sign.time <= self.latest + MINUTE

    def is_supported_by(self, sign: Evidence) -> bool:
        """Whether a sign that opens no incident belongs to this one."""
        if sign.layer not in (None, self.layer):
            return False
        regions = {sign.from_region, sign.to_region} - {None}
        if regions and regions.isdisjoint({self.from_region, self.to_region}):
            return False
        if sign.kind == "alarm":
            return self.started <= sign.time <= self.started + NOTICED
        if sign.end is not None:
            return sign.time - REACH <= self.started <= sign.end + REACH
        return self.started - REACH <= sign.time <= self.latest + REACH

    def is_part_of(self, drill: Evidence) -> bool:
        """Whether it began while an experiment ran that is about one of its regions."""
        here = drill.from_region in (self.from_region, self.to_region) or self.from_region is None
        over = drill.end if drill.end is not None else drill.time + 6 * REACH
        return here and drill.time - MINUTE <= self.started <= over

    def _openers(self) -> list[Evidence]:
        return [sign for sign in self.evidence if sign.opens and sign.kind != "drill"] or self.evidence

    @staticmethod
    def _first(values: Iterable[str | None]) -> str | None:
        return next((value for value in values if value), None)


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def fuse(evidence: Iterable[Evidence]) -> list[Incident]:
    """The incidents, in the order of their starts; a failback is none, nor a drill that moved something."""
    signs = sorted(evidence, key=lambda sign: (sign.time, sign.kind, sign.row))
    found: list[Incident] = []
    openers = [sign for sign in signs if sign.opens and sign.kind != "drill"]
    # Errors come last: they may be what the move of another layer's role does to the requests of its region.
    for sign in sorted(openers, key=lambda sign: sign.kind == "errors"):
        about = [incident for incident in found if incident.is_about(sign) or incident.is_undone_by(sign)]
        explained = [incident for incident in found if not about and incident.explains(sign)]
        for incident in about[-1:]:
            incident.evidence.append(sign)
        for incident in explained:
            incident.evidence.append(replace(sign, opens=False))
        if about or explained:
            continue
        found.append(Incident([sign]))
    moved = tuple(found)
    for drill in (sign for sign in signs if sign.kind == "drill"):
        parts = [incident for incident in moved if incident.is_part_of(drill)]
        for incident in parts:
            incident.evidence.append(drill)
        if not parts:
            found.append(Incident([drill]))
    for sign in (sign for sign in signs if not sign.opens):
        for incident in found:
            if incident.is_supported_by(sign):
                incident.evidence.append(sign)
    for incident in found:
        incident.evidence.sort(key=lambda sign: sign.time)
    return sorted(found, key=lambda incident: incident.started)
