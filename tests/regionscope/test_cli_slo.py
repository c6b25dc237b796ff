"""The command slo, over one minute of one region, and what `config check` says of SLO files."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

import slos
from store import segments, tables
from store.commit import sweep
from store.layout import content_id
from store.objects import open_store
from store.schema import LOGS, arrow_schema

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHIPPED = Path(slos.__file__).parent / "availability.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration with SLOs of its own, and a store with ten requests of which one failed."""
    folder = tmp_path_factory.mktemp("slos")
    (folder / "regionscope.toml").write_text('store = "store"\n[slos]\nfolder = "mine"\n', encoding="utf-8")
    (folder / "mine").mkdir()
    (folder / "mine" / "availability.yaml").write_text(SHIPPED.read_text(encoding="utf-8"), encoding="utf-8")
    store = open_store(str(folder / "store"))
    tables.ensure(store)
    rows = [
        {
            "time": NOON + timedelta(seconds=number),
            "observed_time": NOON + timedelta(seconds=number),
            "region": "eu-west-1",
            "day": NOON.date(),
            "account_id": "123456789012",
            "service": "shop",
            "http_status": 500 if number == 0 else 200,
            "log_group": "/aws/apigateway/shop",
            "log_stream": "stream",
            "event_id": str(number),
        }
        for number in range(10)
    ]
    schema = arrow_schema(LOGS).append(pa.field("region", pa.string())).append(pa.field("day", pa.date32()))
    segments.write(store, LOGS, pa.Table.from_pylist(rows, schema), content_id([b"slo"]))
    assert not sweep(store).failed
    return folder


def run(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).parent / "regionscope"
    done = subprocess.run(
        [script, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stderr
    return done


def test_slo_prints_what_is_left_of_each_budget(folder: Path) -> None:
    shown = run(folder, "slo", "--at", "2026-03-01T12:01Z").stdout.splitlines()

    assert shown[0].split()[:4] == ["slo", "region", "to", "target"]
    assert shown[1].split()[:6] == ["availability", "(all)", "-", "99.900%", "90.000%", "-9900.0%"]
    assert shown[2].split()[1] == "eu-west-1"
    assert "BREACHED" in shown[2]


def test_slo_prints_json_with_every_column(folder: Path) -> None:
    overall, region = json.loads(run(folder, "slo", "--at", "2026-03-01T12:01Z", "--json").stdout)

    assert (overall["region"], overall["worst_region"]) == (None, "eu-west-1")
    assert (region["good"], region["total"], region["attainment"]) == (9, 10, 0.9)
    assert (region["state"], region["alert"], region["low_traffic"]) == ("BREACHED", "ticket", True)
    assert region["until"] == "2026-03-01T12:01:00Z"
    assert len(region["burn_rates"]) == 4


def test_a_moment_that_is_none_is_said(folder: Path) -> None:
    assert "noon" in run(folder, "slo", "--at", "noon", code=1).stderr


def test_config_check_says_what_is_wrong_with_slo_files(folder: Path, tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "fine.yaml").write_text(text.replace("30d", "1m"), encoding="utf-8")
    broken = text.replace("sli_availability", "sli_nowhere").replace("name: availability", "name: broken")
    (tmp_path / "mine" / "broken.yaml").write_text(broken, encoding="utf-8")
    (tmp_path / "mine" / "wrong.yaml").write_text(text.replace("0.999", "1"), encoding="utf-8")
    (tmp_path / "regionscope.toml").write_text('store = "store"\n[slos]\nfolder = "mine"\n', encoding="utf-8")

    found = json.loads(run(tmp_path, "config", "check", "--json", code=1).stdout)

    assert found["problems"] == [
        "SLO 'broken': its query fails: Catalog Error: Table Function with name sli_nowhere does not exist!",
        "wrong.yaml: document 1: spec.objectives.0.target is '1': Input should be less than 1",
    ]
    assert found["warnings"] == ["SLO 'availability': timeWindow.duration is '1m': minutes; a month is 1M"]
    assert "ok" in run(folder, "config", "check").stdout
