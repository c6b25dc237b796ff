"""The shop's deliveries through the collectors into a store, and the answers against the ground truth."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from demo_payloads import distinct

import queries
from collector.envelope import Reference
from collector.handler import Collector
from demo.couriers import Delivery
from demo.deliveries import deliveries
from demo.regions import NAMES
from demo.requests import Request
from demo.shop import DEMO_USER, Parameters, simulate
from store import tables
from store.commit import CommitResult, sweep
from store.objects import Store, open_store
from store.zone import KINDS, Zone, pseudonym, resolve_key

WINDOW = Parameters(duration=timedelta(seconds=150))
OPEN = Zone("open")


@dataclass(frozen=True)
class Collected:
    """What the demo said, what became of it, and where it can be asked for."""

    story: list[Request]
    delivered: list[Delivery]
    counts: Counter[str]
    committed: CommitResult
    zone: Zone
    session: queries.Session


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collected]:
    folder = tmp_path_factory.mktemp("demo")
    (folder / "eu.key").write_bytes(b"a key of the tests' own, 32 bytes")
    zone = Zone("eu", "pseudonym", KINDS, f"file:{folder / 'eu.key'}")
    store = open_store(str(folder / "store"))
    tables.ensure(store)
    simulation = simulate(WINDOW)
    delivered = list(deliveries(simulation))
    counts = _collect(delivered, store, zone)
    committed = sweep(store)
    with queries.connect(store, [zone, OPEN]) as session:
        yield Collected(list(simulation.requests()), delivered, counts, committed, zone, session)


def _collect(delivered: list[Delivery], store: Store, zone: Zone) -> Counter[str]:
    objects = {place: content for delivery in delivered for place, content in delivery.objects.items()}

    def fetch(reference: Reference) -> bytes:
        return objects[reference.bucket, reference.key]

    def zone_of(region: str) -> Zone:
        return zone if region == "eu-west-1" else OPEN

    collectors = {region: Collector(region, store, zone_of, fetch=fetch) for region in NAMES}
    counts: Counter[str] = Counter()
    for delivery in delivered:
        answer = collectors[delivery.region].collect(delivery.event)
        counts.update(answer.get("regionscope", answer))
    return counts


def test_everything_received_is_accounted_for(collected: Collected) -> None:
    counts = collected.counts

    assert counts["received"] == sum(one.log_events + one.controls for one in collected.delivered)
    assert counts["control"] == sum(one.controls for one in collected.delivered)
    assert counts["quarantined"] == 0
    assert counts["received"] == counts["stored"] + counts["duplicate"] + counts["control"]


def test_the_table_holds_every_log_event_once(collected: Collected) -> None:
    (rows,) = collected.session.sql("select count(*) from logs").fetchone() or ()
    by_region = dict(collected.session.sql("select region, count(*) from logs group by all").fetchall())
    arrived = distinct(collected.delivered)

    assert rows == collected.committed.rows == len(arrived)
    assert by_region == Counter(event.region for event in arrived)


def errors_of(collected: Collected, user: str):
    rows = collected.session.find_user(user, errors_only=True).fetchall()
    return rows
