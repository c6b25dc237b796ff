"""The simulation: one shop, active-active in three regions; the same parameters give the same story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from demo.application import Application
from demo.clocks import Clocks
from demo.incidents import Incident, placed
from demo.parameters import Parameters
from demo.requests import Request
from demo.users import population
from demo.visits import arrivals, burst

__all__ = ["DEMO_USER", "Parameters", "Simulation", "simulate"]

DEMO_USER = "u-1042"  # a frequent traveller, well known from the README
USERS_PER_RATE = 50  # users per request/s
FEWEST_USERS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """A story that is told anew, and always the same, each time somebody asks for its requests."""

    parameters: Parameters
    incidents: tuple[Incident, ...]
    clocks: Clocks

    def requests(self) -> Iterator[Request]:
        """Every request, in the order in which they were answered."""
        told = self.parameters
        shop = Application(told.seed, told.start.timestamp(), told.end.timestamp(), self.incidents)
        users = population(max(FEWEST_USERS, round(USERS_PER_RATE * told.rate)), Random(f"{told.seed}/users"))
        for user in users:
            shop.settle(user)
        shop.timeline.spawn(arrivals(shop, users, told.rate))
        for incident in self.incidents:
            if incident.kind == "throttling":
                shop.timeline.spawn(burst(shop, users, incident, told.rate))
        while shop.timeline.step():
            yield from shop.answered
            shop.answered.clear()


def simulate(parameters: Parameters) -> Simulation:
    """The story these parameters tell; nothing happens until its requests are asked for."""
    incidents = placed(parameters)
    return Simulation(parameters, incidents, Clocks(incidents))
