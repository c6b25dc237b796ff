from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from emulators import clients

from collector.otlp.server import running
from infra import functions, local
from infra.hub import prepare
from queries import connect
from regionscope.config import parse
from store.commit import sweep


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A function's folder, with its configuration in it, as Lambda unpacks it."""
    (tmp_path / "regionscope.toml").write_text('store = "store"\n[regions.eu-west-1]\n', encoding="utf-8")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    made = (
        functions._config,
        functions._store,
        functions._collector,
        functions._clients,
        functions._intake,
        functions._forwarder,
    )
    for cached in made:
        cached.cache_clear()
    yield tmp_path
    for cached in made:
        cached.cache_clear()


def subscription(message: str) -> dict[str, object]:
    document = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/aws/lambda/orders",
        "logStream": "2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef",
        "logEvents": [{"id": "3" * 56, "timestamp": 1795168800000, "message": message}],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(document).encode())).decode()}}


def notification(key: str) -> dict[str, object]:
    body = {"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": key.replace("=", "%3D")}}}]}
    return {"messageId": key, "eventSource": "aws:sqs", "body": json.dumps(body)}


def test_a_collected_event_is_found_once_its_segment_is_committed(task: Path) -> None:
    functions.commit_segments({"source": "aws.scheduler"}, None)
    answer = functions.collect(subscription('{"level":"ERROR","message":"boom","user_id":"u-1"}'), None)
    store = task / "store"
    keys = [
        path.relative_to(store).as_posix()
        for path in store.rglob("*.parquet")
        if "_delta_log" not in str(path)
    ]

    result = functions.commit_segments({"Records": [notification(key) for key in keys]}, None)

    assert answer == {"received": 1, "stored": 1, "duplicate": 0, "control": 0, "quarantined": 0}
    assert result == {"batchItemFailures": [], "committed": 1}
    with connect(str(store)) as session:
        assert len(session.find_user("u-1").fetchall()) == 1


def test_every_invocation_accounts_for_itself_in_one_json_line(
    task: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    functions.collect(subscription("a line of u-1"), None)

    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["trigger"], told["region"], told["received"], told["stored"]) == (
        "cloudwatch",
        "eu-west-1",
        1,
        1,
    )
    assert "u-1" not in line


def test_a_segment_that_is_not_there_is_asked_for_again_and_other_objects_are_passed_over(task: Path) -> None:
    missing = f"logs/region=eu-west-1/day=2026-11-20/{'0' * 32}.parquet"

    result = functions.commit_segments(
        {"Records": [notification(missing), notification("removed/2026-11-20/x.json")]}, None
    )

    assert result == {"batchItemFailures": [{"itemIdentifier": missing}], "committed": 0}


def test_the_schedule_sweeps_what_no_notification_told_of(task: Path) -> None:
    functions.collect(subscription("hello"), None)

    assert functions.commit_segments({"source": "aws.scheduler"}, None) == {"committed": 1}


def test_what_is_fetched_on_a_schedule_is_accounted_for_by_kind(
    task: Path, moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        functions.pulls, "clients", lambda: lambda service, region: clients(moto, region)(service)
    )

    answer = functions.fetch({"time": "2026-11-20T09:00:00Z", "fetch": ["traces"]}, None)

    none = {"received": 0, "stored": 0, "duplicate": 0, "control": 0, "quarantined": 0}
    assert answer == {"accounts": {"traces": none}, "problems": []}


def test_otlp_behind_iam_is_stored(task: Path) -> None:
    functions.commit_segments({"source": "aws.scheduler"}, None)
    record = {"timeUnixNano": "1795168800000000000", "body": {"stringValue": "boom"}}
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    event = {
        "rawPath": "/v1/logs",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": "POST"},
            "authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:user/sdk"}},
        },
        "body": json.dumps(body),
    }

    anonymous = functions.receive_otlp({**event, "requestContext": {"http": {"method": "POST"}}}, None)
    answer = functions.receive_otlp(event, None)
    functions.commit_segments({"source": "aws.scheduler"}, None)

    assert (anonymous["statusCode"], answer["statusCode"]) == (401, 200)
    with connect(str(task / "store")) as session:
        assert session.sql("select body, region from logs").fetchall() == [("boom", "eu-west-1")]


def test_what_is_collected_is_forwarded_before_the_answer(task: Path, tmp_path: Path) -> None:
    other = parse({"store": str(tmp_path / "other")})
    store = prepare(other)
    backend = local.intake(other, local.collector(other, store, "eu-west-1"))
    with running(backend, "127.0.0.1", 0) as (host, port):
        with (task / "regionscope.toml").open("a", encoding="utf-8") as file:
            file.write(f'[forward]\nendpoint = "http://{host}:{port}"\n')

        functions.collect(subscription("boom"), None)

        sweep(store)
    with connect(str(tmp_path / "other")) as session:
        assert session.sql("select body from logs").fetchall() == [("boom",)]
