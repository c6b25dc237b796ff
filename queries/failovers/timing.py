"""The steps of a failover and what follows from them: RTO, RPO and the rest, each with its error bound."""

from __future__ import annotations

from dataclasses import dataclass

from queries.failovers.evidence import Evidence, Phase
from queries.failovers.impact import Impact
from queries.failovers.incident import Incident
from queries.failovers.losses import Losses
from queries.failovers.objectives import Objective, Status, status
from queries.failovers.traffic import US


@dataclass(frozen=True, slots=True)
class Moment:
    """Epoch µs by the reference clock, and the bound of its error, µs."""

    time: int
    bound: int


@dataclass(frozen=True, slots=True)
class Span:
    """A difference of two moments in seconds, with its bound."""

    s: float
    bound_s: float


@dataclass(frozen=True, slots=True)
class Timing:
    """The moments of reference section 5.3; None is unknown."""

    impact: Moment | None
    detect: Moment | None
    decide: Moment | None
    fence: Moment | None
    promote: Moment | None
    traffic: Moment | None
    recover: Moment | None

    @property
    def ttd(self) -> Span | None:
        return between(self.impact, self.detect)

    @property
    def rto(self) -> Span | None:
        return between(self.impact, self.recover)

    @property
    def write_rto(self) -> Span | None:
        return between(self.fence, self.promote)


def between(first: Moment | None, second: Moment | None) -> Span | None:
    """The time from one to the other."""
    if first is None or second is None:
        return None
    return Span((second.time - first.time) / US, (first.bound + second.bound) / US)


def timing(incident: Incident, hit: Impact | None) -> Timing:
    """The moments of an incident, by its signs and its impact on users."""
    settled = next((sign for sign in incident.evidence if "settled" in sign.facts), None)
    return Timing(
        impact=Moment(hit.begun, hit.begun_bound) if hit else None,
        detect=_detected(incident, hit),
        decide=_of(incident, "decide"),
        fence=_of(incident, "fence"),
        promote=_of(incident, "promote"),
        traffic=Moment(int(settled.facts["settled"]), settled.bound) if settled else None,
        recover=Moment(hit.ended, hit.ended_bound) if hit else None,
    )


def _of(incident: Incident, phase: Phase) -> Moment | None:
    sign = incident.sign(phase)
    return Moment(sign.time, sign.bound) if sign else None


def _detected(incident: Incident, hit: Impact | None) -> Moment | None:
    """The first alarm or failed health check since users were hit."""
    since = hit.begun - hit.begun_bound if hit else incident.started
    found = [sign for sign in incident.evidence if sign.phase == "detect" and sign.time + sign.bound >= since]
    first: Evidence | None = min(found, key=lambda sign: sign.time, default=None)
    return Moment(first.time, first.bound) if first else None


@dataclass(frozen=True, slots=True)
class Recovery:
    """How far back the newest write is that survived: how much time is lost, and how many writes.

    `worst_s` is what it is if every write of unknown fate is lost.
    """

    rpo: Span
    worst_s: float
    lost: int
    delayed: int
    unknown: int


def recovery(losses: Losses, fence: Moment, clock: int) -> Recovery:
    """From the times of the writes that were not there; `clock` bounds the error of each such time, µs."""
    missing = (*losses.lost, *losses.delayed)
    first, worst = min(missing, default=fence.time), min((*missing, *losses.unknown), default=fence.time)
    bound = (fence.bound + clock) / US if missing else 0.0
    return Recovery(
        Span((fence.time - first) / US, bound),
        (fence.time - worst) / US,
        len(losses.lost),
        len(losses.delayed),
        len(losses.unknown),
    )


def rto_status(incident: Incident, timing: Timing, hit: Impact | None, objective: Objective) -> Status:
    """Against the objective; what is not over yet can only have missed it."""
    rto = timing.rto or timing.write_rto
    if rto is None:
        return "undetermined"
    told = status(rto.s, rto.bound_s, objective.rto_s)
    return "undetermined" if told == "met" and hit and not hit.over else told


def rpo_status(found: Recovery | None, objective: Objective) -> Status:
    """Against the objective, also if the writes of unknown fate are lost."""
    if found is None:
        return "undetermined"
    least = status(found.rpo.s, found.rpo.bound_s, objective.rpo_s)
    if least == "met" and found.worst_s - found.rpo.bound_s > objective.rpo_s:
        return "undetermined"
    return least
