"""The command explain, run as its users run it: as a process over a store that holds one failed request."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

AT = 1795168800000
TRACE = """Traceback (most recent call last):
  File "/var/task/orders/pricing.py", line 57, in total
    x
KeyError: 1"""
FAILED = {
    "level": "ERROR",
    "message": "request failed",
    "user_id": "u-7",
    "request_id": "r-1",
    "service": "orders",
}
RAISED = {"exception": TRACE, "exception_name": "KeyError"}
PAGE = {
    "events": [
        {
            "logStreamName": "2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef",
            "timestamp": AT,
            "message": json.dumps(FAILED | RAISED),
            "ingestionTime": AT + 1000,
            "eventId": "1" * 56,
        }
    ],
    "searchedLogStreams": [],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a command in a folder whose store has the request."""
    folder = tmp_path_factory.mktemp("explain")
    (folder / "orders.json").write_text(json.dumps(PAGE), encoding="utf-8")
    script = Path(sys.executable).parent / "regionscope"

    def regionscope(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [script, *arguments, "--store", "store"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    regionscope("ingest", "orders.json", "--region", "eu-west-1")
    return regionscope


def test_an_error_is_explained_by_the_id_of_its_request(run: Run) -> None:
    said = run("explain", "r-1").stdout

    assert "eu-west-1" in said
    assert "KeyError" in said
    assert "60%  code: No platform cause found: look at the code, orders/pricing.py line 57, in total" in said
    assert "1" * 56 in said
    assert said.endswith("1 error: code 1\n")


def test_the_errors_of_a_user_are_explained_as_json(run: Run) -> None:
    (row,) = json.loads(run("explain", "--user", "u-7", "--since", "2026-11-01", "--json").stdout)

    assert row["reason"] == "code"
    assert row["confidence"] == 0.6
    assert row["reasons"][0]["evidence"] == [
        {
            "table": "logs",
            "time": "2026-11-20T10:00:00Z",
            "region": "eu-west-1",
            "id": "1" * 56,
            "says": "raised at orders/pricing.py line 57, in total",
        }
    ]


def test_where_there_is_no_error_it_says_so(run: Run) -> None:
    assert run("explain", "r-9").stderr == "no error of this request or trace\n"
    assert run("explain", "--user", "u-9").stderr == "no error since 24h\n"


def test_an_id_and_a_user_at_once_are_an_error(run: Run) -> None:
    assert "an ID and --user at once" in run("explain", "r-1", "--user", "u-7", code=1).stderr
