"""The shop's deliveries through the collectors into a store, and the answers against the ground truth."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
import pytest
from demo_payloads import distinct

import queries
from collector.envelope import Reference
from collector.handler import Collector
from demo.couriers import Delivery
from demo.deliveries import deliveries
from demo.otel_spans import GROUP
from demo.regions import NAMES
from demo.requests import Request
from demo.shop import DEMO_USER, Parameters, simulate
from store import tables
from store.commit import CommitResult, sweep
from store.objects import Store, open_store
from store.schema import TABLES
from store.zone import KINDS, Zone, pseudonym, resolve_key

WINDOW = Parameters(duration=timedelta(seconds=60))
OPEN = Zone("open")
PERSONAL = re.compile(
    r"@example\.com|\+44 7700|\+1 202-555|\+61 491|card \d|DE8937040044|Bearer eyJ|\b192\.0\.2\.\d+\b(?!/)"
)


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
        kind = "signals/" if delivery.signals else ""
        counted = answer.get("regionscope", answer)
        counts.update({f"{kind}{name}": count for name, count in counted.items()})
    return counts


def test_everything_received_is_accounted_for(collected: Collected) -> None:
    counts = collected.counts

    assert counts["received"] == sum(one.log_events + one.controls for one in collected.delivered)
    assert counts["control"] == sum(one.controls for one in collected.delivered)
    assert counts["quarantined"] == 0
    assert counts["received"] == counts["stored"] + counts["duplicate"] + counts["control"]


def test_every_metric_and_event_is_accounted_for(collected: Collected) -> None:
    counts = {name.removeprefix("signals/"): n for name, n in collected.counts.items() if "/" in name}

    assert counts["received"] >= sum(one.signals for one in collected.delivered) > 0
    assert counts["received"] == counts["stored"] + counts["duplicate"]


def test_the_tables_hold_every_log_event_and_every_span_of_the_logs_once(collected: Collected) -> None:
    arrived = distinct(collected.delivered)
    spans = {event for event in arrived if event.group == GROUP}
    by_region = dict(collected.session.sql("select region, count(*) from logs group by all").fetchall())
    traced = dict(collected.session.sql("select region, count(*) from spans group by all").fetchall())

    assert by_region == Counter(event.region for event in arrived - spans)
    assert traced == Counter(event.region for event in spans)


def test_nothing_but_what_was_committed_is_in_the_tables(collected: Collected) -> None:
    counts = [collected.session.sql(f"select count(*) from {name}").fetchall()[0][0] for name in TABLES]

    assert sum(counts) == collected.committed.rows - collected.committed.replaced


def test_the_errors_found_of_a_user_are_those_of_the_truth(collected: Collected) -> None:
    by_id = {id: request for request in collected.story for id in _ids(request)}
    failed = [request for request in collected.story if request.failed]
    assert {request.region for request in failed} == set(NAMES)
    for user in sorted({request.user.id for request in failed})[::3]:
        rows = _rows(collected.session.user_requests(user, errors_only=True))
        found = {by_id.get(row["request_id"]) or by_id.get(row["trace_id"]) for row in rows}
        mine = {request for request in failed if request.user.id == user}
        assert found <= mine
        assert {request.status for request in mine - found} <= {429}  # found by its status, see below


def test_a_throttled_request_is_found_with_its_status(collected: Collected) -> None:
    throttled = [request for request in collected.story if request.status == 429]
    assert throttled
    for request in throttled:
        rows = _rows(collected.session.find_user(request.user.id))
        assert (request.request_id, 429) in {(row["request_id"], row["http_status"]) for row in rows}


def test_a_user_is_found_in_every_region_under_the_pseudonym_of_its_zone(collected: Collected) -> None:
    rows = _rows(collected.session.find_user(DEMO_USER))
    ids = {row["region"]: row["user_id"] for row in rows}
    mine = {request.region for request in collected.story if request.user.id == DEMO_USER}

    assert set(ids) == mine == set(NAMES)
    assert ids["eu-west-1"] == pseudonym(resolve_key(collected.zone.key or ""), DEMO_USER)
    assert ids["us-east-1"] == ids["ap-southeast-1"] == DEMO_USER


def test_nothing_personal_is_stored_in_the_clear_in_the_european_zone(collected: Collected) -> None:
    rows = _rows(collected.session.sql("select * from logs where region = 'eu-west-1'"))

    assert sum(row["user_id"] is not None for row in rows) > len(rows) / 4
    for row in rows:
        assert not PERSONAL.search(f"{row['body']} {row['attributes']}")
        assert not re.search(r"\bu-\d{4}\b", f"{row['body']} {row['attributes']}")


def _ids(request: Request) -> set[str]:
    invocation = {request.invocation.request_id} if request.invocation else set()
    return invocation | {request.request_id, request.trace_id[2:].replace("-", "")}


def _rows(relation: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
