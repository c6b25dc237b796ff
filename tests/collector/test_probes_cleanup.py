"""What probes leave behind: nothing, whatever happens to them."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from probe_resources import EU, NOW, US, Clients, at, files, items, leftovers, rows, sessions, versions

from collector.probes import target
from collector.probes.run import run
from collector.probes.stamp import PREFIX, Stamp
from store.objects import Store


def test_what_is_delivered_late_is_cleaned_up_once_more(
    local_store: Store, clients: Clients, buckets: dict[str, str]
) -> None:
    run(at(local_store), clients, [files(buckets, (EU, US))])
    ((_, _, key, _),) = leftovers(local_store)
    clients("s3", US).put_object(Bucket=buckets[US], Key=f"files/{key}", Body=b"a copy that comes late")
    clients("s3", US).put_object(Bucket=buckets[US], Key=f"files/{key}0", Body=b"somebody else's")

    off = files(buckets, (US, EU))
    run(at(local_store, timedelta(minutes=20)), clients, [off])

    assert versions(clients, buckets) == [f"files/{key}0"]
    assert leftovers(local_store) == []


DOOMED = """
import os, signal, sys
import emulators
from collector_payloads import collector
from collector.probes import probing
from collector.probes.run import run
from collector.probes.settings import Probe
from store.objects import open_store

endpoint, store, table = sys.argv[1:]
probing.watch = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
probe = Probe("session", dict.fromkeys(emulators.REGIONS, table), (emulators.REGIONS[:2],), timeout_s=2)
run(
    collector(open_store(store), emulators.REGIONS[0], now=lambda: datetime.fromtimestamp(NOW, UTC)),
    lambda service, region: emulators.clients(endpoint, region)(service),
    [probe],
)
"""


def test_what_a_killed_run_left_is_removed_by_the_next_that_may(
    local_store: Store, ministack: str, clients: Clients, table: str
) -> None:
    begin = f"from datetime import UTC, datetime\nNOW = {NOW.timestamp()}"
    command = [sys.executable, "-c", begin + DOOMED, ministack, local_store.uri, table]
    killed = subprocess.run(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(items(clients, table)) == 2

    run(at(local_store, timedelta(seconds=30)), clients, [sessions(table, (US, EU))])
    assert len(items(clients, table)) == 2  # for all that is known, it is still being waited for

    run(at(local_store, timedelta(seconds=90)), clients, [sessions(table)])
    assert items(clients, table) == {"user-7"}
    assert leftovers(local_store) == []
    assert [row["outcome"] for row in rows(local_store)] == ["visible"]


def test_a_row_that_could_not_be_stored_is_not_claimed_and_leaves_no_item(
    local_store: Store, clients: Clients, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("store.segments.write", refuse)
        with pytest.raises(OSError, match="the disk is full"):
            run(at(local_store), clients, [sessions(table)])
    assert items(clients, table) == {"user-7"}
    assert rows(local_store) == []

    assert run(at(local_store), clients, [sessions(table)]).stored == 1
    assert len(rows(local_store)) == 1


def test_what_cannot_be_removed_is_tried_again_and_said(
    local_store: Store, own_clients: Clients, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    refusals = iter(range(2))

    def refuse(**_: Any) -> None:
        if next(refusals, None) is not None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "secret"}}, "DeleteItem")

    own_clients("dynamodb", EU).meta.events.register("before-call.dynamodb.DeleteItem", refuse)
    with caplog.at_level(logging.WARNING, "collector.probes"):
        run(at(local_store), own_clients, [sessions(table)])
        run(at(local_store, timedelta(minutes=20)), own_clients, [sessions(table, (US, EU))])
    problems = [json.loads(record.message)["problems"] for record in caplog.records]
    assert all(len(each) == 1 and each[0].endswith("cannot be removed (AccessDenied)") for each in problems)
    assert len(problems) == 2
    assert len(items(own_clients, table)) == 2

    run(at(local_store, timedelta(minutes=60)), own_clients, [sessions(table, (US, EU))])

    assert items(own_clients, table) == {"user-7"}
    assert leftovers(local_store) == []


def test_of_two_runs_of_one_minute_one_probes_and_leaves_the_others_item_alone(
    local_store: Store, clients: Clients, table: str
) -> None:
    minute = int(NOW.timestamp()) // 60
    key = f"{PREFIX}{EU}/{US}/{minute}"
    other = target.writer(sessions(table), EU, clients)
    other.write(Stamp(key, "another run's", 2_000_000_000))

    accounting = run(at(local_store), clients, [sessions(table)])

    assert accounting.received == 0
    assert other.read(key) == Stamp(key, "another run's", 2_000_000_000)


def test_items_carry_the_expiry_that_the_table_removes_them_by(clients: Clients, table: str) -> None:
    target.writer(sessions(table), EU, clients).write(Stamp(f"{PREFIX}{EU}/{US}/1", "id", 1_800_000_000))

    scan = clients("dynamodb", US).scan(TableName=table)["Items"]
    assert [item["expires_at"]["N"] for item in scan if "expires_at" in item] == ["1800000000"]


def test_a_resource_that_is_not_configured_any_more_is_given_up_and_said(
    local_store: Store, clients: Clients, buckets: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    run(at(local_store), clients, [files(buckets, (EU, US))])
    renamed = replace(files(buckets, (US, EU)), resources={**buckets, EU: "another-bucket"})

    with caplog.at_level(logging.WARNING, "collector.probes"):
        run(at(local_store, timedelta(minutes=20)), clients, [renamed])

    assert f"{buckets[EU]} is not configured any more" in caplog.text
    assert leftovers(local_store) == []
