"""The commands consistency, lost-updates and anomalies, over one cart that two regions wrote at once."""

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
from store.schema import LOGS, arrow_schema

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = ("--since", "2026-03-01T11:10Z", "--until", "2026-03-01T12:10Z")
EU, US = "eu-west-1", "us-east-1"
CONFIG = """
store = "store"
[consistency]
key_hash = "cart"
[consistency.layers]
carts = "session"
"""
OPERATIONS = (
    (0, EU, "write", f"1@{EU}", None),
    (10, EU, "write", f"2@{EU}", f"1@{EU}"),
    (11, EU, "write", f"2@{US}", f"1@{EU}"),
    (15, EU, "read", f"1@{EU}", None),
    (30, EU, "read", f"2@{US}", None),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("consistency")
    (folder / "regionscope.toml").write_text(CONFIG, encoding="utf-8")
    store = open_store(str(folder / "store"))
    tables.ensure(store)
    rows = [
        {
            "time": NOON + timedelta(seconds=second),
            "region": region,
            "day": NOON.date(),
            "session_id": "s",
            "duration_ms": 2.0,
            "event_id": str(number),
            "attributes": [
                ("store", "carts"),
                ("op", op),
                ("cart", "k"),
                ("version", version),
                ("mode", "SESSION"),
                ("served_by", version.partition("@")[2] if op == "write" else region),
                *([("based_on", based_on)] if based_on else []),
            ],
        }
        for number, (second, region, op, version, based_on) in enumerate(OPERATIONS)
    ]
    schema = arrow_schema(LOGS).append(pa.field("region", pa.string())).append(pa.field("day", pa.date32()))
    segments.write(store, LOGS, pa.Table.from_pylist(rows, schema), content_id([b"carts"]))
    assert not sweep(store).failed
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    start = "from regionscope.cli import main; main()"
    command = [sys.executable, "-c", start, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_consistency_prints_what_was_kept_and_whether_it_had_to_be(folder: Path) -> None:
    lines = run(folder, "consistency", *WINDOW).stdout.splitlines()

    (line,) = [line for line in lines if line.startswith("read_your_writes")]
    assert line.split()[1:] == ["session", "carts", "SESSION", US, EU, "2", "1", "0", "50.000%", "violation"]


def test_lost_updates_prints_both_writes_side_by_side(folder: Path) -> None:
    (line,) = run(folder, "lost-updates", *WINDOW).stdout.splitlines()[1:]

    assert f"confirmed  2@{EU}  1@{EU}" in line
    assert f"2@{US}" in line


def test_anomalies_prints_the_cycle(folder: Path) -> None:
    (line,) = run(folder, "anomalies", "--sample", "1", *WINDOW).stdout.splitlines()[1:]

    assert "causal" in line
    assert f"read 1@{EU} in {EU}" in line


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("consistency", {"guarantee", "eligible", "violations", "unknown", "ratio_least", "expectation"}),
        ("lost-updates", {"key_hash", "status", "skew_inversion", "lost_version", "winner_version"}),
        ("anomalies", {"key_hash", "kind", "operations", "expectation"}),
    ],
)
def test_each_of_them_prints_json(folder: Path, command: str, fields: set[str]) -> None:
    sample = ["--sample", "1"] if command == "anomalies" else []
    rows = json.loads(run(folder, command, "--json", *sample, *WINDOW).stdout)

    assert rows
    assert all(fields <= row.keys() for row in rows)


def test_a_span_without_operations_is_told_apart_from_an_agreement(folder: Path) -> None:
    ran = run(folder, "lost-updates", "--since", "2026-02-01T00:00Z", "--until", "2026-02-01T01:00Z")

    assert (ran.returncode, ran.stdout) == (0, "")
    assert "no lost update is known" in ran.stderr
