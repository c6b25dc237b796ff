"""The commands health and lag, over one hour of two regions."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from store import segments, tables
from store.commit import sweep
from store.layout import content_id
from store.objects import open_store
from store.schema import METRICS, PROBES, Table, arrow_schema

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = ("--since", "2026-03-01T11:10Z", "--until", "2026-03-01T12:10Z")
CONFIG = """
store = "store"
[regions.eu-west-1]
[regions.us-east-1]
[health]
judged_from = 10
concurrency = 1000
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regions")
    (folder / "regionscope.toml").write_text(CONFIG, encoding="utf-8")
    store = open_store(str(folder / "store"))
    tables.ensure(store)
    counted = {"Invocations": 40.0, "Errors": 30.0}
    points = [
        {
            "name": f"AWS/Lambda/{name}",
            "statistic": "sum",
            "resource": "orders",
            "value": value,
            "series": name,
        }
        for name, value in counted.items()
    ]
    claimed = {"name": "AWS/Lambda/ClaimedAccountConcurrency", "statistic": "maximum", "value": 700.0}
    pair = {"layer": "session", "resource": "sessions", "target_region": "us-east-1"}
    lag = {"name": "AWS/DynamoDB/ReplicationLatency", "statistic": "maximum", "value": 1500.0, "unit": "ms"}
    for table, rows in (
        (METRICS, [*points, claimed, lag | pair | {"source_region": "eu-west-1", "series": "lag"}]),
        (PROBES, [pair | {"key_hash": "k", "outcome": "visible", "lag_ms": 900.0, "error_bound_ms": 90.0}]),
    ):
        segments.write(store, table, _rows(table, rows), content_id([table.name.encode()]))
    assert not sweep(store).failed
    return folder


def _rows(table: Table, rows: list[dict[str, object]]) -> pa.Table:
    schema = arrow_schema(table).append(pa.field("region", pa.string())).append(pa.field("day", pa.date32()))
    common = {"time": NOON, "observed_time": NOON + timedelta(seconds=90), "day": NOON.date()}
    known = [{**common, "region": "eu-west-1", "attributes": [], **row} for row in rows]
    return pa.Table.from_pylist(known, schema)


def run(folder: Path, *arguments: str) -> str:
    script = Path(sys.executable).parent / "regionscope"
    done = subprocess.run(
        [script, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_health_says_what_is_down_first_and_why(folder: Path) -> None:
    lines = run(folder, "health", *WINDOW).splitlines()

    assert [line.split()[:3] for line in lines] == [
        ["region", "service", "state"],
        ["eu-west-1", "(all)", "down"],
        ["eu-west-1", "orders", "down"],
        ["us-east-1", "(all)", "unknown"],
    ]
    assert "all its services are down" in lines[1]
    assert "30.0%" in lines[1]  # the headroom
    assert "75.0% of 40 requests failed" in lines[2]
    assert "there is no data" in lines[3]


def test_health_as_json_has_what_is_unknown_as_null(folder: Path) -> None:
    region, service, other = json.loads(run(folder, "health", "--json", *WINDOW))

    assert (region["region"], region["service"]) == ("eu-west-1", None)
    assert region["headroom"] == pytest.approx(0.3)
    assert [(each["signal"], each["age_s"]) for each in region["freshness"]] == [
        ("metrics", 600.0),
        ("probes", 600.0),
    ]
    assert (service["requests"], service["errors"], service["counted_by"]) == (40, 30, "metrics")
    assert (other["region"], other["state"], other["requests"], other["newest"]) == (
        *("us-east-1", "unknown", None, None),
    )


def test_lag_shows_metrics_and_probes_of_a_pair_side_by_side(folder: Path) -> None:
    _, line = run(folder, "lag", *WINDOW).splitlines()
    (row,) = json.loads(run(folder, "lag", "--json", *WINDOW))

    assert line.split()[:5] == ["session", "sessions", "eu-west-1", "us-east-1", "ReplicationLatency"]
    assert line.split()[-6:] == ["1", "0", "900ms", "900ms", "900ms", "90ms"]
    assert (row["metric_max_ms"], row["probe_p50_ms"], row["metric_age_s"]) == (1500.0, 900.0, 600.0)


@pytest.mark.parametrize("command", ["health", "lag"])
def test_an_empty_store_says_so(tmp_path: Path, command: str) -> None:
    assert json.loads(run(tmp_path, command, "--json", "--store", "nowhere")) == []
