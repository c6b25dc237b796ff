"""What each named query leaves unread: other days, regions and users. New queries are held to it, too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from query_rows import DAY, NOON, SECOND, put, record
from region_rows import EU, US, Row, deliver

from queries import Session, connect
from queries.settings import Settings
from store.compact import compact
from store.layout import DataFile, data_file
from store.objects import Store
from store.schema import EVENTS, METRICS, PROBES, SPANS

ASKED = NOON + 39 * DAY  # the day that is asked for
STORED = (NOON, ASKED - 10 * DAY, ASKED - DAY, ASKED)
SINCE, UNTIL = ASKED - timedelta(hours=6), ASKED + timedelta(hours=6)

# What is asked, by the name of the parameter.
VALUES = {
    "since": f"'{SINCE.isoformat()}'",
    "until": f"'{UNTIL.isoformat()}'",
    "at": f"'{UNTIL.isoformat()}'",
    "user": "'u-1'",
    "id": f"'{1:032x}'",
    "traces": f"['{1:032x}']",
    "requests": "['r-1']",
    "regions": f"['{EU}', '{US}']",
    "source": f"'{EU}'",
    "target": f"'{US}'",
    "store": "'shop-sessions'",
    "of_layer": "'session'",
    "figure": "'rto'",
    "name": "'availability'",
    "limit_ms": "1000",
    "sample": "1",
    "limit_s": "60",
    "seconds": "60",
    "minutes": "[]",
}

# How many days before those it is asked of a query looks at, and why.
CHECKS = 30, "the latest event tells which region a health check is about"
EARLIER = {
    "health": CHECKS,
    "health_checks": CHECKS,
    "failovers": CHECKS,
    "sli_failover": CHECKS,
    "slo": (60, "objectives are about the last 30 days, and failovers are among them"),
    "explain": (1, "a drill or a notice of AWS may have begun on the day before the error"),
}

# Which queries read all regions though only one is wanted of their answer, and why.
CROSSING = "what belongs to a request in one region is known by its records in another"
COMPARED = "what is shown of one region is computed from all"
OF_ALL_REGIONS = {
    **dict.fromkeys(["request", "request_failures", "key_operations", "trace", "trace_spans"], CROSSING),
    **dict.fromkeys(["explain", "timeline", "user_failures", "user_requests", "user_spans"], CROSSING),
    **dict.fromkeys(["health", "offsets", "slo", "slo_minutes"], COMPARED),
    **dict.fromkeys(["sli_failover", "sli_read_your_writes"], COMPARED),
    "health_checks": "Route 53 publishes in us-east-1 what is about any region",
    "sli_replication_lag": "AWS publishes it in the source's region or in the target's",
}

# Queries of a user that also look at the records that name no user, which are of the same requests.
OF_THE_NAMELESS = {"explain", "timeline", "user_failures", "user_requests"}


@cache
def queries() -> dict[str, list[str]]:
    """The parameters of every macro and answer that is asked of a span of time."""
    with connect(Path(__file__).with_name("nowhere")) as session:
        return {
            name: parameters
            for name, parameters, _ in session.macros().fetchall()
            if {"since", "at"} & set(parameters) and name != "within"
        }


def call(name: str, **other: str) -> str:
    values = VALUES | other
    given = ", ".join(f"{each} := {values[each]}" for each in queries()[name] if each in values)
    return f"from {name}({given})"


@pytest.fixture(scope="module")
def stored(module_store: Store) -> Store:
    """Every table in two regions on four days, each closed: one sorted file with its Bloom filters."""
    for day, region in product(STORED, (EU, US)):
        put(module_store, *(_log(day + each * SECOND, region, each) for each in range(20)))
        deliver(module_store, SPANS, [_span(day + each * SECOND, region, each) for each in range(20)])
        deliver(module_store, METRICS, [_metric(day, region)])
        deliver(module_store, EVENTS, [_event(day, region)])
        deliver(module_store, PROBES, [_probe(day, region)])
    assert not compact(module_store, now=ASKED + 9 * DAY).failed
    return module_store


def _log(at: datetime, region: str, number: int) -> Row:
    operation = {"store": "shop-sessions", "op": "write", "key_hash": "k", "version": f"{number}@{region}"}
    return record(at, region, http_status=500, attributes=[*operation.items()], **_ids(number))


def _span(at: datetime, region: str, number: int) -> Row:
    return {"time": at, "region": region, "kind": "SERVER", "span_id": f"{number:016x}", **_ids(number)}


def _ids(number: int) -> Row:
    ids = {"user_id": f"u-{number}", "request_id": f"r-{number}", "trace_id": f"{number:032x}"}
    return {"service": "shop", "duration_ms": 5.0, **ids}


def _metric(at: datetime, region: str) -> Row:
    pair = {"source_region": region, "target_region": US if region == EU else EU, "layer": "session"}
    named = {"name": "AWS/DynamoDB/ReplicationLatency", "statistic": "maximum", "unit": "ms", "value": 900.0}
    return {"time": at, "region": region, "resource": "shop-sessions", "series": "s", **named, **pair}


def _event(at: datetime, region: str) -> Row:
    return {"time": at, "region": region, "kind": "failover", "event_id": "e", "attributes": []}


def _probe(at: datetime, region: str) -> Row:
    named = {"layer": "session", "resource": "shop-sessions", "key_hash": "k"}
    seen = {"outcome": "visible", "lag_ms": 9.0, "error_bound_ms": 1.0}
    return {"time": at, "region": region, "target_region": US if region == EU else EU, **seen, **named}


@pytest.fixture(scope="module")
def session(stored: Store) -> Iterator[Session]:
    """A session that forgets what it has read: so every query opens the files it needs, each time."""
    forget = "set global enable_external_file_cache = false; set global parquet_metadata_cache = false"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("queries.session._lock", lambda connection, store: connection.execute(forget))
        with connect(stored, settings=Settings(regions=(EU, US))) as session:
            session.connection.execute("set global TimeZone = 'UTC'")
            yield session


def opened(session: Session, query: str) -> set[DataFile]:
    """The data files that a query opens, by DuckDB's log of its accesses."""
    session.connection.execute("call truncate_duckdb_logs()")
    session.connection.execute("call enable_logging('FileSystem')")
    session.connection.execute(query).fetchall()
    session.connection.execute("call disable_logging()")
    paths = session.connection.execute(
        "select distinct path from duckdb_logs_parsed('FileSystem') where path like '%.parquet'"
    ).fetchall()
    files = {data_file(path.removeprefix(f"{session.store.uri}/")) for (path,) in paths}
    assert None not in files
    return {file for file in files if file}


@pytest.mark.parametrize("name", queries())
def test_only_the_days_that_are_asked_for_are_opened(session: Session, name: str) -> None:
    earlier, _ = EARLIER.get(name, (0, "no reason"))

    days = {file.day for file in opened(session, call(name))}

    assert days <= {day.date() for day in STORED if day >= ASKED - earlier * DAY}


@pytest.mark.parametrize("name", sorted(queries().keys() - OF_ALL_REGIONS.keys()))
def test_only_the_region_that_is_asked_for_is_opened(session: Session, name: str) -> None:
    if "region" not in session.connection.sql(call(name)).columns:
        pytest.skip("its rows are of no single region")

    files = opened(session, f"{call(name)} where region = '{EU}'")

    assert {file.region for file in files} <= {EU}


@pytest.mark.parametrize(
    "name",
    [name for name, parameters in queries().items() if "user" in parameters and name not in OF_THE_NAMELESS],
)
def test_no_logs_are_opened_for_a_user_who_is_in_none(session: Session, name: str) -> None:
    """They are sorted by user, so that the bounds of a file tell. Spans are not: they have Bloom filters."""
    assert {file.table for file in opened(session, call(name, user="'v'"))} <= {"spans"}


def test_without_a_span_all_days_of_all_regions_are_opened(session: Session) -> None:
    files = opened(session, "from find_user('u-1')")

    assert {(file.day, file.region) for file in files} == {
        (day.date(), region) for day in STORED for region in (EU, US)
    }


def test_the_exceptions_are_of_queries_that_there_are() -> None:
    assert {*EARLIER, *OF_ALL_REGIONS, *OF_THE_NAMELESS} <= queries().keys()
