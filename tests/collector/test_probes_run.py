"""Probes against emulated tables and buckets that replicate between three regions."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from probe_resources import AP, EU, NOW, US, Clients, at, files, items, leftovers, rows, sessions, versions

from collector.probes import target
from collector.probes.run import run
from collector.probes.settings import Probe
from collector.probes.stamp import Stamp
from store import marks
from store.objects import Store


def test_a_table_is_probed_between_all_its_regions_at_once_and_left_as_it_was(
    local_store: Store, clients: Clients, table: str
) -> None:
    accounting = run(at(local_store), clients, [sessions(table, (EU, US), (EU, AP), (US, EU))])

    assert (accounting.received, accounting.stored) == (2, 2)  # the third is for the collector of us-east-1
    found = rows(local_store)
    assert [(row["region"], row["target_region"]) for row in found] == [(EU, AP), (EU, US)]
    for row in found:
        assert row["outcome"] == "visible"
        assert row["mode"] == "one_way"
        assert (row["layer"], row["resource"]) == ("session", table)
        assert 0 <= row["lag_ms"] <= 2000
        assert row["lag_ms"] - row["error_bound_ms"] <= 0.001  # the emulator replicates at once
        assert row["attributes"]["probe.attempts"] == "1"
    assert found[0]["key_hash"] != found[1]["key_hash"]
    assert items(clients, table) == {"user-7"}
    assert leftovers(local_store) == []


def test_a_bucket_pair_is_probed_below_its_folder_and_no_version_stays_in_any_region(
    local_store: Store, clients: Clients, buckets: dict[str, str]
) -> None:
    run(at(local_store), clients, [files(buckets, (EU, US))])

    (row,) = rows(local_store)
    assert (row["outcome"], row["resource"]) == ("visible", buckets[EU])
    assert row["attributes"]["probe.target_resource"] == buckets[US]
    assert versions(clients, buckets) == []


def test_an_object_that_no_rule_replicates_times_out_with_its_lag_unknown(
    local_store: Store, clients: Clients, buckets: dict[str, str]
) -> None:
    run(at(local_store), clients, [files(buckets, (EU, US), folder="elsewhere/", timeout_s=1.0)])

    (row,) = rows(local_store)
    assert row["outcome"] == "timeout"
    assert (row["lag_ms"], row["error_bound_ms"]) == (None, None)
    assert float(row["attributes"]["probe.waited_ms"]) >= 600
    assert versions(clients, buckets) == []


@dataclass
class Hidden:
    """A target whose items show some time after they were first looked for."""

    behind: target.Target
    reads: int
    deletes_replicate: bool = True
    shows_absence: bool = True

    def write(self, stamp: Stamp) -> None:
        self.behind.write(stamp)

    def read(self, key: str) -> Stamp | None:
        self.reads -= 1
        return self.behind.read(key) if self.reads < 0 else None

    def delete(self, key: str) -> None:
        self.behind.delete(key)


def test_the_lag_of_an_item_that_shows_later_lies_between_the_two_reads(
    local_store: Store, clients: Clients, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = target.reader
    monkeypatch.setattr("collector.probes.run.reader", lambda *each: Hidden(real(*each), 4))

    run(at(local_store), clients, [sessions(table)])

    (row,) = rows(local_store)
    assert row["attributes"]["probe.attempts"] == "5"
    assert row["lag_ms"] - row["error_bound_ms"] >= 150
    assert row["error_bound_ms"] < 0.4 * row["lag_ms"]


def test_an_echo_is_answered_by_the_other_regions_run(
    local_store: Store, clients: Clients, table: str
) -> None:
    probes = [sessions(table, (EU, US), mode="echo", timeout_s=5.0)]
    minute = int(NOW.timestamp()) // 60

    with ThreadPoolExecutor() as pool:
        asked = pool.submit(run, at(local_store), clients, probes, minute)
        answered = pool.submit(run, at(local_store, region=US), clients, probes, minute)

    assert asked.result().stored == 1
    assert answered.result().received == 0
    (row,) = rows(local_store)
    assert (row["outcome"], row["mode"]) == ("visible", "echo")
    assert row["lag_ms"] == pytest.approx(row["error_bound_ms"], rel=0.01)
    offset, bound = (float(row["attributes"][name]) for name in ("clock.offset_ms", "clock.offset_bound_ms"))
    assert abs(offset) <= bound  # it is one clock
    assert items(clients, table) == {"user-7"}


def test_a_pair_that_cannot_be_reached_is_an_error_and_the_others_go_on(
    local_store: Store, clients: Clients, table: str, buckets: dict[str, str]
) -> None:
    gone = sessions("no-such-table", (EU, US))
    unread = files({**buckets, US: "no-such-bucket"}, (EU, US), timeout_s=1.0)

    accounting = run(at(local_store), clients, [gone, sessions(table), unread])

    assert accounting.stored == 3
    file, missing, session = rows(local_store)
    assert file["attributes"]["error.type"] == "NoSuchBucket"
    assert file["attributes"]["probe.step"] == "read"
    assert missing["outcome"] == file["outcome"] == "error"
    assert missing["attributes"]["error.type"] == "ResourceNotFoundException"
    assert missing["attributes"]["probe.step"] == "write"
    assert missing["lag_ms"] is None
    assert session["outcome"] == "visible"


def test_a_cache_without_a_client_is_an_error_that_names_it(local_store: Store, clients: Clients) -> None:
    probe = Probe("cache", {EU: "redis://cache.eu:6379", US: "redis://cache.us:6379"}, ((EU, US),))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("collector.probes.elasticache._CLIENTS", ("no_such_client",))
        run(at(local_store), clients, [probe])

    (row,) = rows(local_store)
    assert (row["outcome"], row["resource"]) == ("error", "cache.eu")
    assert row["attributes"]["error.type"] == "NoClient"


def test_reads_that_are_throttled_do_not_spoil_a_probe(
    local_store: Store, own_clients: Clients, table: str
) -> None:
    refusals = iter(range(4))

    def refuse(request: Any, **_: Any) -> AWSResponse | None:
        if next(refusals, None) is None:
            return None
        body = b'{"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}'
        response = AWSResponse(request.url, 400, {}, None)
        response._content = body
        return response

    own_clients("dynamodb", US).meta.events.register("before-send.dynamodb.GetItem", refuse)
    run(at(local_store), own_clients, [sessions(table, timeout_s=10.0)])

    (row,) = rows(local_store)
    assert row["outcome"] == "visible"
    assert "error.type" not in row["attributes"]
    assert next(refusals, None) is None


def test_a_write_that_succeeded_at_its_first_try_is_not_taken_for_somebody_elses(
    local_store: Store, own_clients: Clients, table: str
) -> None:
    lost = iter([True])

    def lose(**_: Any) -> None:
        if next(lost, False):
            raise ConnectionError("the answer is lost")

    events = own_clients("dynamodb", EU).meta.events
    events.register("after-call.dynamodb.PutItem", lose)
    real = own_clients("dynamodb", EU).put_item

    def put_twice(**arguments: Any) -> Any:
        try:
            return real(**arguments)
        except ConnectionError:
            return real(**arguments)

    own_clients("dynamodb", EU).put_item = put_twice
    run(at(local_store), own_clients, [sessions(table)])

    assert [row["outcome"] for row in rows(local_store)] == ["visible"]


def test_a_probe_of_every_fifth_minute_rests_in_the_others(
    local_store: Store, clients: Clients, table: str
) -> None:
    probes = [sessions(table, interval_minutes=5)]

    assert run(at(local_store), clients, probes, minute=5_000_001).received == 0
    assert run(at(local_store), clients, probes, minute=5_000_005).received == 1


def test_probes_of_many_pairs_take_no_longer_than_the_slowest(local_store: Store, clients: Clients) -> None:
    together = threading.Barrier(12)
    probes = [sessions(f"table-{number}", (EU, US), timeout_s=1.0) for number in range(12)]

    class Never:
        deletes_replicate = shows_absence = True

        def write(self, stamp: Stamp) -> None:
            together.wait(5)  # none can go on before all have come

        def read(self, key: str) -> Stamp | None:
            return None

        def delete(self, key: str) -> None:
            pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("collector.probes.run.writer", lambda *_: Never())
        patch.setattr("collector.probes.run.reader", lambda *_: Never())
        run(at(local_store), clients, probes)

    assert {row["outcome"] for row in rows(local_store)} == {"timeout"}
    assert len(rows(local_store)) == 12


def test_no_probe_no_trace(local_store: Store, clients: Clients) -> None:
    assert run(at(local_store), clients, []).received == 0
    assert marks.read(local_store, f"probes/{EU}") is None
