"""Polling: what AWS tells only when asked is compared with before, and each change recorded once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from collector.handler import Collector
from collector.pulled import Pulled
from collector.refusal import REFUSALS, reason
from collector.signals import Signals
from collector.state import aurora, dynamodb, elasticache, health_check, routing
from collector.state.book import Book, Describe
from collector.state.observation import Observation
from collector.state.watched import Watched
from store import ledger
from store.schema import EVENTS

_log = logging.getLogger(__name__)

_TRIES = 20  # steps of one source; three do if no other poller interferes


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    look: Callable[[Callable[[str], Any]], Observation]
    describe: Describe
    shared: bool = True  # every region's poller sees the same subjects


def poll(collector: Collector, client: Callable[[str], Any], watched: Watched) -> Pulled:
    """Look → compare → decide → store, source by source; every region's poller does all of it.

    `client` gives a boto3 client of the collector's region by the name of the service. Raises whatever keeps
    the store or a zone's key out of reach; what was decided by then is stored by the next run of any region.
    """
    pulled = Pulled()
    for source in _sources(watched):
        try:
            observation = source.look(client)
        except REFUSALS as error:
            pulled.problems.append(f"{source.name}: {reason(error)}")
            continue
        pulled.problems += observation.problems
        _settle(collector, source, observation, pulled)
    pulled.report(_log, "state polled", collector.region, stored=pulled.accounting.stored)
    return pulled


def _sources(watched: Watched) -> Iterator[_Source]:
    if watched.aurora:
        yield _Source("aurora", aurora.look, aurora.describe)
    if watched.elasticache:
        yield _Source("elasticache", elasticache.look, elasticache.describe)
    if watched.tables:
        look = partial(dynamodb.look, tables=watched.tables)
        yield _Source("dynamodb", look, dynamodb.describe, shared=False)
    if watched.hosted_zones:
        yield _Source("routing", partial(routing.look, zones=watched.hosted_zones), routing.describe)
    if watched.health_checks:
        look = partial(health_check.look, ids=watched.health_checks)
        yield _Source("health_check", look, health_check.describe)


def _settle(collector: Collector, source: _Source, observation: Observation, pulled: Pulled) -> None:
    """Decide in the ledger, then store, then strike out: a run that ends between is taken up by the next.

    Each step starts from the ledger as it stands, so it does not matter which poller takes it.
    """
    name = f"state/{source.name}" if source.shared else f"state/{source.name}/{collector.region}"
    time = round(collector.now().timestamp() * 1_000_000)
    for _ in range(_TRIES):
        version = ledger.read(collector.store, name)
        book = Book.opened(version.value)
        if book.pending:
            pulled.accounting.add(collector.record("state", [Signals.of(EVENTS, book.pending)]))
            book.pending = []
        elif not book.note(source.name, source.describe, observation, collector.region, time):
            return
        ledger.swap(collector.store, name, version.number, book.value())
    pulled.problems.append(f"{source.name}: too many pollers at once, the next run goes on")
