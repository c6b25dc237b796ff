from __future__ import annotations

from datetime import timedelta

import pytest
from demo_payloads import Event, distinct

from demo.account import Account
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
def account() -> Account:
    """What the collectors can ask for once everything of the short story was delivered."""
    return Account()


@pytest.fixture(scope="session")
def delivered(short: Simulation, account: Account) -> list[Delivery]:
    return list(deliveries(short, account))


@pytest.fixture(scope="session")
def signalled(delivered: list[Delivery]) -> list[Delivery]:
    """The deliveries of metrics and events."""
    return [delivery for delivery in delivered if delivery.signals]


@pytest.fixture(scope="session")
def arrived(delivered: list[Delivery]) -> set[Event]:
    """The log events in all deliveries, each once."""
    return distinct(delivered)
