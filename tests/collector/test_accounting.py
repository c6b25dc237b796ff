from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from collector_payloads import CONTROL, collector, document, event, kinesis, zipped
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from collector.accounting import Accounting, Report
from store.objects import Store
from store.zone import KeyUnavailable, Zone

SECRET = "bob@example.com"


def report(**facts: Any) -> Report:
    given: dict[str, Any] = {
        "trigger": "kinesis",
        "region": "eu-west-1",
        "accounting": Accounting(received=3, stored=2, control=1),
        "returned": 0,
        "error": None,
        "seconds": 0.25,
        "size": 1000,
    }
    return Report(**given | facts)


def test_accounts_add_up() -> None:
    total = Accounting(received=3, stored=2, control=1)
    total.add(Accounting(received=2, duplicate=1, quarantined=1))
    assert total == Accounting(received=5, stored=2, duplicate=1, control=1, quarantined=1)


def test_an_invocation_writes_one_json_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        report().emit()
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert json.loads(record.getMessage()) == {
        "message": "collected",
        "trigger": "kinesis",
        "region": "eu-west-1",
        "received": 3,
        "stored": 2,
        "duplicate": 0,
        "control": 1,
        "quarantined": 0,
        "returned": 0,
        "duration_ms": 250.0,
        "bytes": 1000,
    }


def test_a_failure_is_an_error_that_names_its_kind(caplog: pytest.LogCaptureFixture) -> None:
    report(returned=7, error="KeyUnavailable").emit()
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert json.loads(record.getMessage())["error"] == "KeyUnavailable"


def test_no_payload_gets_into_the_log_whatever_happens(
    local_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def locked(zone: Zone) -> bytes:
        raise KeyUnavailable("key 'env:KEY' cannot be read: KeyError")

    def zones(region: str) -> Zone:
        return Zone("eu", "pseudonym", key="env:KEY") if region == "eu-west-1" else Zone("open")

    payloads = (
        zipped(document(event(1, message=SECRET))),
        zipped(document(event(1, message=SECRET, id=SECRET, timestamp=SECRET))),
        SECRET.encode(),
        zipped(CONTROL),
    )
    with caplog.at_level(logging.DEBUG):
        collector(local_store).collect(kinesis(*payloads))
        collector(local_store, zone_of=zones, key_of=locked).collect(kinesis(*payloads))
    lines = [
        json.loads(record.getMessage()) for record in caplog.records if record.name.startswith("collector")
    ]
    assert [(line["quarantined"], line["returned"]) for line in lines] == [(2, 0), (0, 3)]
    assert SECRET not in caplog.text


def test_what_became_of_records_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    from collector import accounting

    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("test")
    monkeypatch.setattr(accounting, "_records", meter.create_counter("regionscope.collector.records"))
    monkeypatch.setattr(accounting, "_duration", meter.create_histogram("regionscope.collector.duration"))
    report(returned=4).emit()
    found = _points(reader)
    assert {
        (point.attributes["outcome"], point.value) for point in found["regionscope.collector.records"]
    } == {("stored", 2), ("control", 1), ("returned", 4)}
    (duration,) = found["regionscope.collector.duration"]
    assert duration.sum == 0.25
    assert duration.attributes == {"trigger": "kinesis", "region": "eu-west-1"}


def _points(reader: InMemoryMetricReader) -> dict[str, Any]:
    data = reader.get_metrics_data()
    assert data is not None
    return {
        metric.name: metric.data.data_points
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_importing_the_collector_sets_up_no_telemetry() -> None:
    assert type(metrics.get_meter_provider()).__module__.startswith("opentelemetry.metrics")
