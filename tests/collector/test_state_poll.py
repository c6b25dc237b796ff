"""State that AWS tells only when asked: each change is one event, whoever sees it and whatever fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from cloudwatch import answer
from collector_payloads import collector
from emulators import REGIONS
from events_payloads import Json
from state_cloud import AP, EU, NOW, US, Cloud, changes

from collector.state.poll import poll
from collector.state.watched import Watched
from store.objects import Store


@pytest.fixture
def cloud(ministack: str) -> Cloud:
    return Cloud(ministack)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore's retries are real, but their pauses are not waited for."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)


def of(cloud: Cloud, store: Store) -> list[Json]:
    """The changes of the test's own resources: an emulator may hold those of other tests."""
    return [row for row in changes(store) if cloud.name in row["subject"]]


def facts(row: Json, *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


WHAT = ("kind", "state", "region", "from_region", "to_region")


def test_every_regions_poller_sees_the_writer_and_it_is_told_once(cloud: Cloud, local_store: Store) -> None:
    cloud.global_cluster(EU, US, AP)

    for _ in range(2):
        cloud.poll(local_store, Watched(aurora=True))

    (row,) = of(cloud, local_store)
    assert facts(row, *WHAT) == ("topology", "seen", EU, None, None)
    assert row["title"].endswith("its writer is in eu-west-1.")
    assert row["attributes"]["writer_region"] == EU
    assert row["account_id"] == "123456789012"


def test_a_switchover_of_aurora_is_told_once_and_so_is_the_way_back(cloud: Cloud, local_store: Store) -> None:
    cloud.global_cluster(EU, US)
    cloud.poll(local_store, Watched(aurora=True))
    for region in (US, EU):
        cloud.client(EU)("rds").switchover_global_cluster(
            GlobalClusterIdentifier=cloud.name, TargetDbClusterIdentifier=cloud.cluster(region)
        )
        cloud.poll(local_store, Watched(aurora=True))

    seen, there, back = of(cloud, local_store)
    assert seen["state"] == "seen"
    assert facts(there, "state", "region", "from_region", "to_region") == ("completed", US, EU, US)
    assert facts(back, "state", "region", "from_region", "to_region") == ("completed", EU, US, EU)
    assert there["kind"] in ("switchover", "failover")
    assert there["attributes"]["previous.writer_region"] == EU
    assert there["title"].endswith("the writer moved from eu-west-1 to us-east-1.")


def test_a_new_replica_of_a_table_is_told_by_each_region_that_sees_it(
    cloud: Cloud, local_store: Store
) -> None:
    cloud.table()
    watched = Watched(tables=(cloud.name,))
    cloud.poll(local_store, watched)
    cloud.replicate(US)
    for _ in range(2):
        cloud.poll(local_store, watched)

    rows = [facts(row, *WHAT) for row in of(cloud, local_store)]
    assert rows == [
        ("topology", "seen", EU, None, None),
        ("topology", "ACTIVE", EU, None, US),
        ("topology", "seen", US, None, None),
    ]


def test_a_replica_that_is_removed_is_told(cloud: Cloud, local_store: Store) -> None:
    cloud.table()
    cloud.replicate(US)
    watched = Watched(tables=(cloud.name,))
    cloud.poll(local_store, watched, EU)
    cloud.replicate(US, action="Delete")
    cloud.poll(local_store, watched, EU)

    assert facts(of(cloud, local_store)[-1], *WHAT) == ("topology", "gone", EU, US, None)


def test_a_shift_of_weights_says_which_region_loses_traffic_and_which_gains_it(
    cloud: Cloud, local_store: Store
) -> None:
    zone = cloud.zone()
    cloud.weigh(zone, eu_west_1=100, us_east_1=0)
    watched = Watched(hosted_zones=(zone,))
    cloud.poll(local_store, watched)
    cloud.weigh(zone, eu_west_1=0, us_east_1=100)
    cloud.poll(local_store, watched)
    cloud.poll(local_store, watched)

    rows = of(cloud, local_store)
    assert [row["state"] for row in rows[:2]] == ["seen", "seen"]
    assert sorted(facts(row, *WHAT) for row in rows[2:]) == [
        ("routing", "0", EU, EU, None),
        ("routing", "100", US, None, US),
    ]
    assert "weight went from 100 to 0" in next(row["title"] for row in rows if row["from_region"] == EU)


def test_a_record_is_gone_when_the_last_poller_misses_it(cloud: Cloud, local_store: Store) -> None:
    zone = cloud.zone()
    cloud.weigh(zone, eu_west_1=100)
    watched = Watched(hosted_zones=(zone,))
    cloud.poll(local_store, watched, EU, US)
    cloud.weigh(zone, action="DELETE", eu_west_1=100)

    cloud.poll(local_store, watched, EU)
    assert [row["state"] for row in of(cloud, local_store)] == ["seen"]
    cloud.poll(local_store, watched, US, EU)
    assert [row["state"] for row in of(cloud, local_store)] == ["seen", "gone"]
    cloud.weigh(zone, eu_west_1=100)
    cloud.poll(local_store, watched)
    assert [row["state"] for row in of(cloud, local_store)] == ["seen", "gone", "seen"]


def throttled(request: Any) -> Any:
    return answer(400, b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>")


def broken(request: Any) -> Any:
    return answer(503, b"")


def silent(request: Any) -> Any:
    raise ReadTimeoutError(endpoint_url=request.url)


def half(request: Any) -> Any:
    return answer(200, b'<?xml version="1.0"?><ListResourceRecordSetsResponse><ResourceRecordSets><Resour')


FAILURES = pytest.mark.parametrize("failure", [throttled, broken, silent, half])


@FAILURES
def test_what_aws_does_not_answer_is_no_change_and_the_next_run_sees_it(
    cloud: Cloud, local_store: Store, failure: Callable[[Any], Any]
) -> None:
    zone = cloud.zone()
    cloud.weigh(zone, eu_west_1=100)
    watched = Watched(hosted_zones=(zone,))
    cloud.poll(local_store, watched, EU)
    cloud.weigh(zone, eu_west_1=50)

    with cloud.failing("route53", "ListResourceRecordSets", failure, EU):
        (failed,) = cloud.poll(local_store, watched, EU)
    assert len(failed.problems) == 1
    assert failed.problems[0].startswith(f"ListResourceRecordSets of {zone}: ")
    assert len(of(cloud, local_store)) == 1
    (again,) = cloud.poll(local_store, watched, EU)
    assert again.problems == []
    assert [row["state"] for row in of(cloud, local_store)] == ["seen", "50"]


@FAILURES
def test_one_source_that_fails_leaves_the_others_alone(
    cloud: Cloud, local_store: Store, failure: Callable[[Any], Any]
) -> None:
    cloud.table()
    cloud.global_cluster(EU)
    watched = Watched(aurora=True, tables=(cloud.name, "missing"))

    with cloud.failing("rds", "DescribeGlobalClusters", failure, EU):
        (polled,) = cloud.poll(local_store, watched, EU)

    assert [problem.partition(":")[0] for problem in polled.problems] == ["DescribeGlobalClusters"]
    assert [row["title"].split()[0] for row in of(cloud, local_store)] == ["Table"]


def test_one_table_that_is_unknown_is_not_gone_and_leaves_the_others_alone(
    cloud: Cloud, local_store: Store
) -> None:
    cloud.table()
    other = Cloud(cloud.endpoint, f"{cloud.name}-other")
    other.table()
    watched = Watched(tables=(cloud.name, other.name))
    cloud.poll(local_store, watched, EU)
    cloud.replicate(US)
    other.replicate(US)

    def refused(request: Any) -> Any:
        body = json.loads(request.body)
        refusal = b'{"__type":"AccessDeniedException","message":"no"}'
        return answer(400, refusal) if body["TableName"] == other.name else None

    with cloud.failing("dynamodb", "DescribeTable", refused, EU):
        (polled,) = cloud.poll(local_store, watched, EU)

    assert polled.problems == [f"{other.name}: DescribeTable: AccessDeniedException"]
    assert sorted(row["state"] for row in of(cloud, local_store)) == ["ACTIVE", "seen", "seen"]


def test_a_table_nobody_has_is_no_change(cloud: Cloud, local_store: Store) -> None:
    (polled,) = cloud.poll(local_store, Watched(tables=("missing",)), EU)

    assert (polled.problems, changes(local_store)) == ([], [])


class Killed(BaseException):
    """What no code of ours catches."""


@pytest.mark.parametrize("kind", ["a segment", "the ledger after it"])
@pytest.mark.parametrize("taken_up_by", [EU, US])
def test_a_change_is_told_once_though_the_poller_is_killed_on_the_way(
    cloud: Cloud, local_store: Store, monkeypatch: pytest.MonkeyPatch, kind: str, taken_up_by: str
) -> None:
    zone = cloud.zone()
    cloud.weigh(zone, eu_west_1=100)
    watched = Watched(hosted_zones=(zone,))
    cloud.poll(local_store, watched)
    cloud.weigh(zone, eu_west_1=0)
    put, seen = Store.put_new, list[str]()

    def dying(store: Store, path: str, data: bytes) -> bool:
        ledgers = [each for each in seen if each.startswith("marks/")]
        if path.startswith("events/") if kind == "a segment" else ledgers and path.startswith("marks/"):
            raise Killed
        seen.append(path)
        return put(store, path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put_new", dying)
        with pytest.raises(Killed):
            cloud.poll(local_store, watched, EU)
    assert any(path.startswith("marks/") for path in seen)
    cloud.weigh(zone, eu_west_1=7)  # and the world goes on
    cloud.poll(local_store, watched, taken_up_by, *REGIONS)

    assert [row["state"] for row in of(cloud, local_store)] == ["seen", "0", "7"]


def test_a_store_that_fails_is_heard_of_and_nothing_is_lost(
    cloud: Cloud, local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.table()
    watched, put = Watched(tables=(cloud.name,)), Store.put_new

    def full(store: Store, path: str, data: bytes) -> bool:
        if path.startswith("events/"):
            raise OSError(28, "No space left on device")
        return put(store, path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put_new", full)
        with pytest.raises(OSError, match="No space left"):
            cloud.poll(local_store, watched, EU)
    cloud.poll(local_store, watched, EU)

    assert [row["state"] for row in of(cloud, local_store)] == ["seen"]


def test_two_pollers_at_the_same_time_tell_a_change_once(
    cloud: Cloud, local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = cloud.zone()
    cloud.weigh(zone, eu_west_1=100)
    watched = Watched(hosted_zones=(zone,))
    cloud.poll(local_store, watched)
    cloud.weigh(zone, eu_west_1=0)
    put, rounds = Store.put_new, []

    def raced(store: Store, path: str, data: bytes) -> bool:
        """Before every write of the first poller, another one runs from beginning to end."""
        if len(rounds) < 3 and path.startswith("marks/"):
            rounds.append(path)
            with monkeypatch.context() as inner:
                inner.setattr(Store, "put_new", put)
                cloud.poll(local_store, watched, US if len(rounds) % 2 else AP)
        return put(store, path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put_new", raced)
        (polled,) = cloud.poll(local_store, watched, EU)

    assert len(rounds) == 3 or polled.problems == []
    assert [row["state"] for row in of(cloud, local_store)] == ["seen", "0"]


def test_pollers_of_three_regions_that_run_at_once_tell_a_change_once(cloud: Cloud, store: Store) -> None:
    zone = cloud.zone()
    cloud.weigh(zone, eu_west_1=100)
    watched = Watched(hosted_zones=(zone,))
    cloud.poll(store, watched)
    cloud.weigh(zone, eu_west_1=0)

    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(cloud.poll, store, watched, region) for region in REGIONS * 3]

    assert [problem for run in runs for polled in run.result() for problem in polled.problems] == []
    assert [row["state"] for row in of(cloud, store)] == ["seen", "0"]


def test_a_run_reports_what_it_stored_and_what_is_missing(
    cloud: Cloud, local_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.table()
    watched = Watched(aurora=True, tables=(cloud.name,))

    with (
        caplog.at_level("INFO", "collector.state"),
        cloud.failing("rds", "DescribeGlobalClusters", broken, EU),
    ):
        cloud.poll(local_store, watched, EU)

    (line,) = [record for record in caplog.records if record.name.startswith("collector.state")]
    told = {"message": "state polled", "region": EU, "stored": 1, "problems": ["DescribeGlobalClusters: 503"]}
    assert (line.levelname, json.loads(line.message)) == ("ERROR", told)


def test_nothing_is_written_while_nothing_changes(cloud: Cloud, local_store: Store) -> None:
    cloud.table()
    watched = Watched(tables=(cloud.name,))
    cloud.poll(local_store, watched, EU)
    before = {(item.path, item.modified) for item in local_store.list()}
    (polled,) = cloud.poll(local_store, watched, EU)

    assert {(item.path, item.modified) for item in local_store.list()} == before
    assert polled.accounting.received == 0


def test_nothing_is_asked_that_is_not_watched(local_store: Store) -> None:
    def nothing(service: str) -> Any:
        raise AssertionError(f"asked for {service}")

    polled = poll(collector(local_store, now=lambda: NOW), nothing, Watched())

    assert (polled.accounting.received, polled.problems) == (0, [])
