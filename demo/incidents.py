"""The incidents of a story, placed by its parameters: which there are, where, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from demo import routing
from demo.aurora import PROMOTIONS
from demo.faults import NEW_BUGS
from demo.incident import Incident, Kind
from demo.parameters import Parameters
from demo.regions import BY_NAME, NAMES, WRITER, nearest

__all__ = ["Incident", "placed"]

BASELINE = 0.25  # the share of a story in which nothing has happened yet
EARLIEST, LONGEST = 0.15, 0.5  # shares of an incident's part of the story: when it begins, how long it lasts
DRILL_BEGINS, DRILL_LASTS, DRILL_LONGEST = 0.40, 0.15, 120.0  # of the default story: shares, and seconds
EVALUATED = 60.0  # seconds after which an alarm tells
EXPERIMENT = {"experiment": "EXPd6ZgT4aWb1cQ7x", "template": "EXT4pauseSessions"}

SWITCHOVER = ("RDS-EVENT-0181", "RDS-EVENT-0183", "RDS-EVENT-0182", "RDS-EVENT-0184", "RDS-EVENT-0185")
FAILOVER = ("RDS-EVENT-0390", "RDS-EVENT-0238", "RDS-EVENT-0397", "RDS-EVENT-0240", "RDS-EVENT-0241")


def placed(parameters: Parameters) -> tuple[Incident, ...]:
    """The incidents in the order of their starts, each in a part of the story of its own.

    Before the first there is a baseline, and after each the time to recover.
    """
    start, end = parameters.start.timestamp(), parameters.end.timestamp()
    if parameters.incidents == "none":
        return ()
    if parameters.incidents == "default":
        return tuple(_default(start, end))
    writer = WRITER
    first, part = start + BASELINE * (end - start), (1 - BASELINE) * (end - start) / len(parameters.incidents)
    found: list[Incident] = []
    for number, kind in enumerate(parameters.incidents):
        rng = Random(f"{parameters.seed}/{number}/{kind}")
        begin = first + (number + rng.uniform(0, EARLIEST)) * part
        place = _Place(f"{kind}-{number + 1}", begin, LONGEST * part, parameters.rate, writer, rng)
        found += _PLANS[kind](place)
        writer = next((one.to_region for one in found[::-1] if one.kind in PROMOTIONS), None) or writer
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a story an incident goes: its start and the seconds it may last."""

    id: str
    start: float
    longest: float
    rate: float
    writer: str  # the region of the Aurora primary by then
    rng: Random

    def lasting(self, least: float, most: float) -> float:
        return min(self.rng.uniform(least, most), self.longest)

    def other(self, region: str) -> str:
        return self.rng.choice([name for name in NAMES if name != region])


Plan = Callable[[_Place], Iterator[Incident]]


def _default(start: float, end: float) -> Iterator[Incident]:
    """A GameDay in which replication of the sessions is paused between two regions."""
    begin = start + DRILL_BEGINS * (end - start)
    over = begin + min(DRILL_LASTS * (end - start), DRILL_LONGEST)
    regions = ("eu-west-1", "ap-southeast-1")
    yield Incident(
        "gameday-1", "gameday", begin, over, *regions, "session", drill=True, attributes=EXPERIMENT
    )
    yield _stall("gameday-1/pause", begin, over, *regions, "session", drill=True)


def _region_outage(place: _Place) -> Iterator[Incident]:
    yield _outage(place, place.id, place.start, place.start + place.lasting(240, 420), drill=False)


def _outage(place: _Place, id: str, start: float, end: float, drill: bool) -> Incident:
    """The front of a region fails; its health check is faster where there is little time."""
    rng, region = place.rng, place.rng.choice(NAMES)
    usual = rng.choice((10, 30))
    interval = usual if end - start >= 240 else 10
    answers = rng.choice(("errors", "nothing"))
    attributes: dict[str, str | float] = {"answers": answers, "interval": interval}
    outage = Incident(id, "region_outage", start, end, region, nearest(region), None, drill, {}, attributes)
    seen = routing.checks(outage)
    moments = {
        "detect": seen.unhealthy,
        "traffic": seen.unhealthy + routing.TTL,
        "healthy": seen.healthy,
        "failback": seen.healthy + routing.TTL,
    }
    return replace(outage, moments=moments) if seen.noticed else outage


def _aurora_switchover(place: _Place) -> Iterator[Incident]:
    """Planned: the old primary stops, the volumes become the same, the new one takes over."""
    rng, shorter = place.rng, min(1.0, place.longest / 60)
    fence = place.start + rng.uniform(5, 15) * shorter
    promote = fence + rng.uniform(10, 25) * shorter
    end = promote + rng.uniform(5, 15) * shorter
    moments = {"decide": place.start, "fence": fence, "promote": promote}
    yield _promotion(place, "aurora_switchover", end, moments, SWITCHOVER)


def _aurora_failover(place: _Place) -> Iterator[Incident]:
    """Unplanned: what is written is replicated no more, then the primary is gone, then somebody decides."""
    rng, shorter = place.rng, min(1.0, place.longest / 300)
    fence = place.start + rng.uniform(8, 20) * shorter
    decide = fence + rng.uniform(30, 60) * shorter
    promote = decide + rng.uniform(30, 90) * shorter
    rejoin = promote + rng.uniform(60, 120) * shorter
    detect = fence + EVALUATED
    moments = {"fence": fence, "detect": detect, "decide": decide, "promote": promote, "rejoin": rejoin}
    yield _promotion(place, "aurora_failover", rejoin, moments, FAILOVER)


def _promotion(
    place: _Place, kind: Kind, end: float, moments: Mapping[str, float], told: tuple[str, ...]
) -> Incident:
    """RDS tells of it as well as it can: half the time one event is missing, half the time one is late."""
    rng, attributes = place.rng, {}
    missing, late = rng.sample(told, 2)
    if rng.random() < 0.5:
        attributes["missing"] = missing
    if rng.random() < 0.5:
        attributes["late"] = late
    to = place.other(place.writer)
    return Incident(
        place.id, kind, place.start, end, place.writer, to, "database", False, moments, attributes
    )


def _replication_stall(place: _Place) -> Iterator[Incident]:
    layer = place.rng.choice(("session", "file", "database"))
    region = place.writer if layer == "database" else place.rng.choice(NAMES)
    end = place.start + place.lasting(120, 300)
    yield _stall(place.id, place.start, end, region, place.other(region), layer)


def _stall(
    id: str, start: float, end: float, region: str, to: str, layer: str, drill: bool = False
) -> Incident:
    moments = {"detect": start + EVALUATED}
    return Incident(id, "replication_stall", start, end, region, to, layer, drill, moments)


def _lost_updates(place: _Place) -> Iterator[Incident]:
    """Clients are sent to two regions at once, and write the same session in both."""
    region = place.rng.choice(NAMES)
    end = place.start + place.lasting(120, 240)
    yield Incident(place.id, "lost_updates", place.start, end, region, place.other(region), "session")


def _throttling(place: _Place) -> Iterator[Incident]:
    """A burst of visits, while something else has claimed nearly all of the account's concurrency."""
    region = place.rng.choice(NAMES)
    left = max(1, round(place.rate * BY_NAME[region].share / 10))
    attributes = {"left": left, "burst": 4.0}
    start, end = place.start, place.start + place.lasting(120, 240)
    moments = {"detect": start + EVALUATED}
    yield Incident(place.id, "throttling", start, end, region, moments=moments, attributes=attributes)


def _bad_deployment(place: _Place) -> Iterator[Incident]:
    """A new version with a new mistake in it, in one region, until it is rolled back."""
    region, function = place.rng.choice(NAMES), place.rng.choice(sorted(NEW_BUGS))
    start, end = place.start, place.start + place.lasting(240, 420)
    attributes, moments = {"function": function}, {"detect": start + 2 * EVALUATED}
    yield Incident(place.id, "bad_deployment", start, end, region, moments=moments, attributes=attributes)


def _clock_step(place: _Place) -> Iterator[Incident]:
    seconds = place.rng.choice((-1, 1)) * place.rng.uniform(0.3, 2.0)
    yield _clock(place, "clock_step", {"seconds": seconds})


def _clock_drift(place: _Place) -> Iterator[Incident]:
    ppm = place.rng.choice((-1, 1)) * place.rng.uniform(500, 2000)
    yield _clock(place, "clock_drift", {"ppm": ppm})


def _clock(place: _Place, kind: Kind, attributes: Mapping[str, float]) -> Incident:
    """Wrong until it is set again."""
    end = place.start + place.lasting(300, 600)
    return Incident(place.id, kind, place.start, end, place.rng.choice(NAMES), attributes=attributes)


def _gameday(place: _Place) -> Iterator[Incident]:
    """An experiment of the Fault Injection Service, and what it does."""
    start, end = place.start, place.start + place.lasting(240, 420)
    experiment = f"EXP{place.rng.getrandbits(64):016x}"
    if place.rng.random() < 0.5:
        made = _outage(place, f"{place.id}/outage", start, end, drill=True)
        template = "EXT5disconnectRegion"
    else:
        region = place.rng.choice(NAMES)
        made = _stall(f"{place.id}/pause", start, end, region, place.other(region), "session", drill=True)
        template = "EXT4pauseSessions"
    attributes = {"experiment": experiment, "template": template}
    yield Incident(
        place.id, "gameday", start, end, made.region, made.to_region, made.layer, True, {}, attributes
    )
    yield made


def _silent_collector(place: _Place) -> Iterator[Incident]:
    end = place.start + place.lasting(180, 420)
    yield Incident(place.id, "silent_collector", place.start, end, place.rng.choice(NAMES))


def _poisoned_logs(place: _Place) -> Iterator[Incident]:
    end = place.start + place.lasting(120, 300)
    yield Incident(place.id, "poisoned_logs", place.start, end, place.rng.choice(NAMES))


_PLANS: Mapping[Kind, Plan] = {
    "region_outage": _region_outage,
    "aurora_switchover": _aurora_switchover,
    "aurora_failover": _aurora_failover,
    "replication_stall": _replication_stall,
    "lost_updates": _lost_updates,
    "throttling": _throttling,
    "bad_deployment": _bad_deployment,
    "clock_step": _clock_step,
    "clock_drift": _clock_drift,
    "gameday": _gameday,
    "silent_collector": _silent_collector,
    "poisoned_logs": _poisoned_logs,
}
