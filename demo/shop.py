"""The simulation: one shop, active-active in three regions; the same parameters give the same story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from demo.application import Application
from demo.clocks import OFFSETS
from demo.requests import Request, record
from demo.users import population
from demo.visits import arrivals

DEMO_USER = "u-1042"  # a frequent traveller, well known from the README
USERS_PER_RATE = 50  # users per request/s
FEWEST_USERS = 100


@dataclass(frozen=True, slots=True)
class Parameters:
    """`rate` is in requests per second over all regions."""

    seed: int = 1
    start: datetime = datetime(2026, 11, 20, 9, tzinfo=UTC)
    duration: timedelta = timedelta(minutes=10)
    rate: float = 20.0

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError(f"start is {self.start.isoformat()}: it must have a time zone")
        if self.duration <= timedelta(0):
            raise ValueError(f"duration is {self.duration}: it must be positive")
        if self.rate <= 0:
            raise ValueError(f"rate is {self.rate}: it must be positive")

    @property
    def end(self) -> datetime:
        return self.start + self.duration


@dataclass(frozen=True, slots=True)
class Simulation:
    """A story that is told anew, and always the same, each time somebody asks for its requests."""

    parameters: Parameters

    def requests(self) -> Iterator[Request]:
        """Every request, in the order in which they were answered."""
        told = self.parameters
        shop = Application(told.seed, told.start.timestamp(), told.end.timestamp())
        users = population(max(FEWEST_USERS, round(USERS_PER_RATE * told.rate)), Random(f"{told.seed}/users"))
        for user in users:
            shop.settle(user)
        shop.timeline.spawn(arrivals(shop, users, told.rate))
        while shop.timeline.step():
            yield from shop.answered
            shop.answered.clear()


def simulate(parameters: Parameters) -> Simulation:
    """The story these parameters tell; nothing happens until its requests are asked for."""
    return Simulation(parameters)


def truth(simulation: Simulation) -> Iterator[dict[str, Any]]:
    """What really happened to each request, one JSON object per line of ground-truth.jsonl.

    All times are true; `clock_offset_ms` is how far the clock of the request's region was ahead of them.
    """
    for request in simulation.requests():
        yield record(request) | {"clock_offset_ms": OFFSETS[request.region] * 1000}
