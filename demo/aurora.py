"""The Aurora global database: which region takes its writes, and whose replica answers where."""

from __future__ import annotations

from collections.abc import Iterable

from demo.incident import Incident
from demo.regions import WRITER

PROMOTIONS = ("aurora_switchover", "aurora_failover")


class Aurora:
    """The roles of the regions at any time of a story."""

    def __init__(self, incidents: Iterable[Incident]) -> None:
        self.promotions = [one for one in incidents if one.kind in PROMOTIONS]

    def writer(self, now: float) -> str | None:
        """The region of the primary; None from when the old one is fenced until another is promoted."""
        writer: str | None = WRITER
        for one in self.promotions:
            if now >= one.moments["fence"]:
                writer = one.to_region if now >= one.moments["promote"] else None
        return writer

    def reader(self, region: str, now: float) -> str | None:
        """The region whose replica answers a region: after a failover, for a while, not its own."""
        for one in self.promotions:
            lost = one.kind == "aurora_failover" and one.region == region
            if lost and one.moments["fence"] <= now < one.moments["rejoin"]:
                return one.to_region if now >= one.moments["promote"] else None
        return region

    def promotion(self, now: float) -> Incident:
        """The last one that has begun."""
        return next(one for one in reversed(self.promotions) if one.start <= now)
