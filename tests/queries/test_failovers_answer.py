"""The answer `failovers` over stores with one incident each, and its report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from query_rows import NOON, SECOND, put, record
from region_rows import event, metric

from queries import Session, connect
from queries.settings import HealthRules, Settings
from store import tables
from store.objects import Store, open_store

MINUTE = timedelta(minutes=1)
EU, US, AP = "eu-west-1", "us-east-1", "ap-southeast-1"
PER_SECOND = {EU: 5, US: 4, AP: 3}  # 120 requests in ten seconds
CHECK = "11112222-3333-4444-5555-666677778888"

Row = dict[str, Any]


def request(at: datetime, region: str, status: int, number: int) -> Row:
    return record(
        at,
        region,
        service="shop",
        http_status=status,
        duration_ms=20.0,
        user_id=f"u-{number % 50}",
        log_group="/aws/apigateway/shop",
    )


def day(minutes: int, away: tuple[float, float] | None, down: tuple[float, float] | None) -> Iterator[Row]:
    """Requests of every region; while EU is `down` it answers 503, while it is `away` US answers for it."""

    def within(span: tuple[float, float] | None, second: int) -> bool:
        return span is not None and span[0] * 60 <= second < span[1] * 60

    for second in range(minutes * 60):
        for region, count in PER_SECOND.items():
            for number in range(count):
                at = NOON + second * SECOND + number * SECOND / 10
                served = US if region == EU and within(away, second) else region
                bad = region == EU and within(down, second) and served == EU
                yield request(at, served, 503 if bad else 200, second * 7 + number)


def a_store(path: Any, *rows: Row) -> Store:
    store = open_store(str(path / "store"))
    tables.ensure(store)
    put(store, *rows)
    return store


def over(store: Store) -> Session:
    return connect(store, settings=Settings(health=HealthRules(checks={CHECK: EU})))


def incidents(session: Session, since: datetime = NOON, until: datetime = NOON + 60 * MINUTE) -> list[Row]:
    found = session.failovers(since=since, until=until)
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def near(value: datetime | None, minute: float, seconds: float) -> bool:
    return value is not None and abs((value - NOON - minute * MINUTE).total_seconds()) <= seconds


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """EU is down from 8 to 14; traffic is away from 9.5 to 14, as its health check failed at 9."""
    store = a_store(tmp_path_factory.mktemp("outage"), *day(22, (9.5, 14), (8, 14)))
    metric(
        store,
        "AWS/Route53/HealthCheckStatus",
        *[*[1.0] * 9, *[0.0] * 5, *[1.0] * 8],
        statistic="minimum",
        region=US,
        resource=CHECK,
    )
    event(store, "alarm", NOON + 9 * MINUTE, subject="eu-5xx", state="ALARM", title="Alarm eu-5xx.")
    with over(store) as session:
        yield session


def test_a_region_that_fails_and_is_left_is_one_confirmed_incident(outage: Session) -> None:
    (found,) = incidents(outage)

    assert (found["kind"], found["layer"]) == ("failover", "routing")
    assert (found["from_region"], found["to_region"]) == (EU, US)
    assert (found["state"], found["open"], found["drill"]) == ("confirmed", False, False)
    assert {sign["kind"] for sign in found["evidence"]} == {"traffic", "errors", "health_check", "alarm"}


def test_its_times_are_right_within_their_bounds(outage: Session) -> None:
    (found,) = incidents(outage)

    assert near(found["t_impact"], 8, found["t_impact_bound_s"])
    assert near(found["t_detect"], 9, found["t_detect_bound_s"])
    assert near(found["t_traffic"], 9.5, found["t_traffic_bound_s"])
    assert near(found["t_recover"], 9.5, found["t_recover_bound_s"])
    assert near(found["ended"], 14, 10)
    assert abs(found["rto_s"] - 90) <= 10
    assert found["rto_status"] == "met"
    assert found["requests_failed"] == 90 * PER_SECOND[EU]
    assert found["users_affected"] == 50
    assert found["bad_minutes"] == 2
    assert found["error_minutes"] == pytest.approx(1.5 * 5 / 12, abs=0.05)
    assert (found["rpo_s"], found["rpo_status"]) == (None, "undetermined")


@pytest.mark.parametrize(("before", "after"), [(0, 60), (3, 10), (7.9, 8.1), (-600, 600)])
def test_it_is_the_same_in_every_window_in_which_it_starts(
    outage: Session, before: float, after: float
) -> None:
    (wide,) = incidents(outage)

    found = incidents(outage, NOON + before * MINUTE, NOON + after * MINUTE)

    assert found == [wide]


@pytest.mark.parametrize(("before", "after"), [(-60, 7), (9, 60)])
def test_a_window_in_which_it_does_not_start_is_without_it(
    outage: Session, before: float, after: float
) -> None:
    assert incidents(outage, NOON + before * MINUTE, NOON + after * MINUTE) == []


def test_all_evidence_can_be_looked_up(outage: Session) -> None:
    (found,) = incidents(outage)

    for sign in found["evidence"]:
        rows = outage.sql(f"select * from {sign['row']}")
        assert rows is not None
        assert rows.fetchall()


def test_the_report_runs_on_its_own(outage: Session) -> None:
    (found,) = incidents(outage)

    report = outage.failover_report(found["id"])

    assert found["id"] in report.markdown
    assert report.html.count("<svg") >= 3
    assert not {"http://", "https://", "<script", "src="} & set(report.html.split('"'))
    for figure in report.figures:
        rows = outage.sql(figure.sql)
        assert rows is not None
        assert rows.fetchall(), figure.title


def test_a_report_is_found_again_when_the_start_is_known_better(outage: Session) -> None:
    (found,) = incidents(outage)
    earlier = f"routing-{EU}-{found['started'] - MINUTE:%Y%m%dT%H%M%SZ}"

    assert found["id"] in outage.failover_report(earlier).markdown


@pytest.mark.parametrize("id", ["nothing", "routing-mars-20260301T120000Z", "'; select 1 --"])
def test_an_unknown_incident_is_named_with_those_that_are_known(outage: Session, id: str) -> None:
    with pytest.raises(LookupError, match="no incident"):
        outage.failover_report(id, since=NOON, until=NOON + 60 * MINUTE)


def test_a_quiet_day_has_no_incident(tmp_path: Any) -> None:
    with over(a_store(tmp_path, *day(15, None, None))) as session:
        assert incidents(session) == []


def test_a_store_without_rows_has_no_incident(tmp_path: Any) -> None:
    with over(open_store(str(tmp_path / "store"))) as session:
        assert incidents(session) == []


def test_a_collector_that_falls_silent_is_no_outage(tmp_path: Any) -> None:
    silent = [row for row in day(20, None, None) if row["region"] != EU or row["time"] < NOON + 10 * MINUTE]

    with over(a_store(tmp_path, *silent)) as session:
        assert incidents(session) == []


def operation(at: datetime, op: str, served_by: str, key: str, version: str, based_on: str | None) -> Row:
    told = {"store": "shop", "op": op, "served_by": served_by, "key_hash": key, "version": version}
    attributes = told | ({"based_on": based_on} if based_on else {})
    return record(at, served_by, service="orders", duration_ms=5.0, attributes=list(attributes.items()))


def promotion() -> Iterator[Row]:
    """EU takes a write each second until 600 s, US from 660 s on: what EU took since 590 s is missing."""
    for second in range(601):
        yield operation(NOON + second * SECOND, "write", EU, f"k{second}", "2@eu-west-1", "1@eu-west-1")
    for second in range(660, 1200):
        yield operation(NOON + second * SECOND, "write", US, f"n{second}", "1@us-east-1", None)
    for second in range(500, 601):
        version = "2@eu-west-1" if second < 590 else "1@eu-west-1"
        yield operation(NOON + (700 + second) * SECOND, "read", US, f"k{second}", version, None)


def told_by_rds(store: Store, *ids: tuple[float, str, str, str]) -> None:
    for seconds, kind, state, code in ids:
        event(
            store,
            kind,
            NOON + seconds * SECOND,
            subject="shop-aurora",
            state=state,
            title=f"Cluster shop-aurora: {state}.",
            to_region=US if code != "RDS-EVENT-0390" else None,
            attributes=[("EventID", code), ("aws.event.source", "aws.rds")],
        )


# What RDS may tell of a failover, in any order, or not at all.
TOLD = (
    (661.0, "failover", "completed", "RDS-EVENT-0238"),
    (630.0, "failover", "fenced", "RDS-EVENT-0390"),
    (610.0, "failover", "requested", "FailoverGlobalCluster"),
)


@pytest.mark.parametrize(
    "events", [TOLD, TOLD[::-1], TOLD[:1], ()], ids=["late", "ordered", "missing", "none"]
)
def test_a_promotion_is_measured_by_what_the_application_wrote(
    tmp_path: Any, events: Sequence[tuple[float, str, str, str]]
) -> None:
    store = a_store(tmp_path, *promotion())
    told_by_rds(store, *events)

    with over(store) as session:
        (found,) = incidents(session)

    assert (found["kind"], found["layer"]) == ("failover", "database")
    assert (found["from_region"], found["to_region"]) == (EU, US)
    assert found["state"] == ("confirmed" if events else "suspected")
    assert (found["t_fence"], found["t_promote"]) == (NOON + 600 * SECOND, NOON + 660 * SECOND)
    assert found["write_rto_s"] == 60
    assert (found["rpo_lost"], found["rpo_delayed"], found["rpo_unknown"]) == (11, 0, 0)
    assert found["rpo_s"] == 10
    assert found["rpo_status"] == "missed"
    assert not found["open"]


def test_a_store_that_every_region_writes_has_no_writer_that_moves(tmp_path: Any) -> None:
    rows = [
        operation(NOON + second * SECOND / 2, "write", (EU, US)[second // 7 % 2], f"k{second}", "1@x", None)
        for second in range(2000)
    ]

    with over(a_store(tmp_path, *rows)) as session:
        assert incidents(session) == []


def test_a_drill_that_moves_nothing_is_told_as_one(tmp_path: Any) -> None:
    store = a_store(tmp_path, *day(12, None, None))
    for minute, state in ((5, "running"), (8, "completed")):
        event(
            store, "drill", NOON + minute * MINUTE, subject="EXP1", state=state, title=f"Experiment {state}."
        )

    with over(store) as session:
        (found,) = incidents(session)

    assert (found["kind"], found["drill"], found["open"]) == ("drill", True, False)
    assert (found["started"], found["ended"]) == (NOON + 5 * MINUTE, NOON + 8 * MINUTE)
    assert (found["t_impact"], found["rto_s"], found["confidence"]) == (None, None, 0)


def test_a_failed_check_of_an_unknown_region_is_a_suspicion(tmp_path: Any) -> None:
    store = a_store(tmp_path, *day(2, None, None))
    points = [*[1.0] * 3, *[0.0] * 3, 1.0]
    metric(
        store, "AWS/Route53/HealthCheckStatus", *points, statistic="minimum", region=US, resource="another"
    )

    with over(store) as session:
        (found,) = incidents(session)

    assert (found["kind"], found["state"], found["from_region"]) == ("outage", "suspected", None)
    assert "unknown region" in found["evidence"][0]["what"]


def test_foreign_text_does_not_leave_its_place_in_a_report(tmp_path: Any) -> None:
    store = a_store(tmp_path, *day(2, None, None))
    evil = "</pre><script>alert(1)</script>|`*\x1b[31m"
    event(store, "drill", NOON + MINUTE, subject=evil, state="running", title=evil, event_id="'--")

    with over(store) as session:
        (found,) = incidents(session)
        report = session.failover_report(found["id"])
        rows = session.sql(f"select title from {found['evidence'][0]['row']}")
        assert rows is not None
        assert rows.fetchall() == [(evil,)]

    assert "<script" not in report.html + report.markdown.replace("\\<", "")
    assert "\x1b" not in report.html + report.markdown
