"""A store that is replicated to every region: what was written when, and who can read it from when on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from random import Random

from demo.aurora import PROMOTIONS
from demo.incident import Incident
from demo.regions import NAMES

KEPT = 8  # versions of a key that are remembered, and older ones that have not come everywhere


@dataclass(frozen=True, slots=True)
class Version:
    """One write. `number` counts what its region had seen, so two regions can write the same number."""

    number: int
    region: str
    written: float  # epoch seconds
    based_on: str | None  # the version its region had before
    state: str | None  # of a tracked file: local_only or replicated; of an order: placed or paid
    visible: Mapping[str, float]  # per region, epoch seconds from which it can be read there
    held: Mapping[str, str] = field(default_factory=dict)  # where it comes late or never: by which incident
    gone: float = math.inf  # from when on it can be read nowhere any more

    @property
    def name(self) -> str:
        return f"{self.number}@{self.region}"

    def in_region(self, region: str, now: float) -> bool:
        return self.visible.get(region, math.inf) <= now < self.gone


@dataclass(slots=True)
class Arrival:
    """What becomes of a write that is being made: see Version."""

    visible: dict[str, float]
    held: dict[str, str] = field(default_factory=dict)
    gone: float = math.inf


@dataclass(frozen=True, slots=True)
class Kind:
    """One replicated resource. Lag and latencies are medians in seconds; `spread` is the lag's sigma."""

    name: str
    layer: str
    mode: str  # the consistency reads get: MREC (DynamoDB), EVENTUAL (S3, Aurora)
    lag: float
    spread: float
    read: float
    write: float


# A DynamoDB global table, another, S3 with cross-region replication, an Aurora global database.
SESSIONS = Kind("shop-sessions", "session", "MREC", 0.9, 0.35, 0.004, 0.006)
TRACKER = Kind("shop-file-tracker", "file", "MREC", 0.9, 0.35, 0.004, 0.006)
FILES = Kind("shop-files", "file", "EVENTUAL", 12.0, 0.6, 0.025, 0.045)
DATABASE = Kind("shop", "database", "EVENTUAL", 0.25, 0.5, 0.003, 0.008)
_STALLED = {"session": SESSIONS.name, "file": FILES.name, "database": DATABASE.name}  # per layer


class Replicated:
    """The contents of one resource in all regions; concurrent writes end with the last writer's."""

    def __init__(self, kind: Kind, rng: Random, incidents: Iterable[Incident] = ()) -> None:
        self.kind = kind
        self._rng = rng
        self._versions: dict[str, list[Version]] = {}
        concern = [(one, _concern(one, kind)) for one in incidents]
        self._pauses = [(one, pairs) for one, pairs in concern if pairs]
        self._promotions = [one for one, _ in concern if kind is DATABASE and one.kind in PROMOTIONS]

    def lag(self) -> float:
        """Seconds until one write arrives in one other region."""
        return self.kind.lag * self._rng.lognormvariate(0, self.kind.spread)

    def write(self, key: str, region: str, now: float, state: str | None = None) -> Version:
        """A write in one region, seen there at once and elsewhere after the lag."""
        lags = {name: 0.0 if name == region else self.lag() for name in NAMES}
        arrival = Arrival({name: now + lag for name, lag in lags.items()})
        if self._pauses:
            self._hold(arrival, region, now, lags)
        for promotion in self._promotions:
            _promote(arrival, promotion, region, now, lags)
        return self._append(key, region, now, state, arrival)

    def _hold(self, arrival: Arrival, region: str, now: float, lags: Mapping[str, float]) -> None:
        """What would arrive during a pause arrives after it, in its usual time."""
        for pause, pairs in self._pauses:
            for name, lag in lags.items():
                if (region, name) in pairs and now + lag > pause.start and now < pause.end:
                    arrival.visible[name] = max(arrival.visible[name], pause.end + lag)
                    arrival.held[name] = pause.id

    def place(self, key: str, region: str, now: float, state: str | None = None) -> Version:
        """A write of long ago: visible everywhere."""
        return self._append(key, region, now, state, Arrival(dict.fromkeys(NAMES, now)))

    def _append(self, key: str, region: str, now: float, state: str | None, arrival: Arrival) -> Version:
        known = self._versions.get(key, [])
        seen = [version for version in known if version.in_region(region, now)]
        before = self.read(key, region, now)
        number = 1 + max((version.number for version in seen), default=0)
        based_on = before.name if before else None
        version = Version(number, region, now, based_on, state, arrival.visible, arrival.held, arrival.gone)
        old = len(known) >= KEPT and max(known[0].visible.values()) <= now
        self._versions[key] = [*(known[1:] if old else known), version]
        return version

    def read(self, key: str, region: str, now: float) -> Version | None:
        """What a region has of a key: of the versions that arrived, the one written last."""
        arrived = (version for version in self._versions.get(key, ()) if version.in_region(region, now))
        return max(arrived, key=lambda version: (version.written, version.region), default=None)

    def missing(self, key: str, region: str, now: float) -> Version | None:
        """The last write of a key that has not come to a region."""
        away = (version for version in self._versions.get(key, ()) if not version.in_region(region, now))
        return max(away, key=lambda version: version.written, default=None)

    def follows(self, key: str, version: Version, ancestor: Version) -> bool:
        """Whether `version` was written knowing `ancestor`; if not, one of the two overwrote the other."""
        kept = {known.name: known for known in self._versions.get(key, ())}
        current: Version | None = version
        while current is not None and current.name != ancestor.name:
            if current.based_on is not None and current.based_on not in kept:
                return current.number > ancestor.number
            current = kept.get(current.based_on or "")
        return current is not None

    def forget(self, key: str) -> None:
        """Drop a key that nobody will ask for again."""
        self._versions.pop(key, None)


def _concern(incident: Incident, kind: Kind) -> set[tuple[str, str]]:
    """The pairs of regions between which an incident keeps this resource from being replicated."""
    if incident.kind == "region_outage":  # the region is cut off from the others
        return {pair for pair in permutations(NAMES, 2) if incident.region in pair}
    stalled = incident.kind == "replication_stall" and kind.name == _STALLED[incident.layer or ""]
    return {(incident.region, incident.to_region or "")} if stalled else set()


def _promote(
    arrival: Arrival, promotion: Incident, region: str, now: float, lags: Mapping[str, float]
) -> None:
    """A planned promotion waits until everything has arrived; another loses what has not by then."""
    promote, target = promotion.moments["promote"], promotion.to_region or ""
    if promotion.region != region or now >= promotion.moments["fence"]:
        return
    if promotion.kind == "aurora_switchover":
        arrival.visible |= {name: min(time, promote) for name, time in arrival.visible.items()}
    elif now + lags[target] > promotion.start:
        arrival.visible, arrival.gone = {region: now}, promotion.moments["fence"]
        arrival.held = dict.fromkeys(lags, promotion.id)
    else:
        late = {name: promote + lag for name, lag in lags.items() if now + lag > promotion.start}
        arrival.visible |= late
        arrival.held |= dict.fromkeys(late, promotion.id)
