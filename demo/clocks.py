"""The clocks of the regions: what is written down there is stamped by clocks that are a little off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from demo.incident import Incident
from demo.requests import Note, Request

OFFSETS = {"eu-west-1": 0.0, "us-east-1": 0.040, "ap-southeast-1": -0.025}  # seconds ahead of the true time


class Clocks:
    """How far each region's clock is ahead of the true time; times are epoch seconds."""

    def __init__(self, incidents: Iterable[Incident] = ()) -> None:
        self._wrong: dict[str, list[Incident]] = {}
        for one in incidents:
            if one.kind in ("clock_step", "clock_drift"):
                self._wrong.setdefault(one.region, []).append(one)

    def offset(self, region: str, time: float) -> float:
        """Seconds ahead of the true time at that time."""
        ahead = OFFSETS[region]
        for one in self._wrong.get(region, ()):
            if one.lasts(time):
                ahead += float(one.attributes.get("seconds", 0.0))
                ahead += float(one.attributes.get("ppm", 0.0)) * 1e-6 * (time - one.start)
        return ahead

    def stamp(self, region: str, time: float) -> float:
        """What the clock of a region shows at a true time."""
        return time + (self.offset(region, time) if region in self._wrong else OFFSETS[region])

    def as_stamped(self, request: Request) -> Request:
        """The request with all times as the clock of its region showed them, without its calls.

        Durations stay as they were: they are measured by clocks that are never set.
        """
        region, invocation, failure = request.region, request.invocation, request.failure
        return replace(
            request,
            start=self.stamp(region, request.start),
            end=self.stamp(region, request.end),
            invocation=invocation
            and replace(
                invocation,
                start=self.stamp(region, invocation.start),
                end=self.stamp(region, invocation.end),
            ),
            failure=failure and replace(failure, time=self.stamp(region, failure.time)),
            calls=[],
            notes=[
                Note(self.stamp(region, note.time), note.level, note.message, note.fields)
                for note in request.notes
            ],
        )
