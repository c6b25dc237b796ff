"""How SLOs stand on stores whose numbers are known."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from query_rows import DAY, NOON, SECOND, put, record
from region_rows import EU, US, event, metric, probes
from test_slo_openslo import SLO

import slos
from queries import connect
from queries.settings import Settings, SloFiles
from store.objects import Store

AP = "ap-southeast-1"
MINUTE = timedelta(minutes=1)
TABLE = {"layer": "session", "unit": "ms", "resource": "shop-sessions"}
PAIR = {"source_region": EU, "target_region": US}
LAG = "AWS/DynamoDB/ReplicationLatency"

Row = dict[str, Any]


SHIPPED = Path(slos.__file__).parent


def asked(
    store: Store, query: str, files: SloFiles | None = None, regions: tuple[str, ...] = ()
) -> list[Row]:
    with connect(store, settings=Settings(regions=regions, slos=files or SloFiles())) as session:
        found = session.sql(query)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def slo(store: Store, name: str, at: datetime, **settings: Any) -> dict[str | None, Row]:
    """The rows of one SLO, a shipped one by default, by region; overall has none, a pair has an arrow."""
    with TemporaryDirectory() as folder:  # without the others, which take as long
        if "files" not in settings:
            shutil.copy(SHIPPED / f"{name}.yaml", folder)
        rows = asked(store, f"from slo('{at.isoformat()}')", **{"files": SloFiles(folder), **settings})
    return {" → ".join(filter(None, (row["region"], row["target_region"]))) or None: row for row in rows}


def answered(*statuses: int, at: datetime = NOON, region: str = EU, **columns: Any) -> list[Row]:
    """One line of an API's access log per second."""
    told = {"log_group": "/aws/apigateway/shop", "service": "shop", **columns}
    return [
        record(at + number * SECOND, region, http_status=status, **told)
        for number, status in enumerate(statuses)
    ]


def only(tmp_path: Path, text: str) -> SloFiles:
    """A folder with one file of SLOs."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mine.yaml").write_text(text, encoding="utf-8")
    return SloFiles(folder=str(tmp_path / "mine"))


def test_availability_is_the_share_of_answers_without_5xx_in_each_region_and_overall(
    local_store: Store,
) -> None:
    put(local_store, *answered(*[200] * 8, 404, 503), *answered(*[200] * 20, region=US))

    found = slo(local_store, "availability", NOON + MINUTE)

    assert [(found[place]["good"], found[place]["total"]) for place in (None, EU, US)] == [
        (29, 30),
        (9, 10),
        (20, 20),
    ]
    assert found[EU]["attainment"] == 0.9
    assert found[EU]["budget_left"] == pytest.approx(1 - 0.1 / 0.001)
    assert (found[EU]["state"], found[US]["state"], found[None]["state"]) == ("BREACHED", "OK", "BREACHED")
    assert found[None]["worst_region"] == EU
    assert (found[US]["since"], found[US]["until"]) == (NOON, NOON + MINUTE)


def test_functions_and_cloudfront_do_not_answer_for_a_region(local_store: Store) -> None:
    put(
        local_store,
        *answered(200),
        *answered(500, log_group="/aws/lambda/orders"),
        *answered(500, service="d1example.cloudfront.net", region=US),
    )

    found = slo(local_store, "availability", NOON + MINUTE)

    assert {place: row["total"] for place, row in found.items()} == {None: 1, EU: 1}


def test_a_configured_region_of_which_there_is_no_data_is_not_healthy(local_store: Store) -> None:
    put(local_store, *answered(200), *answered(200, region=US))

    found = slo(local_store, "availability", NOON + MINUTE, regions=(EU, US, AP))

    assert (found[AP]["state"], found[AP]["attainment"], found[AP]["reason"]) == ("NO DATA", None, "no data")
    assert found[None]["coverage"] == pytest.approx(2 / 3)
    assert found[None]["reason"] == f"no data: {AP}"


def test_too_little_data_is_no_answer(local_store: Store) -> None:
    put(local_store, *answered(200), *answered(200, at=NOON + 9 * MINUTE))

    found = slo(local_store, "availability", NOON + 10 * MINUTE)

    assert (found[EU]["state"], found[EU]["budget_left"]) == ("NO DATA", None)
    assert found[EU]["reason"] == "20.0% of its time has data: must be 50%"


def test_a_store_without_anything_has_no_data_and_no_alert(local_store: Store) -> None:
    rows = asked(local_store, "from slo()")

    assert {row["state"] for row in rows} == {"NO DATA"}
    assert all(row["alert"] is None and row["coverage"] == 0 for row in rows)


def test_latency_counts_answers_in_time_and_knows_nothing_without_durations(local_store: Store) -> None:
    put(
        local_store,
        *answered(200, 200, 200, duration_ms=1000.0),
        *answered(200, 503, duration_ms=1000.5),
        *answered(200, 200, region=US),
    )

    found = slo(local_store, "latency", NOON + MINUTE)

    assert (found[EU]["good"], found[EU]["total"]) == (3, 4)  # one of five failed: that is availability's
    assert (found[US]["state"], found[US]["coverage"]) == ("NO DATA", 0)


def test_data_is_fresh_if_most_of_it_was_collected_in_time(local_store: Store) -> None:
    late = {"observed_time": NOON + 20 * MINUTE}
    put(
        local_store,
        *(record(NOON) for _ in range(95)),
        *(record(NOON, **late) for _ in range(5)),
        *(record(NOON + MINUTE) for _ in range(94)),
        *(record(NOON + MINUTE, **late) for _ in range(6)),
        *(record(NOON, service="d1example.cloudfront.net", **late) for _ in range(50)),
    )

    found = slo(local_store, "freshness", NOON + 2 * MINUTE)

    assert (found[EU]["good"], found[EU]["total"]) == (1, 2)


def test_a_probe_says_whether_replication_is_in_time_and_cloudwatch_where_no_probe_is_certain(
    local_store: Store,
) -> None:
    # In time; too late; its error bound reaches across the limit of 2 s; none at all.
    probes(local_store, 1500.0, 2500.0, 1950.0)
    metric(local_store, LAG, 9000, 10, 9000, 10, statistic="average", **TABLE, **PAIR)
    metric(local_store, LAG, 9999, 9999, 9999, 9999, statistic="maximum", **TABLE, **PAIR)

    found = slo(local_store, "replication-session", NOON + 4 * MINUTE)

    minutes = asked(
        local_store,
        f"select * from slo_minutes('replication-session', '{NOON.isoformat()}', "
        f"'{(NOON + 4 * MINUTE).isoformat()}') where region is not null order by minute",
    )
    assert [(row["good"], row["valid"], row["unknown"]) for row in minutes] == [
        (1, 1, 0),
        (0, 1, 0),
        (0, 1, 0),
        (1, 1, 0),
    ]
    assert (found[f"{EU} → {US}"]["good"], found[f"{EU} → {US}"]["total"]) == (2, 4)


def test_a_probe_that_timed_out_is_late_only_if_it_waited_longer_than_the_limit(local_store: Store) -> None:
    waited = {"outcome": "timeout", "attributes": [("probe.waited_ms", "45000.0")]}
    probes(local_store, None, **waited)
    probes(local_store, None, layer="file", resource="shop-files", **waited)
    probes(local_store, None, None, at=NOON + MINUTE, **(waited | {"outcome": "error"}))

    session = slo(local_store, "replication-session", NOON + MINUTE)
    file = slo(local_store, "replication-file", NOON + MINUTE)

    assert (session[None]["good"], session[None]["total"]) == (0, 1)
    assert (file[None]["total"], file[None]["state"]) == (0, "NO DATA")


def test_seconds_of_s3_are_seconds(local_store: Store) -> None:
    told = {"layer": "file", "unit": "s", "resource": "shop-files", "statistic": "maximum"}
    metric(local_store, "AWS/S3/ReplicationLatency", 900, 901, **told, **PAIR)

    found = slo(local_store, "replication-file", NOON + 2 * MINUTE)

    assert (found[None]["good"], found[None]["total"]) == (1, 2)


def test_minutes_of_a_drill_count_and_the_figures_without_them_stand_beside(local_store: Store) -> None:
    at = NOON + 120 * MINUTE
    put(
        local_store,
        *answered(500, 500),
        *(row for n in range(1, 120) for row in answered(200, at=NOON + n * MINUTE)),
    )
    event(local_store, "drill", subject="EXP1", state="running")
    event(local_store, "drill", at=NOON + 5 * MINUTE, subject="EXP1", state="completed")

    found = slo(local_store, "availability", at)

    assert (found[EU]["state"], found[EU]["state_without_drills"]) == ("BREACHED", "OK")
    assert found[EU]["drill_minutes"] == 36  # five, half an hour, and the minute it ended in
    assert (found[EU]["attainment"], found[EU]["attainment_without_drills"]) == (119 / 121, 1)


def test_a_drill_in_one_region_is_none_in_another_but_one_of_the_pairs_of_both(local_store: Store) -> None:
    put(local_store, *answered(500), *answered(500, region=US))
    probes(local_store, 9000.0)
    event(local_store, "drill", at=NOON - MINUTE, subject="EXP1", state="running")

    availability = slo(local_store, "availability", NOON + MINUTE)
    lag = slo(local_store, "replication-session", NOON + MINUTE)

    assert (availability[EU]["drill_minutes"], availability[US]["drill_minutes"]) == (1, 0)
    assert availability[US]["state_without_drills"] == "BREACHED"
    assert lag[f"{EU} → {US}"]["state_without_drills"] == "NO DATA"


def test_an_outage_of_all_pages_once_and_asks_for_no_ticket_besides(local_store: Store) -> None:
    put(
        local_store,
        *(row for n in range(50) for row in answered(*[200] * 60, at=NOON + n * MINUTE)),
        *(row for n in range(50, 60) for row in answered(*[503] * 60, at=NOON + n * MINUTE)),
    )

    found = slo(local_store, "availability", NOON + 60 * MINUTE)[EU]

    assert [rate["fires"] for rate in found["burn_rates"]] == [True] * 4
    assert (found["alert"], found["low_traffic"]) == ("page", False)
    assert found["burn_rates"][0]["long"] == pytest.approx((10 / 60) / 0.001)
    assert found["minutes_left"] == 0


def test_two_failed_requests_of_six_are_worth_a_ticket_and_no_page(local_store: Store) -> None:
    put(local_store, *answered(200, 200, 500, 500, 200, 200))

    found = slo(local_store, "availability", NOON + MINUTE)[EU]

    assert (found["alert"], found["low_traffic"]) == ("ticket", True)


def test_a_budget_that_burns_but_is_not_spent_is_a_warning_with_the_time_that_is_left(
    local_store: Store, tmp_path: Path
) -> None:
    old = (row for n in range(300) for row in answered(*[200] * 4, at=NOON - 3 * DAY + n * MINUTE))
    new = answered(*[200] * 45, *[500] * 5)
    put(local_store, *old, *new)
    always = SLO.replace(
        "name: checkout\nspec", 'name: checkout\n  annotations: {regionscope/coverage: "0"}\nspec'
    )

    found = slo(
        local_store,
        "checkout",
        NOON + MINUTE,
        files=only(tmp_path, always.replace("target: 0.999", "target: 0.99")),
    )[None]

    left = 1 - (5 / 1250) / 0.01
    assert (found["state"], found["alert"]) == ("WARNING", "ticket")
    assert found["budget_left"] == pytest.approx(left)
    assert found["burn_rates"][0]["long"] == pytest.approx(10)
    assert found["minutes_left"] == pytest.approx(left * 30 * 1440 / 10)


def test_a_calendar_window_begins_anew_and_burn_rates_look_further_back(
    local_store: Store, tmp_path: Path
) -> None:
    midnight = NOON.replace(hour=0)
    put(local_store, *answered(500, at=midnight - MINUTE), *answered(200, at=midnight))
    calendar = "calendar: {startTime: 2026-03-01 00:00:00, timeZone: UTC}"
    files = only(tmp_path, SLO.replace("30d", "1M").replace("isRolling: true", calendar))

    before = slo(local_store, "checkout", midnight, files=files)[EU]
    after = slo(local_store, "checkout", midnight + MINUTE, files=files)[EU]

    assert (before["attainment"], before["state"]) == (0, "BREACHED")
    assert (after["attainment"], after["window"]) == (1, "1M calendar, UTC")
    assert after["burn_rates"][0]["long"] == pytest.approx(500)


def test_the_last_minutes_are_waited_for(local_store: Store) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    put(local_store, *answered(200, at=now - 20 * MINUTE), *answered(500, at=now - 2 * MINUTE))

    found = slo(local_store, "availability", now + DAY)[None]
    minutes = asked(local_store, "from slo_minutes('availability') where region is null order by minute")

    assert found["until"] in (now - 5 * MINUTE, now - 4 * MINUTE)
    assert found["total"] == 1
    assert [row["settled"] for row in minutes] == [True, False]


def test_a_burn_down_ends_at_the_budget_that_slo_says_is_left(local_store: Store) -> None:
    put(local_store, *answered(*[200] * 9, 500), *answered(*[200] * 10, at=NOON + MINUTE))

    found = slo(local_store, "availability", NOON + 2 * MINUTE)[EU]
    minutes = asked(
        local_store,
        f"from slo_minutes('availability', '{NOON.isoformat()}', '{(NOON + 2 * MINUTE).isoformat()}') "
        f"where region = '{EU}' order by minute",
    )

    assert [(row["good"], row["valid"], row["bad"]) for row in minutes] == [(9, 10, 1), (10, 10, 0)]
    assert minutes[-1]["budget_left"] == pytest.approx(found["budget_left"])


def test_minutes_of_an_slo_that_is_not_there_are_refused_by_name(local_store: Store) -> None:
    with pytest.raises(duckdb.Error, match="name is 'nosuch': must be an SLO that can be evaluated"):
        asked(local_store, "from slo_minutes('nosuch')")


OWN = """
select date_trunc('minute', time) as minute, count_if(severity_number < 17) as good, count(*) as valid
from logs where within(time, day, $since, $until) group by 1 -- all regions as one
"""


def test_a_query_of_ones_own_may_leave_columns_out(local_store: Store, tmp_path: Path) -> None:
    put(local_store, record(severity_number=9), record(region=US, severity_number=17))
    query = f"query: |{OWN}".replace("\n", "\n                ")
    mine = SLO.replace("query: from sli_availability(since := $since, until := $until)", query)

    found = slo(local_store, "checkout", NOON + MINUTE, files=only(tmp_path, mine))

    assert {place: (row["good"], row["total"]) for place, row in found.items()} == {None: (1, 2)}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("from nowhere($since, $until)", "its query fails: Catalog Error"),
        ("select $since as minute, 1 as good where $until is not null", "its query fails: Binder Error"),
        (
            "select $since as minute, 2 as good, 1 as valid where $until is not null",
            "its query fails: good must be from 0 to valid",
        ),
        ("drop view logs -- $since $until", "its query fails: Parser Error"),
        ("select 1) ; drop view logs; -- $since $until", "its query fails: Parser Error"),
    ],
)
def test_a_query_that_fails_is_said_and_spoils_no_other(
    local_store: Store, tmp_path: Path, query: str, reason: str
) -> None:
    put(local_store, *answered(200))
    broken = SLO.replace("from sli_availability(since := $since, until := $until)", f'"{query}"')
    files = only(tmp_path, f"{broken}---{SLO.replace('checkout', 'search')}---\nkind: SLO\n")

    rows = asked(local_store, f"from slo('{(NOON + MINUTE).isoformat()}')", files=files)

    assert [(row["slo"], row["state"]) for row in rows] == [
        ("checkout", "NO DATA"),
        ("search", "OK"),
        ("search", "OK"),
        ("mine.yaml", "NO DATA"),
    ]
    assert rows[0]["reason"].startswith(reason)
    assert (
        rows[-1]["reason"]
        == "mine.yaml: document 3: apiVersion is None: must be openslo/v1, the only stable version"
    )


def test_a_failing_query_does_not_say_what_it_stumbled_over(local_store: Store, tmp_path: Path) -> None:
    put(local_store, record(user_id="alice@example.com"))
    query = (
        "select time as minute, user_id::integer as good, 1 as valid "
        "from logs where time between $since and $until"
    )
    files = only(tmp_path, SLO.replace("from sli_availability(since := $since, until := $until)", query))

    rows = asked(local_store, f"from slo('{(NOON + MINUTE).isoformat()}')", files=files)

    assert rows[0]["reason"] == "its query fails: ConversionException"


def test_without_any_sign_no_failover_is_looked_for_and_there_is_no_data(local_store: Store) -> None:
    put(local_store, *answered(200))

    found = slo(local_store, "failover-rto", NOON + MINUTE)

    assert {place: row["state"] for place, row in found.items()} == {None: "NO DATA"}


def test_a_figure_that_failovers_do_not_have_is_refused(local_store: Store) -> None:
    with pytest.raises(duckdb.Error, match="figure is 'mttr': must be rto or rpo"):
        asked(local_store, "from sli_failover('mttr')")


def test_a_drill_that_moved_nothing_is_a_failover_of_which_nothing_is_known(local_store: Store) -> None:
    event(local_store, "drill", subject="EXP1", state="running")
    event(local_store, "drill", at=NOON + 5 * MINUTE, subject="EXP1", state="completed")

    rows = asked(local_store, f"from sli_failover('rto', until := '{(NOON + DAY).isoformat()}')")
    found = slo(local_store, "failover-rto", NOON + DAY)

    assert [(row["minute"], row["region"], row["good"], row["valid"], row["unknown"]) for row in rows] == [
        (NOON, EU, 0, 0, 1)
    ]
    assert (found[None]["state"], found[None]["attainment"]) == ("NO DATA", None)


def operation(at: datetime, op: str, version: str, region: str = EU) -> Row:
    """What an application logs of a store; it took a millisecond."""
    told = {"store": "sessions", "op": op, "key_hash": "k", "version": version}
    return record(at, region, session_id="s", duration_ms=1.0, attributes=[*told.items()])


def test_reads_that_do_not_show_what_their_session_wrote_are_counted_by_pair_of_regions(
    local_store: Store,
) -> None:
    put(
        local_store,
        operation(NOON, "write", f"2@{EU}"),
        operation(NOON + SECOND, "read", f"2@{EU}"),
        operation(NOON + 2 * SECOND, "read", f"1@{EU}"),
        operation(NOON + 400 * SECOND, "read", f"1@{EU}"),  # five minutes after the write it may be forgotten
    )

    found = slo(local_store, "read-your-writes", NOON + 10 * MINUTE)

    assert {place: (row["good"], row["total"]) for place, row in found.items()} == {
        None: (1, 2),
        f"{EU} → {EU}": (1, 2),
    }
    assert found[None]["worst_region"] == f"{EU} → {EU}"


def test_reads_are_counted_once_where_one_day_of_the_window_meets_the_next(local_store: Store) -> None:
    at = NOON - SECOND / 2
    put(
        local_store,
        operation(at - SECOND, "write", f"2@{EU}"),
        operation(at, "read", f"2@{EU}"),
        operation(at + SECOND, "read", f"2@{EU}"),
    )

    since, until = (NOON - DAY).isoformat(), (NOON + DAY).isoformat()
    rows = asked(local_store, f"from sli_read_your_writes('{since}', '{until}') order by minute")

    assert [(row["minute"], row["good"]) for row in rows] == [(NOON - MINUTE, 1), (NOON, 1)]
