"""What the collectors fetch by themselves, each on its schedule: traces, metrics, state, probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import boto3
from botocore.config import Config as BotoConfig

from collector.accounting import Accounting
from collector.clients import Clients, shared
from collector.handler import Collector
from collector.metrics.pull import pull as pull_metrics
from collector.probes.run import run as run_probes
from collector.pulled import Pulled
from collector.refusal import REFUSALS, reason
from collector.state.files import track
from collector.state.poll import poll
from collector.state.watched import Watched
from collector.xray.pull import pull as pull_traces
from regionscope.config import Config

Kind = Literal["traces", "metrics", "state", "probes"]

# A region that does not answer must not hold up what the others have; botocore tries again by itself.
_PATIENCE = BotoConfig(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})


@dataclass(slots=True)
class Round:
    """What the runs of one minute stored, by kind; `problems` are sentences on what AWS refused."""

    accounts: dict[Kind, Accounting] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, kind: Kind, pulled: Pulled) -> None:
        self.accounts.setdefault(kind, Accounting()).add(pulled.accounting)
        self.problems += pulled.problems


def clients() -> Clients:
    """Clients with the credentials of this process, each made once."""
    return shared(lambda service, region: boto3.client(service, region_name=region, config=_PATIENCE))


def pull(config: Config, collector: Collector, clients: Clients, minute: int, *kinds: Kind) -> Round:
    """Fetch all that the configuration wants in this minute (counted from 1970), or only some kinds of it.

    What AWS refuses of one kind does not keep the others. Raises whatever keeps the store or a zone's key out
    of reach.
    """
    round = Round()
    for kind in kinds or _PULLS:
        try:
            for pulled in _PULLS[kind](config, collector, clients, minute):
                round.add(kind, pulled)
        except REFUSALS as error:
            round.problems.append(f"{kind}: {reason(error)}")
    return round


def _traces(config: Config, collector: Collector, clients: Clients, minute: int) -> Iterator[Pulled]:
    if config.traces.xray:
        yield pull_traces(collector, _here(collector, clients), config.traces.overlap)


def _metrics(config: Config, collector: Collector, clients: Clients, minute: int) -> Iterator[Pulled]:
    if config.metrics.enabled and minute % config.metrics.interval_minutes == 0:
        yield pull_metrics(collector, _here(collector, clients), config.metrics.catalogue())


def _state(config: Config, collector: Collector, clients: Clients, minute: int) -> Iterator[Pulled]:
    watched, trackers = config.state.watched(), config.state.trackers_of(collector.region)
    if watched != Watched():
        yield poll(collector, _here(collector, clients), watched)
    if trackers:
        yield track(collector, _here(collector, clients), trackers)


def _probes(config: Config, collector: Collector, clients: Clients, minute: int) -> Iterator[Pulled]:
    if config.probes:
        probes = [each.probe() for each in config.probes]
        # A probe that fails is a row of its own, not a problem of the run.
        yield Pulled(run_probes(collector, clients, probes, minute))


def _here(collector: Collector, clients: Clients) -> Callable[[str], Any]:
    """Clients of the collector's own region."""
    return lambda service: clients(service, collector.region)


_PULLS: Mapping[Kind, Callable[[Config, Collector, Clients, int], Iterator[Pulled]]] = MappingProxyType(
    {"traces": _traces, "metrics": _metrics, "state": _state, "probes": _probes}
)
