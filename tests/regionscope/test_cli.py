"""The command line, run as its users run it: as a process."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable

from regionscope.commands.ask import RECORD

Run = Callable[..., subprocess.CompletedProcess[str]]

PAGE = {
    "events": [
        {
            "logStreamName": "2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef",
            "timestamp": 1795168800000 + number,
            "message": json.dumps(
                {"level": level, "message": text, "user_id": "u-7", "request_id": f"r-{number}"}
            ),
            "ingestionTime": 1795168801000,
            "eventId": f"{number:056d}",
        }
        for number, (level, text) in enumerate([("INFO", "order placed"), ("ERROR", "card declined")])
    ],
    "searchedLogStreams": [],
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in an empty folder."""
    script = Path(sys.executable).parent / "regionscope"

    def regionscope(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [script, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == code, done.stderr
        return done

    return regionscope


@pytest.fixture
def orders(tmp_path: Path) -> str:
    """Output of `aws logs filter-log-events`, in a file."""
    path = tmp_path / "orders.json"
    path.write_text(json.dumps(PAGE), encoding="utf-8")
    return path.name


SINCE = ("--since", "2026-11-01", "--store", "store")


def test_what_was_ingested_is_found_by_user_request_pattern_and_sql(run: Run, orders: str) -> None:
    counts = json.loads(run("ingest", orders, "--region", "eu-west-1", "--store", "store").stdout)

    records = json.loads(run("find-user", "u-7", "--json", *SINCE).stdout)
    errors = json.loads(run("find-user", "u-7", "--errors", "--json", *SINCE).stdout)
    request = json.loads(run("request", "r-0", "--store", "store", "--json").stdout)
    patterns = json.loads(run("patterns", "--json", *SINCE).stdout)
    rows = json.loads(run("sql", "select count(*) as n from logs", "--store", "store", "--json").stdout)

    assert counts == {"received": 2, "stored": 2, "duplicate": 0, "control": 0, "quarantined": 0}
    assert [record["attributes"]["message"] for record in records] == ["order placed", "card declined"]
    assert [error["severity_text"] for error in errors] == ["ERROR"]
    assert [record["time"] for record in request] == ["2026-11-20T10:00:00Z"]
    assert [(pattern["count"], pattern["users"], pattern["regions"]) for pattern in patterns] == [
        (1, 1, ["eu-west-1"])
    ]
    assert rows == [{"n": 2}]


def test_the_same_file_again_and_under_another_name_adds_nothing(
    run: Run, orders: str, tmp_path: Path
) -> None:
    run("ingest", orders, "--region", "eu-west-1", "--store", "store")
    (tmp_path / "again.json.gz").write_bytes(gzip.compress((tmp_path / orders).read_bytes()))

    again = json.loads(
        run("ingest", orders, "again.json.gz", "--region", "eu-west-1", "--store", "store").stdout
    )

    assert again["stored"] == 0
    assert again["received"] == again["duplicate"] == 4
    assert DeltaTable(tmp_path / "store" / "logs").count() == 2


def test_a_person_reads_one_line_per_record_and_a_summary(run: Run, orders: str) -> None:
    run("ingest", orders, "--region", "eu-west-1", "--store", "store")

    lines = run("find-user", "u-7", *SINCE).stdout.splitlines()

    assert lines[0].split() == list(RECORD)
    assert lines[2].split()[:3] == ["2026-11-20", "10:00:00.001Z", "eu-west-1"]
    assert lines[-1] == "2 records, 1 error; eu-west-1 2"


def test_with_requests_a_timeout_that_names_nobody_is_found_too(run: Run, tmp_path: Path) -> None:
    timeout = "2026-11-20T10:00:00.002Z r-1 Task timed out after 3.00 seconds"
    nameless = {
        **PAGE["events"][0],
        "eventId": "9",
        "message": f'{{"request_id":"r-1","message":"{timeout}"}}',
    }  # type: ignore[index]
    (tmp_path / "page.json").write_text(
        json.dumps({**PAGE, "events": [*PAGE["events"], nameless]}), encoding="utf-8"
    )
    run("ingest", "page.json", "--region", "eu-west-1", "--store", "store")

    assert len(json.loads(run("find-user", "u-7", "--json", *SINCE).stdout)) == 2
    assert len(json.loads(run("find-user", "u-7", "--requests", "--json", *SINCE).stdout)) == 3


def test_unreadable_records_are_counted_kept_and_replayed(run: Run, tmp_path: Path) -> None:
    bad = {**PAGE, "events": [{**PAGE["events"][0], "timestamp": -1}, PAGE["events"][1]]}  # type: ignore[index]
    (tmp_path / "bad.json").write_text(json.dumps(bad), encoding="utf-8")

    counts = json.loads(run("ingest", "bad.json", "--region", "eu-west-1", "--store", "store").stdout)
    replayed = json.loads(run("store", "replay", "--store", "store").stdout)
    report = json.loads(run("store", "verify", "--store", "store", "--json").stdout)

    assert (counts["received"], counts["stored"], counts["quarantined"]) == (2, 1, 1)
    assert (replayed["received"], replayed["quarantined"]) == (1, 1)
    assert report["quarantined"] == 1
    assert report["problems"] == []


def test_the_store_is_looked_after(run: Run, orders: str, tmp_path: Path) -> None:
    (tmp_path / "regionscope.toml").write_text(
        'store = "store"\n[regions.eu-west-1]\nzone = "eu"\n[zones.eu]\nretention_days = { logs = 1 }\n',
        encoding="utf-8",
    )
    run("ingest", orders, "--region", "eu-west-1")

    assert json.loads(run("store", "commit", "--json").stdout)["committed"] == 0
    assert json.loads(run("store", "compact", "--json").stdout)["failed"] == []
    assert json.loads(run("store", "verify", "--json").stdout)["rows"] == 2
    assert json.loads(run("store", "expire", "--dry-run", "--json").stdout)["dry_run"] is True


def test_config_check_says_what_each_zone_does(run: Run, tmp_path: Path) -> None:
    (tmp_path / "eu.key").write_text("0123456789abcdef", encoding="ascii")
    (tmp_path / "regionscope.toml").write_text(
        'store = "store"\n[regions.eu-west-1]\nzone = "eu"\n'
        '[zones.eu]\nidentities = "pseudonym"\nredact = ["ip"]\nkey = "file:eu.key"\n'
        "[metrics]\nenabled = false\n",
        encoding="utf-8",
    )

    assert run("config", "check").stdout.splitlines() == [
        "store: store",
        "eu-west-1: eu: identities as pseudonyms; ip redacted",
        "ok",
    ]


def test_config_check_fails_for_a_key_that_cannot_be_had(run: Run, tmp_path: Path) -> None:
    (tmp_path / "regionscope.toml").write_text(
        'store = "store"\n[zones.eu]\nredact = ["ip"]\nkey = "env:NOT_SET"\n', encoding="utf-8"
    )

    report = json.loads(run("config", "check", "--json", code=1).stdout)

    assert report["ok"] is False
    assert report["problems"] == ["zones.eu.key: key 'env:NOT_SET' cannot be read: KeyError"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["find-user", "u-7"], 1, "error: no store is named"),
        (["find-user", "u-7", "--store", "s", "--since", "yesterday"], 1, "error: 'yesterday' is no moment"),
        (["find-user", "u-7", "--config", "none.toml"], 1, "error: none.toml: no such file"),
        (["sql", "selec", "--store", "s"], 1, "error: "),
        (["sql", "drop view logs", "--store", "s"], 1, "error: a query must be a SELECT"),
        (["ingest", "none.log", "--region", "eu-west-1", "--store", "s"], 2, "does not exist"),
        (["find-user", "u-7", "--store", "gopher://s"], 1, "error: --store: store is 'gopher://s': must be"),
    ],
)
def test_an_error_is_a_sentence_on_stderr_and_a_failing_exit_code(
    run: Run, arguments: list[str], code: int, sentence: str
) -> None:
    done = run(*arguments, code=code)

    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_user_nobody_knows_is_an_answer_not_an_error(run: Run, orders: str) -> None:
    run("ingest", orders, "--region", "eu-west-1", "--store", "store")

    done = run("find-user", "nobody", *SINCE)

    assert done.stdout == ""
    assert done.stderr == "no record of this user since 2026-11-01\n"
    assert run("find-user", "nobody", "--json", *SINCE).stdout == "[]\n"


def test_the_demo_ends_with_the_errors_of_one_user_in_several_regions(run: Run) -> None:
    answer = json.loads(run("demo", "--once", "--minutes", "3", "--json").stdout)

    assert sorted(answer["accounting"]) == ["ap-southeast-1", "eu-west-1", "us-east-1"]
    for counts in answer["accounting"].values():
        handled = counts["stored"] + counts["duplicate"] + counts["control"] + counts["quarantined"]
        assert counts["received"] == handled
    assert answer["errors"]
    assert (
        json.loads(run("store", "verify", "--config", "regionscope-demo/regionscope.toml", "--json").stdout)[
            "problems"
        ]
        == []
    )


def test_the_demo_refuses_a_folder_that_holds_something_else(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()

    done = run("demo", "--dir", "mine", code=1)

    assert "mine is not empty and holds no demo" in done.stderr
    assert (tmp_path / "mine" / "thesis.txt").exists()
