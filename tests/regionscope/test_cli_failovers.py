"""`failovers` and `failover-report`, over a store in which an experiment ran."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from regionscope.cli import main
from store import segments, tables
from store.commit import commit
from store.objects import open_store
from store.schema import EVENTS, arrow_schema

pa = pytest.importorskip("pyarrow")

EXPERIMENT = "EXPd6ZgT4aWb1cQ7x"


@pytest.fixture
def store(tmp_path: Path) -> str:
    """An experiment that ran from two hours ago for ten minutes."""
    opened = open_store(str(tmp_path / "store"))
    tables.ensure(opened)
    begun = datetime.now(UTC) - timedelta(hours=2)
    rows = [
        {
            "time": time,
            "observed_time": time,
            "region": "eu-west-1",
            "day": time.date(),
            "kind": "drill",
            "subject": EXPERIMENT,
            "state": state,
            "title": f"Experiment {EXPERIMENT} is {state}.",
            "event_id": state,
        }
        for time, state in ((begun, "running"), (begun + timedelta(minutes=10), "completed"))
    ]
    schema = arrow_schema(EVENTS).append(pa.field("region", pa.string())).append(pa.field("day", pa.date32()))
    commit(opened, segments.write(opened, EVENTS, pa.Table.from_pylist(rows, schema), "drill").files)
    return opened.uri


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["regionscope", *arguments])
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def the_id(capsys: pytest.CaptureFixture[str], store: str) -> str:
    (incident,) = json.loads(run(capsys, "failovers", "--store", store, "--json")[1])
    return str(incident["id"])


def test_incidents_are_a_table_for_people(capsys: pytest.CaptureFixture[str], store: str) -> None:
    code, out, _ = run(capsys, "failovers", "--store", store)

    assert code == 0
    assert re.search(r"drill +drill +eu-west-1 +- +suspected, over +- +undetermined", out)


def test_incidents_are_json_for_programs(capsys: pytest.CaptureFixture[str], store: str) -> None:
    (incident,) = json.loads(run(capsys, "failovers", "--store", store, "--json")[1])

    assert (incident["kind"], incident["drill"], incident["open"]) == ("drill", True, False)
    assert incident["evidence"][0]["what"] == f"Experiment {EXPERIMENT} is running."
    assert incident["rto_s"] is None


def test_where_nothing_happened_that_is_said(capsys: pytest.CaptureFixture[str], store: str) -> None:
    assert run(capsys, "failovers", "--store", store, "--since", "5m")[1:] == (
        "",
        "no failover, outage or drill since 5m\n",
    )


@pytest.mark.parametrize(("name", "begins"), [("r.html", "<!doctype html>"), ("r.md", "# Drill: eu-west-1")])
def test_a_report_is_written_to_a_file(
    capsys: pytest.CaptureFixture[str], store: str, tmp_path: Path, name: str, begins: str
) -> None:
    file = tmp_path / name

    code, out, _ = run(capsys, "failover-report", the_id(capsys, store), "--store", store, "--out", str(file))

    assert code == 0
    assert str(file) in out
    assert file.read_text(encoding="utf-8").startswith(begins)


def test_a_report_without_a_file_is_printed(capsys: pytest.CaptureFixture[str], store: str) -> None:
    out = run(capsys, "failover-report", the_id(capsys, store), "--store", store)[1]

    assert out.startswith("# Drill: eu-west-1\n")
    assert EXPERIMENT in out


def test_an_unknown_incident_is_an_error(capsys: pytest.CaptureFixture[str], store: str) -> None:
    code, _, err = run(capsys, "failover-report", "routing-eu-west-1-20260301T120000Z", "--store", store)

    assert code == 1
    assert "no incident" in err


def test_another_kind_of_file_is_an_error(capsys: pytest.CaptureFixture[str], store: str) -> None:
    code, _, err = run(capsys, "failover-report", "x", "--store", store, "--out", "r.pdf")

    assert code == 1
    assert "must end with .html or .md" in err
