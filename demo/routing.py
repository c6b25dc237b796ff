"""Route 53: what its health checks see of each region, and which region it sends a client to."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from demo.incident import Incident

THRESHOLD = 3  # checks in a row
ENOUGH = 0.18  # a region is healthy while more than this share of the checkers says so
TTL = 60.0  # seconds for which a client keeps an answer
NO_ANSWER = 6.0  # seconds a checker waits for a connection and an answer


@dataclass(frozen=True, slots=True)
class Checks:
    """What the checkers say of a region that is out from `start` to `end`; each checks every `interval` s.

    They are not coordinated: one after the other has seen the third failure (or success) in a row.
    """

    start: float
    end: float
    interval: float
    silent: bool  # whether nothing answers, rather than errors

    @property
    def unhealthy(self) -> float:
        """Since when too few say that the region is healthy."""
        return self._failing + (1 - ENOUGH) * self.interval

    @property
    def healthy(self) -> float:
        """Since when enough say so again."""
        return self._passing + ENOUGH * self.interval

    @property
    def noticed(self) -> bool:
        """Whether the outage lasts long enough for that."""
        return self.unhealthy < self.end

    def share(self, time: float) -> float:
        """The part of the checkers that say at a time that the region is healthy."""
        failed = min(max((min(time, self.end) - self._failing) / self.interval, 0.0), 1.0)
        passed = min(max((time - self._passing) / self.interval, 0.0), 1.0)
        return 1.0 - failed + min(passed, failed)

    @property
    def _failing(self) -> float:
        waited = NO_ANSWER if self.silent else 0.0
        return self.start + (THRESHOLD - 1) * self.interval + waited

    @property
    def _passing(self) -> float:
        return self.end + (THRESHOLD - 1) * self.interval


class Routing:
    """Where the clients of each region are sent, and whether anybody answers them there."""

    def __init__(self, incidents: Iterable[Incident]) -> None:
        self._outages = [(one, checks(one)) for one in incidents if one.kind == "region_outage"]

    def outage(self, region: str, now: float) -> Incident | None:
        """The outage of a region, while it lasts."""
        for outage, _ in self._outages:
            if outage.region == region and outage.lasts(now):
                return outage
        return None

    def serving(self, near: str, user: str, now: float) -> str:
        """Where a user's client sends its requests, whose nearest region is `near`.

        It learns of a change when the answer it has from the DNS expires: each at another time.
        """
        for outage, seen in self._outages:
            if outage.region == near and outage.to_region and seen.noticed:
                learnt = now - TTL * (zlib.crc32(user.encode()) / 2**32)
                if seen.unhealthy <= learnt < seen.healthy:
                    return outage.to_region
        return near

    def share(self, region: str, now: float) -> float:
        """The part of the health checkers that see a region healthy."""
        return min(
            (seen.share(now) for outage, seen in self._outages if outage.region == region), default=1.0
        )


def checks(outage: Incident) -> Checks:
    """What the health checkers see of an outage."""
    silent = outage.attributes["answers"] == "nothing"
    return Checks(outage.start, outage.end, float(outage.attributes["interval"]), silent)
