"""What a story is told from; the same parameters give the same story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

from demo.incident import KINDS, Kind

Incidents = Literal["default", "none"] | tuple[Kind, ...]


def wanted(text: str) -> Incidents:
    """`default`, `none`, or kinds separated by commas; Parameters says which there are."""
    return cast("Incidents", text if text in ("default", "none") else tuple(text.split(",")))


@dataclass(frozen=True, slots=True)
class Parameters:
    """`rate` is in requests per second over all regions.

    `incidents` are the kinds to be placed, in this order; "default" is a GameDay, "none" a quiet day.
    """

    seed: int = 1
    start: datetime = datetime(2026, 11, 20, 9, tzinfo=UTC)
    duration: timedelta = timedelta(minutes=10)
    rate: float = 20.0
    incidents: Incidents = "default"

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError(f"start is {self.start.isoformat()}: it must have a time zone")
        if self.duration <= timedelta(0):
            raise ValueError(f"duration is {self.duration}: it must be positive")
        if self.rate <= 0:
            raise ValueError(f"rate is {self.rate}: it must be positive")
        for kind in self.incidents if isinstance(self.incidents, tuple) else ():
            if kind not in KINDS:
                raise ValueError(f"incidents has {kind!r}: each must be one of {', '.join(KINDS)}")

    @property
    def end(self) -> datetime:
        return self.start + self.duration
