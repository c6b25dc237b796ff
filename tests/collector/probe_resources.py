"""What probes probe: emulated tables and buckets that replicate between three regions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import emulators
import pytest
from collector_payloads import collector

from collector.handler import Collector
from collector.probes.settings import Probe
from queries import connect
from store import marks
from store.commit import sweep
from store.objects import Store

EU, US, AP = emulators.REGIONS
NOW = datetime.now(UTC)

Clients = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def clients(ministack: str) -> Clients:
    made = cache(lambda service, region: emulators.clients(ministack, region)(service))
    return lambda service, region: made(service, region)


@pytest.fixture
def own_clients(ministack: str) -> Clients:
    """Clients of the test's own, to make their calls fail."""
    made = cache(lambda service, region: emulators.clients(ministack, region)(service))
    return lambda service, region: made(service, region)


@pytest.fixture
def table(clients: Clients) -> Iterator[str]:
    """A global table in three regions, with a row of the application's own."""
    name = f"sessions-{uuid.uuid4().hex}"
    here = clients("dynamodb", EU)
    here.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "sk", "AttributeType": "N"},
            {"AttributeName": "pk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    here.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )
    for region in (US, AP):
        here.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": region}}])
    here.put_item(TableName=name, Item={"pk": {"S": "user-7"}, "sk": {"N": "0"}})
    yield name
    for region in emulators.REGIONS:
        clients("dynamodb", region).delete_table(TableName=name)


@pytest.fixture
def buckets(clients: Clients) -> dict[str, str]:
    """Versioned buckets that replicate what is below files/, from Europe to the two others."""
    names = {region: f"files-{region}-{uuid.uuid4().hex[:8]}" for region in emulators.REGIONS}
    for region, name in names.items():
        where = {} if region == US else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        clients("s3", region).create_bucket(Bucket=name, **where)
        clients("s3", region).put_bucket_versioning(
            Bucket=name, VersioningConfiguration={"Status": "Enabled"}
        )
    rules = [
        {
            "ID": region,
            "Priority": number,
            "Status": "Enabled",
            "Filter": {"Prefix": "files/"},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{names[region]}"},
        }
        for number, region in enumerate((US, AP))
    ]
    configuration = {"Role": f"arn:aws:iam::{emulators.ACCOUNT}:role/replication", "Rules": rules}
    clients("s3", EU).put_bucket_replication(Bucket=names[EU], ReplicationConfiguration=configuration)
    return names


def sessions(table: str, *pairs: tuple[str, str], **settings: Any) -> Probe:
    resources = dict.fromkeys(emulators.REGIONS, table)
    return Probe("session", resources, pairs or ((EU, US),), **{"timeout_s": 2.0} | settings)


def files(buckets: dict[str, str], *pairs: tuple[str, str], **settings: Any) -> Probe:
    return Probe("file", buckets, pairs, **{"timeout_s": 2.0, "folder": "files/"} | settings)


def at(store: Store, after: timedelta = timedelta(), region: str = EU) -> Collector:
    return collector(store, region, now=lambda: NOW + after)


def rows(store: Store) -> list[dict[str, Any]]:
    assert not sweep(store).failed
    with connect(store) as session:
        relation = session.sql("from probes order by layer, region, target_region, time")
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def items(clients: Clients, table: str) -> set[str]:
    """The partition keys of all copies of the table."""
    scans = [clients("dynamodb", region).scan(TableName=table) for region in emulators.REGIONS]
    return {item["pk"]["S"] for scan in scans for item in scan["Items"]}


def versions(clients: Clients, buckets: dict[str, str]) -> list[str]:
    """All that the buckets hold, and ever held and keep."""
    listed = [clients("s3", region).list_object_versions(Bucket=name) for region, name in buckets.items()]
    return [
        each["Key"] for page in listed for each in page.get("Versions", []) + page.get("DeleteMarkers", [])
    ]


def leftovers(store: Store) -> list[Any]:
    return (marks.read(store, f"probes/{EU}") or {"items": []})["items"]
