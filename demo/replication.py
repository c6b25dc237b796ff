"""A store that is replicated to every region: what was written when, and who can read it from when on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from demo.drills import Drill
from demo.regions import NAMES

KEPT = 8  # versions of a key that are remembered; older ones are visible everywhere long since


@dataclass(frozen=True, slots=True)
class Version:
    """One write. `number` counts what its region had seen, so two regions can write the same number."""

    number: int
    region: str
    written: float  # epoch seconds
    based_on: str | None  # the version its region had before
    state: str | None  # of a tracked file: local_only or replicated; of an order: placed or paid
    visible: Mapping[str, float]  # per region, epoch seconds from which it can be read there

    @property
    def name(self) -> str:
        return f"{self.number}@{self.region}"


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


class Replicated:
    """The contents of one resource in all regions; concurrent writes end with the last writer's."""

    def __init__(self, kind: Kind, rng: Random) -> None:
        self.kind = kind
        self._rng = rng
        self._versions: dict[str, list[Version]] = {}
        self._pauses: list[Drill] = []

    def pause(self, drill: Drill) -> None:
        """Hold back what would arrive while the drill lasts; it arrives after it, in its usual time."""
        self._pauses.append(drill)

    def lag(self) -> float:
        """Seconds until one write arrives in one other region."""
        return self.kind.lag * self._rng.lognormvariate(0, self.kind.spread)

    def write(self, key: str, region: str, now: float, state: str | None = None) -> Version:
        """A write in one region, seen there at once and elsewhere after the lag."""
        visible = {
            name: now if name == region else self._arrival(region, name, now, self.lag()) for name in NAMES
        }
        return self._append(key, region, now, state, visible)

    def _arrival(self, source: str, target: str, now: float, lag: float) -> float:
        here = [pause for pause in self._pauses if (pause.source, pause.target) == (source, target)]
        held = [pause.end for pause in here if now + lag > pause.start and now < pause.end]
        return max([now, *held]) + lag

    def place(self, key: str, region: str, now: float, state: str | None = None) -> Version:
        """A write of long ago: visible everywhere."""
        return self._append(key, region, now, state, dict.fromkeys(NAMES, now))

    def _append(
        self, key: str, region: str, now: float, state: str | None, visible: Mapping[str, float]
    ) -> Version:
        seen = [version for version in self._versions.get(key, ()) if version.visible[region] <= now]
        before = self.read(key, region, now)
        number = 1 + max((version.number for version in seen), default=0)
        version = Version(number, region, now, before.name if before else None, state, visible)
        self._versions[key] = [*self._versions.get(key, ()), version][-KEPT:]
        return version

    def read(self, key: str, region: str, now: float) -> Version | None:
        """What a region has of a key: of the versions that arrived, the one written last."""
        arrived = (version for version in self._versions.get(key, ()) if version.visible[region] <= now)
        return max(arrived, key=lambda version: (version.written, version.region), default=None)

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
