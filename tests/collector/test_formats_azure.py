"""Azure's diagnostic logs: one row per record, whichever way they come."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from collector_payloads import (
    NOW,
    Json,
    collector,
    counts,
    encoded,
    kinesis,
    notification,
    only,
    quarantined,
    sns,
    sqs,
    stored,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from test_collector_samples import Sample, samples

from store.objects import Store, open_store
from store.zone import Zone

PROFILE = "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.CDN/PROFILES/SHOP"
ACCOUNT = "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.DOCUMENTDB/DATABASEACCOUNTS/SHOP"


def front_door(**properties: Any) -> Json:
    """An access log record, with the fields that Microsoft documents."""
    return {
        "time": "2026-03-01T11:59:58.8383427Z",
        "resourceId": PROFILE,
        "category": "FrontDoorAccessLog",
        "operationName": "Microsoft.Cdn/Profiles/AccessLog/Write",
        "properties": {
            "trackingReference": "08Q3gXgAAAAAe0s71BET",
            "httpMethod": "GET",
            "httpVersion": "2.0",
            "requestUri": "https://shop.azurefd.net:443/cart?q=1",
            "requestBytes": "715",
            "responseBytes": "380",
            "userAgent": "Mozilla/5.0",
            "clientIp": "198.51.100.7",
            "clientPort": "52097",
            "timeTaken": "0.003",
            "httpStatusCode": "503",
            "pop": "SJC",
            "cacheStatus": "CONFIG_NOCACHE",
        }
        | properties,
    }


def cosmos(**fields: Any) -> Json:
    """A record of Cosmos DB's data plane, with the fields that Microsoft documents."""
    return {
        "time": "2026-03-01T11:59:59.3814846Z",
        "resourceId": ACCOUNT,
        "category": "DataPlaneRequests",
        "operationName": "ReadFeed",
        "properties": {
            "activityId": "66a0c647-af38-4b8d-a92a-c48a805d6460",
            "statusCode": "200",
            "duration": "12.5",
            "clientIpAddress": "10.0.0.24",
            "requestCharge": "1.000000",
            "regionName": "East US",
            "databaseName": "shop",
        },
    } | fields


def rows_of(*records: Any) -> list[Json]:
    store = open_store("memory://")
    found = counts(collector(store).ingest("logs/PT1H.json", encoded({"records": records}), NOW).counts())
    assert found == only(stored=len(records))
    return [row | {"attributes": dict(row["attributes"])} for row in stored(store)]


@samples("Azure diagnostic records")
def test_a_sample_gives_a_row_per_record(memory: Store, sample: Sample) -> None:
    number = sample.number(r"(\d+) record")
    found = counts(collector(memory).ingest(sample.path.name, sample.data, NOW).counts())
    if "recordId" in sample.event["records"][0]:  # what a Firehose transformation answers, and not Azure
        assert found == only(quarantined=number)
        return
    assert found == only(stored=number)
    records = sample.event["records"]
    assert [json.loads(row["body"]) for row in stored(memory)] == records
    assert {row["log_group"] for row in stored(memory)} == {"/RESOURCE_ID"}
    assert counts(collector(memory).collect(sqs(sample.data.decode())))["duplicate"] == number


def test_the_largest_sample_says_all_it_has(memory: Store, samples: Path) -> None:
    (path,) = samples.rglob("log-maximum.json")
    collector(memory).ingest(path.name, path.read_bytes(), NOW)
    (row,) = stored(memory)
    assert (row["region"], row["duration_ms"], row["severity_number"]) == ("ukso", 1234.0, 13)
    assert row["request_id"] == row["user_id"] == "607964b6-41a5-4e24-a5db-db7aab3b9b34"
    assert dict(row["attributes"])["client.address"] == "127.0.0.1"


def test_an_access_log_record_of_front_door_is_a_request() -> None:
    (row,) = rows_of(front_door())
    assert (row["http_status"], row["duration_ms"], row["severity_number"]) == (503, 3.0, 17)
    assert row["request_id"] == "08Q3gXgAAAAAe0s71BET"
    assert (row["log_group"], row["log_stream"]) == (PROFILE, "FrontDoorAccessLog")
    assert (row["time"].second, row["time"].microsecond, row["region"]) == (58, 838342, "eu-west-1")
    attributes = row["attributes"]
    assert attributes["client.address"] == "198.51.100.7"
    assert attributes["url.full"] == "https://shop.azurefd.net:443/cart?q=1"
    assert attributes["azure.category"] == "FrontDoorAccessLog"
    assert attributes["properties.cacheStatus"] == "CONFIG_NOCACHE"


def test_a_request_to_cosmos_db_is_in_the_region_that_served_it() -> None:
    (row,) = rows_of(cosmos())
    assert (row["http_status"], row["duration_ms"], row["region"]) == (200, 12.5, "eastus")
    assert row["request_id"] == "66a0c647-af38-4b8d-a92a-c48a805d6460"
    assert (row["log_group"], row["log_stream"]) == (ACCOUNT, "DataPlaneRequests")
    assert row["attributes"]["azure.cosmosdb.operation.request_charge"] == "1.000000"


@pytest.mark.parametrize(
    ("location", "region"),
    [("westeurope", "westeurope"), ("West Europe", "westeurope"), ("../x", "eu-west-1"), (7, "eu-west-1")],
)
def test_a_location_is_a_region_if_it_can_stand_in_a_path(location: Any, region: str) -> None:
    (row,) = rows_of(cosmos(location=location, properties={}))
    assert row["region"] == region


def test_the_body_is_the_very_text_of_the_record(memory: Store) -> None:
    texts = [json.dumps(cosmos(n=1), indent=2), json.dumps(cosmos()).replace("12.5", "12.50")]
    payload = '{ "records" : [' + " ,\n ".join(texts) + "]}"
    collector(memory).collect(sqs(payload))
    assert sorted(row["body"] for row in stored(memory)) == sorted(texts)


ENTRIES: dict[str, Callable[[bytes], Json]] = {
    "kinesis": lambda payload: kinesis(gzip.compress(payload)),
    "sqs": lambda payload: sqs(payload.decode()),
    "sns": lambda payload: sns(payload.decode()),
    "sns in sqs": lambda payload: sqs(json.dumps(notification(payload.decode()))),
}
RECORDS = [front_door(), cosmos(), cosmos(), cosmos(operationName="Create")]


@pytest.mark.parametrize("entry", ENTRIES)
def test_records_come_by_every_way_and_are_the_same_rows(entry: str) -> None:
    payload = encoded({"records": RECORDS})
    store, again = open_store("memory://"), open_store("memory://")
    assert counts(collector(store).collect(ENTRIES[entry](payload))) == only(stored=4)
    collector(again).ingest("logs.json", payload, NOW)
    assert stored(store) == stored(again)
    assert len({row["event_id"] for row in stored(store)}) == 4


def test_a_zone_that_is_not_open_keeps_no_digest_of_a_line(memory: Store) -> None:
    zone = Zone("eu", redact=("ip",), key="env:KEY")
    there = collector(memory, zone_of=lambda region: zone, key_of=lambda zone: b"k" * 16)
    payload = encoded({"records": RECORDS})
    there.collect(sqs(payload.decode()))
    there.ingest("logs.json", payload, NOW)
    protected, open_ = ({row["event_id"] for row in stored(store)} for store in (memory, _open(payload)))
    assert len(protected) == 4
    assert protected.isdisjoint(open_)
    assert "198.51.100.7" not in repr(stored(memory))


def _open(payload: bytes) -> Store:
    store = open_store("memory://")
    collector(store).ingest("logs.json", payload, NOW)
    return store


def test_a_record_in_another_form_is_a_row_and_its_neighbours_too() -> None:
    rows = rows_of(front_door(), {"category": 7}, cosmos())
    assert [row["log_stream"] for row in rows] == ["FrontDoorAccessLog", "DataPlaneRequests", "PT1H.json"]


@pytest.mark.parametrize(
    "payload", ['{"records":[]}', '{"records":[{"a":1}]}', '{"a":1,"records":[]}', '{"records":7}']
)
def test_other_lists_of_records_are_none_of_azure(memory: Store, payload: str) -> None:
    assert counts(collector(memory).collect(sqs(payload))) == only(quarantined=1)
    (rejected,) = quarantined(memory)
    assert rejected.payload.decode() == payload


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.sampled_from([*cosmos(), "location", "level", "identity"]), VALUES)


@given(FIELDS)
@settings(max_examples=50, deadline=None)
def test_whatever_a_record_says_it_and_its_neighbours_are_rows(fields: Json) -> None:
    store = open_store("memory://")
    payload = encoded({"records": [front_door(), cosmos() | fields, cosmos()]})
    found = counts(collector(store).collect(kinesis(payload)))
    assert found == only(stored=3)
