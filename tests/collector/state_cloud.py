"""Resources in an emulated AWS whose state is polled, each test's under names of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import emulators
from collector_payloads import collector
from emulators import ACCOUNT, REGIONS
from events_payloads import Json, committed

from collector.pulled import Pulled
from collector.state.poll import poll
from collector.state.watched import Watched
from store.commit import sweep
from store.objects import Store

EU, US, AP = REGIONS
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Cloud:
    """An emulator; `minute` counts the polls, as a schedule would."""

    endpoint: str
    name: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:12]}")
    minute: int = 0

    def client(self, region: str) -> Callable[[str], Any]:
        return partial(emulators.client, self.endpoint, region)

    def poll(self, store: Store, watched: Watched, *regions: str) -> list[Pulled]:
        """One run in each region (in all by default), one after the other."""
        polled = []
        for region in regions or REGIONS:
            self.minute += 1
            there = collector(store, region, now=lambda: NOW + timedelta(minutes=self.minute))
            polled.append(poll(there, self.client(region), watched))
        return polled

    @contextmanager
    def failing(self, service: str, operation: str, act: Callable[[Any], Any], region: str) -> Iterator[None]:
        """Has the operation of a region's client answered by `act` instead of the emulator."""
        events, name = self.client(region)(service).meta.events, f"before-send.{service}.{operation}"

        def answered(request: Any, **_: Any) -> Any:
            return act(request)

        events.register(name, answered)
        try:
            yield
        finally:
            events.unregister(name, answered)

    def global_cluster(self, *regions: str) -> None:
        """An Aurora Global Database; the first region has the writer."""
        engine = {"Engine": "aurora-postgresql", "EngineVersion": "14.17"}
        rds = self.client(regions[0])("rds")
        rds.create_global_cluster(GlobalClusterIdentifier=self.name, **engine)
        login = {"MasterUsername": "postgres", "MasterUserPassword": "not-a-secret"}
        for region in regions:
            self.client(region)("rds").create_db_cluster(
                DBClusterIdentifier=f"{self.name}-{region}",
                GlobalClusterIdentifier=self.name,
                **engine,
                **(login if region == regions[0] else {}),
            )

    def cluster(self, region: str) -> str:
        return f"arn:aws:rds:{region}:{ACCOUNT}:cluster:{self.name}-{region}"

    def table(self, region: str = EU) -> None:
        self.client(region)("dynamodb").create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )

    def replicate(self, *regions: str, action: str = "Create") -> None:
        updates = [{action: {"RegionName": region}} for region in regions]
        self.client(EU)("dynamodb").update_table(TableName=self.name, ReplicaUpdates=updates)

    def zone(self) -> str:
        route53 = self.client(EU)("route53")
        made = route53.create_hosted_zone(Name=f"{self.name}.example", CallerReference=self.name)
        zone: str = made["HostedZone"]["Id"].removeprefix("/hostedzone/")
        return zone

    def weigh(self, zone: str, action: str = "UPSERT", **weights: int) -> None:
        """Weighted records of one name, one per region (with _ for -)."""
        changes = [
            {
                "Action": action,
                "ResourceRecordSet": {
                    "Name": f"api.{self.name}.example",
                    "Type": "CNAME",
                    "SetIdentifier": region,
                    "Weight": weight,
                    "TTL": 60,
                    "ResourceRecords": [
                        {"Value": f"abc.execute-api.{region.replace('_', '-')}.amazonaws.com"}
                    ],
                },
            }
            for region, weight in weights.items()
        ]
        batch = {"Changes": changes}
        self.client(EU)("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def changes(store: Store) -> list[Json]:
    """The committed events, in order of time."""
    assert not sweep(store).failed
    return committed(store)
