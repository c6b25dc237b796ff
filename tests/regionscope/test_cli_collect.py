"""The commands that run on and on: collect and otlp, as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from queries import connect

SCRIPT = Path(sys.executable).parent / "regionscope"
CONFIG = """
store = "store"
[regions.eu-west-1]
[regions.us-east-1]
[metrics]
exclude = ["AWS/.*"]
[[metrics.extra]]
namespace = "Shop"
name = "Orders"
statistics = ["sum"]
unit = "1"
layer = "compute"
meaning = "orders"
source = "ours"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "regionscope.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def regionscope(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_round_of_collecting_prints_what_every_region_gave(folder: Path, moto: str) -> None:
    done = regionscope(
        folder,
        *("collect", "--once", "--json"),
        AWS_ENDPOINT_URL=moto,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == {"eu-west-1", "us-east-1"}
    for region in told.values():
        assert region["problems"] == []
        assert set(region["accounts"]) == {"traces", "metrics"}


def test_a_region_nobody_configured_is_not_collected(folder: Path) -> None:
    done = regionscope(folder, "collect", "--once", "--region", "eu-west-2")

    assert done.returncode == 1
    assert "--region is 'eu-west-2': must be one of [regions] (eu-west-1, us-east-1)" in done.stderr


def test_what_comes_by_otlp_is_found_and_the_server_ends_when_told_to(folder: Path) -> None:
    record = {"timeUnixNano": "1795168800000000000", "body": {"stringValue": "boom"}}
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
    with serving(folder) as (server, port):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/logs", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0

    with connect(str(folder / "store")) as session:
        assert session.sql("select body, region, log_group from logs").fetchall() == [
            ("boom", "eu-west-1", "otlp")
        ]


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [SCRIPT, "otlp", "--region", "eu-west-1", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            told = json.loads(server.stdout.readline())
            assert told["host"] == "127.0.0.1"
            yield server, told["port"]
        finally:
            server.kill()


def test_an_intake_open_to_the_network_needs_a_token(folder: Path) -> None:
    done = regionscope(folder, "otlp", "--region", "eu-west-1", "--host", "0.0.0.0", "--port", "0")

    assert done.returncode == 1
    assert "without otlp.token it must be a loopback address" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_configuration_says_what_asking_aws_costs(folder: Path) -> None:
    done = regionscope(folder, "config", "check", "--json")

    assert json.loads(done.stdout)["costs"] == [
        {
            "what": "metrics",
            "requests_per_month": 259200,  # 2 regions, 3 resources, each minute of 30 days
            "usd_per_month": 2.59,
            "basis": "assuming 3 resources of every kind in each region",
        }
    ]


def test_systems_say_what_is_missing_and_what_to_do(folder: Path) -> None:
    done = regionscope(folder, "systems", "--json")

    states = json.loads(done.stdout)
    assert states[0]["system"] == "Route 53"
    assert states[0]["missing"] == ["us-east-1"]
    assert all(state["reason"] and state["next"] for state in states)
    shown = regionscope(folder, "systems").stdout
    assert "nothing of metrics came from us-east-1" in shown
