"""What each kind of target does with an item, and that none touches what is no probe's."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import boto3
import pytest
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st

from collector.probes import elasticache, target
from collector.probes.aurora import Cluster, Secondary
from collector.probes.cost import estimate, reads_within
from collector.probes.dynamodb import Table
from collector.probes.elasticache import Cache, NoClient
from collector.probes.s3 import Bucket
from collector.probes.settings import Engine, Probe
from collector.probes.stamp import PREFIX, Echo, ForeignKey, Stamp, echo_of, key_of, own, regions_of
from collector.probes.target import Taken, Target

EU, US = "eu-west-1", "us-east-1"
ARN = f"arn:aws:rds:{EU}:123456789012:cluster:shop"
SECRET = f"arn:aws:secretsmanager:{EU}:123456789012:secret:shop"
KEY = key_of(EU, US, 29_000_000)
STAMP = Stamp(KEY, "an id", 2_000_000_000)


def database(engine: Engine = "postgresql") -> Probe:
    return Probe(
        "database", {EU: ARN, US: ARN}, ((EU, US),), database="shop", engine=engine, secrets={EU: SECRET}
    )


def client(service: str) -> Any:
    return boto3.client(service, region_name=EU, aws_access_key_id="test", aws_secret_access_key="test")


class Redis:
    """As much of a cache's client as a probe uses; `shared` is what all regions see."""

    shared: ClassVar[dict[str, str]] = {}

    def set(self, key: str, value: str, nx: bool, ex: int) -> bool | None:
        assert nx
        assert 0 < ex < 10**9
        return None if key in self.shared else not self.shared.update({key: value})

    def get(self, key: str) -> str | None:
        return self.shared.get(key)

    def delete(self, key: str) -> int:
        return int(self.shared.pop(key, None) is not None)


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments that a client of a cache was made with."""
    arguments: dict[str, Any] = {}
    module = types.ModuleType("valkey")

    def from_url(url: str, **others: Any) -> Redis:
        arguments.update(url=url, **others)
        return Redis()

    module.from_url = from_url  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "valkey", module)
    monkeypatch.setattr(Redis, "shared", {})
    return arguments


def dynamodb() -> tuple[Target, Any]:
    made = client("dynamodb")
    return Table(made, "sessions"), made


def s3() -> tuple[Target, Any]:
    made = client("s3")
    return Bucket(made, "files", "files/"), made


def aurora() -> tuple[Target, Any]:
    made = client("rds-data")
    return Cluster(made, ARN, database(), EU), made


def secondary() -> tuple[Target, Any]:
    made = client("rds-data")
    return Secondary(Cluster(made, ARN, database(), EU), US), made


FOREIGN = (
    "user-7",
    "files/regionscope-probe/eu-west-1/us-east-1/1",
    f"{PREFIX}eu-west-1/us-east-1/../../user-7",
    f"{PREFIX}eu-west-1/us-east-1/1\n",
    f"{PREFIX}eu-west-1/us-east-1/",
    PREFIX,
    "",
    "*",
)


@pytest.mark.parametrize("key", FOREIGN)
@pytest.mark.parametrize("make", [dynamodb, s3, aurora, secondary])
def test_no_target_writes_or_deletes_a_key_outside_the_prefix(
    make: Callable[[], tuple[Target, Any]], key: str
) -> None:
    made, calls = make()
    with Stubber(calls):  # any call would be an error of the stubber
        with pytest.raises(ForeignKey):
            made.delete(key)
        with pytest.raises(ValueError):
            made.write(Stamp(key, "id", 2_000_000_000))


@pytest.mark.parametrize("key", FOREIGN)
def test_a_cache_neither_writes_nor_deletes_a_key_outside_the_prefix(redis: dict[str, Any], key: str) -> None:
    Redis.shared[key] = "the application's"
    cache = Cache("redis://cache:6379", None)
    with pytest.raises(ForeignKey):
        cache.delete(key)
    with pytest.raises(ForeignKey):
        cache.write(Stamp(key, "id", 2_000_000_000))
    assert Redis.shared == {key: "the application's"}


@given(st.text())
def test_a_key_is_a_probes_only_if_it_names_two_regions_and_a_minute(text: str) -> None:
    for key in (text, PREFIX + text):
        try:
            own(key)
        except ForeignKey:
            continue
        writer, reader = regions_of(key)
        assert key.startswith(f"{PREFIX}{writer}/{reader}/")
        assert ".." not in key


def test_an_item_reads_back_as_it_was_written_with_its_echo() -> None:
    echo = Stamp(
        echo_of(KEY), "id", 2_000_000_000, Echo(0.1, None, 1_700_000_000_000_000, 1_700_000_000_100_000)
    )
    for stamp in (STAMP, echo):
        assert Stamp.read(stamp.key, stamp.text()) == stamp


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_what_is_no_item_of_a_probe_is_read_as_none(text: str) -> None:
    assert Stamp.read(KEY, text) is None


@contextmanager
def data_api(engine: Engine = "postgresql") -> Iterator[tuple[Cluster, Stubber]]:
    made = client("rds-data")
    with Stubber(made) as stubber:
        yield Cluster(made, ARN, database(engine), EU), stubber
        stubber.assert_no_pending_responses()


def statement(sql: Any, *parameters: dict[str, Any]) -> dict[str, Any]:
    asked = {"resourceArn": ARN, "secretArn": SECRET, "database": "shop", "sql": sql}
    return {**asked, "parameters": list(parameters)} if parameters else asked


def text(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": {"stringValue": value}}


ID = text("id", KEY)
EXPIRES = {"name": "expires", "value": {"longValue": 2_000_000_000}}
SELECT = "SELECT stamp FROM regionscope_probe WHERE id = :id"


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_row_of_aurora_is_inserted_once_read_and_deleted_through_the_data_api(engine: Engine) -> None:
    insert = statement(ANY, ID, text("stamp", STAMP.text()), EXPIRES)
    with data_api(engine) as (cluster, stubber):
        stubber.add_response(
            "execute_statement", {"numberOfRecordsUpdated": 1, "generatedFields": []}, insert
        )
        cluster.write(STAMP)
        stubber.add_response(
            "execute_statement", {"numberOfRecordsUpdated": 0, "generatedFields": []}, insert
        )
        with pytest.raises(Taken):
            cluster.write(STAMP)
        stored = {"records": [[{"stringValue": STAMP.text()}]], "numberOfRecordsUpdated": 0}
        stubber.add_response("execute_statement", stored, statement(SELECT, ID))
        assert cluster.read(KEY) == STAMP
        stubber.add_response("execute_statement", {"records": []}, statement(SELECT, ID))
        assert cluster.read(KEY) is None
        delete = statement("DELETE FROM regionscope_probe WHERE id = :id", ID)
        stubber.add_response("execute_statement", {"numberOfRecordsUpdated": 1}, delete)
        cluster.delete(KEY)


def status(**lsn: int) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in lsn.items()}
    return {"records": [[{"stringValue": region}, {"longValue": value}] for region, value in named.items()]}


def test_a_secondary_of_aurora_has_the_row_once_its_storage_has_come_as_far_as_the_primary_had_then() -> None:
    with data_api() as (cluster, stubber):
        asked = statement("SELECT aws_region, highest_lsn_written FROM aurora_global_db_status()")
        stored = {"records": [[{"stringValue": STAMP.text()}]]}
        stubber.add_response("execute_statement", status(eu_west_1=100, us_east_1=90), asked)
        stubber.add_response("execute_statement", status(eu_west_1=130, us_east_1=99), asked)
        stubber.add_response("execute_statement", status(eu_west_1=150, us_east_1=100), asked)
        stubber.add_response("execute_statement", stored, statement(SELECT, ID))
        replica = Secondary(cluster, US)

        assert [replica.read(KEY) for _ in range(3)] == [None, None, STAMP]


def test_a_secondary_that_aurora_does_not_know_is_an_error() -> None:
    with data_api() as (cluster, stubber):
        stubber.add_response("execute_statement", status(eu_west_1=100))

        with pytest.raises(LookupError, match="us-east-1"):
            Secondary(cluster, US).read(KEY)


def test_aurora_is_read_through_its_primary_and_every_other_layer_in_the_readers_region() -> None:
    asked: list[tuple[str, str]] = []

    def clients(service: str, region: str) -> Any:
        asked.append((service, region))
        return client(service)

    assert isinstance(target.reader(database(), EU, US, clients), Secondary)
    target.reader(Probe("session", {EU: "a", US: "b"}, ()), EU, US, clients)

    assert asked == [("rds-data", EU), ("dynamodb", US)]


def test_an_item_of_a_cache_expires_by_itself_and_is_created_only_once(
    redis: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_PASSWORD", "a password of a cache")
    cache = Cache("rediss://cache:6379", "env:CACHE_PASSWORD")

    cache.write(STAMP)
    with pytest.raises(Taken):
        cache.write(STAMP)
    assert cache.read(KEY) == STAMP
    cache.delete(KEY)
    assert cache.read(KEY) is None
    assert (redis["url"], redis["password"]) == ("rediss://cache:6379", "a password of a cache")


def test_without_a_client_package_a_cache_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elasticache, "_CLIENTS", ("no_such_client",))

    with pytest.raises(NoClient, match="pip install valkey"):
        Cache("redis://cache:6379", None)


def test_a_table_whose_partition_key_is_a_number_cannot_be_probed() -> None:
    made = client("dynamodb")
    described = {
        "Table": {
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
        }
    }
    with Stubber(made) as stubber:
        stubber.add_response("describe_table", described)
        with pytest.raises(ValueError, match="partition key must be text or binary"):
            Table(made, "orders").write(STAMP)


def test_the_reads_of_a_probe_are_bounded_whatever_its_timeout() -> None:
    assert [reads_within(timeout) for timeout in (1, 45, 840)] == [13, 30, 43]


def test_the_price_of_a_month_grows_with_pairs_and_copies_and_falls_with_the_interval() -> None:
    regions = {EU: "t", US: "t"}
    one = estimate([Probe("session", regions, ((EU, US),))])
    two = estimate([Probe("session", regions, ((EU, US), (US, EU)))])
    seldom = estimate([Probe("session", regions, ((EU, US),), interval_minutes=5)])
    cache = estimate([Probe("cache", regions, ((EU, US),))])

    assert one.probes == 43_200
    assert one.usd_per_month == pytest.approx(43_200 * (2 * 0.625e-6 + 30 * 0.125e-6 + 4 * 0.625e-6))
    assert two.usd_per_month == pytest.approx(2 * one.usd_per_month)
    assert seldom.usd_per_month == pytest.approx(one.usd_per_month / 5)
    assert cache.usd_per_month == 0
    assert cache.requests > 0
    assert estimate([]).usd_per_month == 0
