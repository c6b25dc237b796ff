from __future__ import annotations

from datetime import timedelta

import pytest
from demo_payloads import Event, distinct

from demo.couriers import Delivery
from demo.deliveries import deliveries
from demo.requests import Request
from demo.shop import Parameters, Simulation, simulate


@pytest.fixture(scope="session")
def story() -> list[Request]:
    """The requests of the default parameters."""
    return list(simulate(Parameters()).requests())


@pytest.fixture(scope="session")
def short() -> Simulation:
    """Long enough for full Kinesis batches, several access log objects and every kind of failure."""
    return simulate(Parameters(duration=timedelta(minutes=6)))


@pytest.fixture(scope="session")
def short_story(short: Simulation) -> list[Request]:
    return list(short.requests())


@pytest.fixture(scope="session")
def delivered(short: Simulation) -> list[Delivery]:
    return list(deliveries(short))


@pytest.fixture(scope="session")
def arrived(delivered: list[Delivery]) -> set[Event]:
    """The log events in all deliveries, each once."""
    return distinct(delivered)
