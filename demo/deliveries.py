"""What the collectors of the shop's regions are handed: real payloads, some twice, some late."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Protocol

from demo.account import Account
from demo.couriers import Buckets, Courier, Delivery, Direct, Firehose, Kinesis
from demo.documents import documents, intervals, poison
from demo.incident import Incident
from demo.incident_events import happenings
from demo.logs import AccessLog, Line, lines
from demo.regions import NAMES
from demo.shop import Simulation
from demo.signal_couriers import PULLED, Bus, MetricStream

ACCOUNT_LEVEL = "ap-southeast-1"  # its subscription is an account-level policy
LATE = 0.05  # chance that a delivery is overtaken by up to so many others:
OVERTAKEN = 6
TWICE = 0.01  # chance that AWS invokes the collector again with the same event


def deliveries(simulation: Simulation, account: Account | None = None) -> Iterator[Delivery]:
    """Every invocation of every region's collector, in the order in which they happen.

    Meanwhile the account fills with what the collectors have to ask for.
    """
    account = account or Account(simulation.incidents)
    told, start = simulation.parameters, simulation.parameters.start.timestamp()
    streams = [MetricStream(name, account.metrics, start) for name in NAMES if name != PULLED]
    written = lines(account.observe(simulation.requests()), simulation.clocks)
    others: list[Messenger] = [*streams, Bus(happenings(simulation))]
    poisoned = [one for one in simulation.incidents if one.kind == "poisoned_logs"]
    orderly = _orderly(written, others, poisoned, Random(f"{told.seed}/couriers"))
    heard = _when_heard(orderly, [one for one in simulation.incidents if one.kind == "silent_collector"])
    return _as_it_happens(heard, Random(f"{told.seed}/deliveries"))


class Messenger(Protocol):
    """What hands over, by simulated time."""

    def deliver(self, now: float, last: bool) -> Iterator[Delivery]: ...


def _orderly(
    lines: Iterable[Line], others: Sequence[Messenger], poisoned: Sequence[Incident], rng: Random
) -> Iterator[Delivery]:
    """Everything once and in order, but for what a Kinesis reader reads again."""
    streams: dict[str, Courier] = {
        "eu-west-1": Kinesis("eu-west-1", rng),
        "us-east-1": Direct("us-east-1"),
        "ap-southeast-1": Firehose("ap-southeast-1", rng),
    }
    buckets, end = Buckets(), 0.0
    couriers: list[Messenger] = [*streams.values(), buckets, *others]
    for end, logs in intervals(lines):
        for log, written in logs.items():
            if isinstance(log, AccessLog):
                buckets.add(end, log, written)
            else:
                for document in documents(log, written, account_level=log.region == ACCOUNT_LEVEL):
                    streams[log.region].send(end, document)
        for incident in poisoned:
            if incident.lasts(end):
                streams[incident.region].send(end, poison(end))
        for courier in couriers:
            yield from courier.deliver(end, last=False)
    for courier in couriers:
        yield from courier.deliver(end, last=True)


def _when_heard(orderly: Iterable[Delivery], silences: Sequence[Incident]) -> Iterator[Delivery]:
    """What a collector is handed while it is silent, it gets when it answers again."""
    kept: list[tuple[float, Delivery]] = []
    for delivery in orderly:
        yield from (old for end, old in kept if end <= delivery.time)
        kept = [(end, old) for end, old in kept if end > delivery.time]
        silent = [one.end for one in silences if one.region == delivery.region and one.lasts(delivery.time)]
        if silent:
            kept.append((max(silent), delivery))
        else:
            yield delivery
    yield from (old for _, old in kept)


def _as_it_happens(orderly: Iterable[Delivery], rng: Random) -> Iterator[Delivery]:
    """Now and then a delivery is late, and now and then one comes again."""
    waiting: list[tuple[int, int, Delivery]] = []
    place = 0
    for place, delivery in enumerate(orderly):
        due = place + (rng.randint(1, OVERTAKEN) if rng.random() < LATE else 0)
        heapq.heappush(waiting, (due, 2 * place, delivery))
        if rng.random() < TWICE:
            again = replace(delivery, duplicates=delivery.log_events)
            heapq.heappush(waiting, (due + rng.randint(1, OVERTAKEN), 2 * place + 1, again))
        while waiting and waiting[0][0] <= place:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
