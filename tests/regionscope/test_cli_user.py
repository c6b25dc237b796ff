"""Timeline, trace and offsets on the command line: readable by people, and rows for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from regionscope.cli import app
from store import segments, tables
from store.commit import commit
from store.layout import content_id
from store.objects import open_store
from store.schema import LOGS, SPANS, Table, arrow_schema

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)
WINDOW = ("--since", "2026-03-01T11:00:00Z", "--until", "2026-03-01T13:00:00Z")
TRACE = "0af7651916cd43dd8448eb211c80319c"


def put(uri: Path, table: Table, *rows: dict[str, Any]) -> None:
    schema = arrow_schema(table).append(pa.field("region", pa.string())).append(pa.field("day", pa.date32()))
    known = [{"observed_time": NOON, "day": NOON.date(), "attributes": []} | row for row in rows]
    store = open_store(str(uri))
    written = segments.write(
        store, table, pa.Table.from_pylist(known, schema), content_id([table.name.encode()])
    )
    assert commit(store, written.files).rows == len(rows)


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A user served in EU, with a call to US that fails and a parent that is missing, then in US."""
    uri = tmp_path / "store"
    tables.ensure(open_store(str(uri)))
    spans: dict[str, Any] = {"trace_id": TRACE, "user_id": "u-1", "status_code": "UNSET"}
    put(
        uri,
        SPANS,
        spans
        | {"time": NOON, "region": "eu-west-1", "service": "orders", "name": "POST /orders", "kind": "CLIENT"}
        | {"span_id": "a" * 16, "parent_span_id": "f" * 16, "duration_ms": 100.0},
        spans
        | {
            "time": NOON + 450 * MS,
            "region": "us-east-1",
            "service": "writer",
            "name": "writer",
            "kind": "SERVER",
        }
        | {"span_id": "b" * 16, "parent_span_id": "a" * 16, "duration_ms": 10.0, "http_status": 503},
    )
    logs = {"user_id": "u-1", "account_id": "1", "log_group": "g", "log_stream": "s", "service": "orders"}
    put(
        uri,
        LOGS,
        {
            **logs,
            "time": NOON + 50 * MS,
            "region": "eu-west-1",
            "event_id": "1",
            "trace_id": TRACE,
            "body": "placing",
        },
        {
            **logs,
            "time": NOON + 60_000 * MS,
            "region": "us-east-1",
            "event_id": "2",
            "body": "reading\x1b[2J",
        },
    )
    return str(uri)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_a_timeline_shows_order_bounds_moves_and_errors(store: str) -> None:
    lines = run("timeline", "u-1", *WINDOW, "--store", store).splitlines()

    assert [line.split()[0] for line in lines] == ["#", "1", "2", "3", "↷", "4", "4"]
    assert "eu-west-1 → us-east-1" in lines[4]
    assert "not known how far behind" in lines[4]
    assert "‖" in lines[2] + lines[3]
    assert "\x1b" not in "".join(lines)
    assert lines[-1] == "4 records, 1 error, 1 move; eu-west-1, us-east-1"


def test_a_timeline_of_errors_shows_them_with_the_moves(store: str) -> None:
    rows = json.loads(run("timeline", "u-1", *WINDOW, "--errors", "--store", store, "--json"))

    assert [(row["position"], row["kind"], row["is_error"], row["hop"]) for row in rows] == [
        (2, "span", True, None),
        (4, "log", False, "eu-west-1 → us-east-1"),
    ]
    assert rows[0]["time"] == "2026-03-01T12:00:00.450000Z"
    assert rows[0]["corrected_time"] != rows[0]["time"] or rows[0]["bound_ms"] == 0


def test_nobody_has_no_timeline(store: str) -> None:
    assert "no record of this user" in run("timeline", "nobody", *WINDOW, "--store", store)


def test_a_trace_is_drawn_as_a_waterfall_with_what_is_missing(store: str) -> None:
    heading, *lines = run("trace", TRACE, "--store", store).splitlines()

    assert heading == f"trace {TRACE} 100ms eu-west-1, us-east-1"
    assert "missing span; 1 of its children ran from 0.0 to 100.0 ms" in lines[0]
    assert "orders POST /orders" in lines[1]
    assert "█" * 40 in lines[1]
    assert "↷ eu-west-1 → us-east-1" in lines[2]
    assert "±" in lines[2]
    assert "503" in lines[2]
    assert "· placing" in lines[3]
    assert "◆" in lines[3]


def test_a_trace_without_its_logs(store: str) -> None:
    rows = json.loads(run("trace", TRACE, "--no-logs", "--store", store, "--json"))

    assert [(row["kind"], row["depth"]) for row in rows] == [("missing", 0), ("span", 1), ("span", 2)]


def test_an_id_nobody_knows_has_no_trace(store: str) -> None:
    assert "no span and no record" in run("trace", "unknown", "--store", store)


def test_offsets_show_how_far_each_clock_is_ahead(store: str) -> None:
    heading, one, other = run("offsets", *WINDOW, "--store", store).splitlines()

    assert heading.split() == ["region", "host", "from", "to", "ahead", "±", "drift", "state", "reference"]
    assert "synchronised" in one
    assert "+405.0ms" in one + other or "-405.0ms" in one + other
