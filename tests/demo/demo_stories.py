"""Stories with one incident, told once for all tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from demo.couriers import Delivery
from demo.deliveries import deliveries
from demo.incident import Incident, Kind
from demo.incident_events import happenings
from demo.metrics import Metrics
from demo.requests import Request
from demo.shop import Parameters, Simulation, simulate
from demo.truth import Truth


@cache
def story(*kinds: Kind, seed: int = 1, minutes: int = 8, rate: float = 8) -> Simulation:
    """With these incidents, or none."""
    window = timedelta(minutes=minutes)
    return simulate(Parameters(seed=seed, duration=window, rate=rate, incidents=kinds or "none"))


@cache
def requests(simulation: Simulation) -> Sequence[Request]:
    return tuple(simulation.requests())


@cache
def delivered(simulation: Simulation) -> Sequence[Delivery]:
    return tuple(deliveries(simulation))


@cache
def aftermaths(simulation: Simulation) -> Sequence[dict[str, Any]]:
    """The lines of incidents.jsonl."""
    truth = Truth(simulation)
    for _ in truth.requests():
        pass
    return truth.incidents()


@cache
def measured(simulation: Simulation) -> Metrics:
    metrics = Metrics(simulation.incidents)
    for request in requests(simulation):
        metrics.measure(request)
    return metrics


def hurt(simulation: Simulation, incident: Incident) -> list[Request]:
    """The requests that failed because of an incident."""
    return [one for one in requests(simulation) if one.failure and one.failure.incident == incident.id]


def metric(simulation: Simulation, region: str, name: str, **dimensions: str) -> dict[int, list[float]]:
    """The samples of a metric, all series together, per minute (epoch seconds of its beginning)."""
    metrics = measured(simulation)
    namespace, _, name = name.rpartition("/")
    samples: dict[int, list[float]] = {}
    start, end = int(simulation.parameters.start.timestamp()), int(simulation.parameters.end.timestamp())
    for series in metrics.series(region):
        known = (series.namespace, series.name) == (namespace, name)
        if known and dimensions.items() <= dict(series.dimensions).items():
            for minute in range(start, end + 600, 60):
                if point := metrics.point(series, minute):
                    samples.setdefault(minute, []).extend(point.samples)
    return samples


def events(simulation: Simulation, source: str) -> list[dict[str, Any]]:
    """The events of a source, in the order of delivery."""
    return [told.event for told in happenings(simulation) if told.event["source"] == source]
