"""The file tracker's claims are measured, and compared with what S3 says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from cloudwatch import answer
from collector_payloads import collector
from emulators import ACCOUNT
from events_payloads import Json, committed
from state_cloud import EU, US, Cloud

from collector.pulled import Pulled
from collector.state import tracker as tracker_module
from collector.state.files import track
from collector.state.tracker import Tracker
from regionscope.sections.state import TrackerConfig
from store.commit import sweep
from store.objects import Store
from store.schema import METRICS

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Files:
    """A table that tracks the objects of a bucket, and the bucket's replica in another region."""

    def __init__(self, endpoint: str) -> None:
        self.cloud = Cloud(endpoint)
        self.source, self.target = f"{self.cloud.name}-eu", f"{self.cloud.name}-us"
        self.s3, self.dynamodb = self.cloud.client(EU)("s3"), self.cloud.client(EU)("dynamodb")
        for bucket, region in ((self.source, EU), (self.target, US)):
            s3 = self.cloud.client(region)("s3")
            place = {} if region == US else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=bucket, **place)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.s3.put_bucket_replication(
            Bucket=self.source,
            ReplicationConfiguration={
                "Role": f"arn:aws:iam::{ACCOUNT}:role/replication",
                "Rules": [
                    {
                        "ID": "all",
                        "Priority": 1,
                        "Status": "Enabled",
                        "Filter": {"Prefix": "replicated/"},
                        "DeleteMarkerReplication": {"Status": "Disabled"},
                        "Destination": {"Bucket": f"arn:aws:s3:::{self.target}"},
                    }
                ],
            },
        )
        names = ("key", "state", "updated_at")
        self.dynamodb.create_table(
            TableName=self.cloud.name,
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-state",
                    "KeySchema": [
                        {"AttributeName": "state", "KeyType": "HASH"},
                        {"AttributeName": "updated_at", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )

    def tracker(self, **told: Any) -> Tracker:
        named = {"table": self.cloud.name, "source_bucket": self.source, "target_bucket": self.target}
        config = TrackerConfig(region=EU, target_region=US, **named, **told)
        return config.tracker()

    def claims(self, key: str, state: str, age: float = 60, **attributes: Any) -> None:
        since = (NOW - timedelta(seconds=age)).isoformat()
        item = {"key": {"S": key}, "state": {"S": state}, "updated_at": {"S": since}} | attributes
        self.dynamodb.put_item(TableName=self.cloud.name, Item=item)

    def put(self, key: str) -> None:
        self.s3.put_object(Bucket=self.source, Key=key, Body=b"x")

    def track(self, store: Store, *trackers: Tracker, minute: int = 0) -> Pulled:
        there = collector(store, EU, now=lambda: NOW + timedelta(minutes=minute))
        return track(there, self.cloud.client(EU), trackers)


@pytest.fixture
def files(ministack: str) -> Files:
    return Files(ministack)


def points(store: Store) -> list[Json]:
    assert not sweep(store).failed
    return committed(store, METRICS)


def values(store: Store) -> dict[str, float]:
    """By the metric's last word and, for counts, the state."""
    found = {}
    for row in points(store):
        name = row["name"].removeprefix("regionscope/FileTracker/")
        found[row["attributes"].get("state", name)] = row["value"]
    return found


EVERY = pytest.mark.parametrize("index", [None, "by-state"])


@EVERY
def test_a_tracker_that_tells_the_truth(files: Files, local_store: Store, index: str | None) -> None:
    for number in range(3):
        files.put(f"replicated/{number}")
        files.claims(f"replicated/{number}", "replicated")
    for age in (30, 900):
        files.put(f"local/{age}")
        files.claims(f"local/{age}", "local_only", age)

    polled = files.track(local_store, files.tracker(index=index))

    assert polled.problems == []
    found = values(local_store)
    assert found.pop("replicated", None) == (3 if index is None else None)  # not counted by an index
    assert found == {
        "local_only": 2,
        "OldestLocalOnlyAge": 900,
        "SampleSize": 5,
        "FalsePositives": 0,
        "StaleTracker": 0,
        "FailedReplication": 0,
    }
    assert polled.accounting.stored == len(points(local_store))


@EVERY
def test_a_tracker_that_is_wrong(files: Files, local_store: Store, index: str | None) -> None:
    files.put("local/claimed")
    files.claims("local/claimed", "replicated")  # and it is in the source only
    files.put("replicated/unnoticed")
    files.claims("replicated/unnoticed", "local_only")
    files.claims("deleted", "replicated")  # at both ends: nobody can miss it

    files.track(local_store, files.tracker(index=index))

    found = values(local_store)
    assert (found["FalsePositives"], found["StaleTracker"], found["SampleSize"]) == (1, 1, 3)


def test_a_replication_that_failed_for_good_is_found(files: Files, local_store: Store) -> None:
    files.put("local/failed")
    files.claims("local/failed", "local_only")

    def failed(request: Any) -> Any:
        if files.source in request.url:
            return answer(200, b"", **{"x-amz-replication-status": "FAILED"})
        return None

    with files.cloud.failing("s3", "HeadObject", failed, EU):
        files.track(local_store, files.tracker())

    assert values(local_store)["FailedReplication"] == 1


def test_a_point_says_what_it_is_about(files: Files, local_store: Store) -> None:
    files.track(local_store, files.tracker())

    row = next(row for row in points(local_store) if row["name"].endswith("OldestLocalOnlyAge"))
    about = ("time", "region", "layer", "unit", "resource", "source_region", "target_region", "statistic")
    assert [row[name] for name in about] == [NOW, EU, "file", "s", files.cloud.name, EU, US, "last"]
    assert row["attributes"] == {"aws.s3.bucket": files.source, "target_bucket": files.target}


def test_a_tracker_without_objects_has_none_waiting_and_no_findings(files: Files, local_store: Store) -> None:
    files.track(local_store, files.tracker())

    assert values(local_store) == {
        "local_only": 0,
        "replicated": 0,
        "OldestLocalOnlyAge": 0,
        "SampleSize": 0,
    }


def test_reads_that_fell_back_to_the_source_are_summed_if_the_tracker_counts_them(
    files: Files, local_store: Store
) -> None:
    files.claims("a", "local_only", fallbacks={"N": "3"})
    files.claims("b", "replicated", fallbacks={"N": "4"})
    files.claims("c", "replicated")

    files.track(local_store, files.tracker(fallback_reads="fallbacks"))

    assert values(local_store)["FallbackReads"] == 7


@pytest.mark.parametrize("since", [{"N": "1772366340"}, {"N": "1772366340000"}, {"N": "1772366340.0"}])
def test_a_time_may_be_a_number(files: Files, local_store: Store, since: Json) -> None:
    files.claims("a", "local_only", since=since)

    assert files.track(local_store, files.tracker(since="since")).problems == []
    assert values(local_store)["OldestLocalOnlyAge"] == 60


@pytest.mark.parametrize(
    "item",
    [
        {"updated_at": {"S": "yesterday"}},
        {"word": {"L": []}},
        {"fallbacks": {"S": "many"}},
    ],
)
def test_an_item_that_makes_no_sense_is_heard_of_and_leaves_the_oldest_age_unknown(
    files: Files, local_store: Store, item: Json
) -> None:
    word = {"word": {"S": "local_only"}}
    files.claims("good", "local_only", **word)
    files.claims("bad", "local_only", **word | item)

    polled = files.track(local_store, files.tracker(state="word", fallback_reads="fallbacks"))

    (problem,) = polled.problems
    assert "1 items lack key or word" in problem
    found = values(local_store)
    assert "OldestLocalOnlyAge" not in found
    assert found["local_only"] == 1


def test_other_states_are_counted_and_not_sampled(files: Files, local_store: Store) -> None:
    files.claims("a", "replicating")

    files.track(local_store, files.tracker())

    found = values(local_store)
    assert (found["replicating"], found["SampleSize"]) == (1, 0)


@EVERY
def test_a_table_of_many_pages_is_read_to_the_end(
    files: Files, local_store: Store, monkeypatch: pytest.MonkeyPatch, index: str | None
) -> None:
    for number in range(7):
        files.claims(f"local/{number}", "local_only", age=number)
    _pages_of(2, files, monkeypatch)

    assert files.track(local_store, files.tracker(index=index)).problems == []
    found = values(local_store)
    assert (found["local_only"], found["OldestLocalOnlyAge"]) == (7, 6)


def test_a_table_that_is_too_large_gives_no_numbers_that_would_be_too_low(
    files: Files, local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        files.claims(f"local/{number}", "local_only", age=number)
    _pages_of(2, files, monkeypatch)
    monkeypatch.setattr(tracker_module, "PAGES", 2)

    polled = files.track(local_store, files.tracker())

    assert "give it an index" in polled.problems[0]
    assert {*values(local_store)} == {"SampleSize", "FalsePositives", "StaleTracker", "FailedReplication"}


def _pages_of(size: int, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB's page is 1 MB; this makes it so many items."""
    for name in ("scan", "query"):
        call = getattr(files.dynamodb, name)
        monkeypatch.setattr(files.dynamodb, name, partial(_limited, call, size))


def _limited(call: Callable[..., Any], size: int, **request: Any) -> Any:
    return call(**{"Limit": size} | request)


def test_a_sample_is_no_larger_than_asked_for(files: Files, local_store: Store) -> None:
    for number in range(9):
        files.claims(f"local/{number}", "local_only")

    files.track(local_store, files.tracker(sample=4))

    assert values(local_store)["SampleSize"] == 4


def test_objects_that_s3_says_nothing_of_are_in_no_sample(
    files: Files, local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    files.put("local/a")
    files.put("local/b")
    files.claims("local/a", "local_only")
    files.claims("local/b", "local_only")

    def broken(request: Any) -> Any:
        return answer(503) if request.url.endswith("/b") else None

    with files.cloud.failing("s3", "HeadObject", broken, EU):
        polled = files.track(local_store, files.tracker())

    assert polled.problems == [f"tracker {files.cloud.name}: HeadObject of 1 sampled objects: 503"]
    assert values(local_store)["SampleSize"] == 1


def test_one_tracker_that_cannot_be_read_leaves_the_others_alone(files: Files, local_store: Store) -> None:
    def throttled(request: Any) -> Any:
        missing = json.loads(request.body)["TableName"] == "missing"
        return answer(400, b'{"__type":"ThrottlingException"}') if missing else None

    missing = replace(files.tracker(), table="missing")
    with files.cloud.failing("dynamodb", "Scan", throttled, EU):
        polled = files.track(local_store, missing, files.tracker())

    assert polled.problems == ["tracker missing: ThrottlingException"]
    assert {row["resource"] for row in points(local_store)} == {files.cloud.name}


def test_two_runs_are_two_points_of_each_series(files: Files, local_store: Store) -> None:
    files.claims("a", "local_only")
    for minute in (0, 1):
        files.track(local_store, files.tracker(), minute=minute)

    ages = [row for row in points(local_store) if row["name"].endswith("OldestLocalOnlyAge")]
    assert [row["value"] for row in ages] == [60, 120]
    assert len({row["series"] for row in ages}) == 1
