"""OTLP/HTTP to the letter: which request gets which answer."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from collector_payloads import quarantined
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from otlp_requests import JSON, LIMIT, PROTOBUF, intake, log, logs, post, span, stored, traces

from collector.otlp import decode
from collector.otlp.gateway import answer
from collector.otlp.intake import Request
from store.objects import Store
from store.zone import KeyUnavailable, Zone

BODY = traces(span(1)).SerializeToString()
TOKEN = b"a-token-of-sufficient-length"


def bearer(token: bytes = TOKEN) -> dict[str, str]:
    return {"authorization": f"Bearer {token.decode()}"}


def code(body: bytes) -> int:
    return Status.FromString(body).code


def test_a_request_is_answered_in_its_own_encoding(memory: Store) -> None:
    response = post(intake(memory), "/v1/traces", BODY, "application/x-protobuf; charset=binary")
    assert (response.status, response.headers["Content-Type"]) == (200, PROTOBUF)
    response = post(intake(memory), "/v1/traces", b"{}", JSON)
    assert (response.status, response.headers["Content-Type"], response.body) == (200, JSON, b"{}")
    assert len(stored(memory, "spans")) == 1


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs", "/v1/metrics"])
@pytest.mark.parametrize("encoding", [PROTOBUF, JSON])
def test_a_request_of_no_bytes_is_fine(memory: Store, path: str, encoding: str) -> None:
    assert post(intake(memory), path, b"", encoding).status == 200
    assert list(memory.list()) == []


def test_gzip_is_unpacked_and_a_bomb_is_not(memory: Store) -> None:
    door = intake(memory)
    packed = gzip.compress(BODY[:20]) + gzip.compress(BODY[20:])  # several members are one stream
    assert post(door, "/v1/traces", packed, content_encoding="gzip").status == 200
    assert len(stored(memory, "spans")) == 1
    bomb = gzip.compress(bytes(LIMIT + 1))
    response = post(door, "/v1/traces", bomb, content_encoding="gzip")
    assert (response.status, code(response.body)) == (413, 8)
    assert post(door, "/v1/traces", bytes(LIMIT + 1)).status == 413
    for damaged in (packed[:-3], b"no gzip", b"\x1f\x8b" + bytes(20)):
        assert post(door, "/v1/traces", damaged, content_encoding="gzip").status == 400
    assert post(door, "/v1/traces", BODY, content_encoding="br").status == 415


@pytest.mark.parametrize(
    ("method", "path", "encoding", "body", "status"),
    [
        ("POST", "/", PROTOBUF, BODY, 404),
        ("POST", "/v1/traces/", PROTOBUF, BODY, 404),
        ("POST", "/v2/traces", PROTOBUF, BODY, 404),
        ("POST", "traces", PROTOBUF, BODY, 404),
        ("GET", "/v1/traces", PROTOBUF, b"", 405),
        ("POST", "/v1/traces", "text/plain", BODY, 415),
        ("POST", "/v1/traces", "", BODY, 415),
        ("POST", "/v1/traces", PROTOBUF, b"\x0a\xff", 400),
        ("POST", "/v1/traces", PROTOBUF, b"secret text", 400),
        ("POST", "/v1/traces", JSON, b'{"resourceSpans": "secret text"}', 400),
        ("POST", "/v1/traces", JSON, b'["secret text"]', 400),
        ("POST", "/v1/traces", JSON, b'{"secret text', 400),
    ],
)
def test_what_is_wrong_with_a_request_is_told_and_none_of_it_shown(
    memory: Store, method: str, path: str, encoding: str, body: bytes, status: int
) -> None:
    response = post(intake(memory), path, body, encoding, method)
    assert response.status == status
    told = (
        Status.FromString(response.body).message
        if encoding == PROTOBUF
        else json.loads(response.body)["message"]
    )
    assert told
    assert "secret" not in told
    assert ("Allow" in response.headers) == (status == 405)
    assert list(memory.list()) == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic " + TOKEN.decode()},
        {"authorization": "Bearer " + TOKEN.decode() + "x"},
        {"authorization": "Bearer \u00e9\udcff"},
    ],
)
def test_without_the_token_nobody_enters(memory: Store, headers: dict[str, str]) -> None:
    response = post(intake(memory, lambda: TOKEN), "/v1/traces", BODY, **headers)
    assert (response.status, code(response.body)) == (401, 16)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert list(memory.list()) == []


def test_with_the_token_the_request_is_stored(memory: Store) -> None:
    assert post(intake(memory, lambda: TOKEN), "/v1/traces", BODY, **bearer()).status == 200
    assert len(stored(memory, "spans")) == 1


def unavailable(*_: Any) -> Any:
    raise KeyUnavailable("key 'env:SECRET_NAME' cannot be read: KeyError")


def test_a_token_or_a_zone_s_key_that_cannot_be_had_is_tried_again_later(memory: Store) -> None:
    closed = Zone("eu", "pseudonym", (), "env:SECRET_NAME")
    doors = [
        intake(memory, unavailable),
        intake(memory, zone_of=lambda region: closed, key_of=unavailable),
    ]
    for door in doors:
        response = post(door, "/v1/traces", BODY)
        assert (response.status, code(response.body)) == (503, 14)
        assert int(response.headers["Retry-After"]) > 0
        assert b"SECRET" not in response.body
    assert list(memory.list()) == []


def test_a_store_out_of_reach_is_tried_again_later_and_then_nothing_is_stored_twice(
    memory: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = intake(memory)
    body = logs(log("a"), log("b", time_unix_nano=1)).SerializeToString()  # rows, and one for quarantine
    put = memory.put_new
    fails = iter([True, False, True, False, False, False, False])

    def failing(path: str, data: bytes) -> bool:
        if next(fails):
            raise OSError("the disk /secret/path is full")
        return put(path, data)

    monkeypatch.setattr(memory, "put_new", failing)
    answers = [post(door, "/v1/logs", body) for _ in range(3)]
    assert [response.status for response in answers] == [503, 503, 200]
    assert b"secret" not in answers[0].body
    assert [row["body"] for row in stored(memory, "logs")] == ["a"]
    assert len(quarantined(memory)) == 1


def test_a_fault_of_our_own_is_quarantined_whole_and_not_shown(
    memory: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("at line 12 of secret.py")

    with monkeypatch.context() as patch:
        patch.setattr(decode, "opened", broken)
        response = post(intake(memory), "/v1/traces", BODY)
    partial = ExportTraceServiceResponse.FromString(response.body).partial_success
    assert (response.status, partial.rejected_spans) == (200, 1)
    assert "secret" not in partial.error_message
    (rejected,) = quarantined(memory)
    assert rejected.payload == BODY
    assert intake(memory).collector.replay(rejected).stored == 1


# Behind AWS


def url_event(body: str, encoded: bool = True, **context: Any) -> dict[str, Any]:
    """Payload 2.0, as a Function URL and an HTTP API send it."""
    return {
        "version": "2.0",
        "rawPath": "/v1/traces",
        "headers": {"content-type": PROTOBUF, "Authorization": f"Bearer {TOKEN.decode()}"},
        "requestContext": {"http": {"method": "POST", "path": "/v1/traces"}, "stage": "$default", **context},
        "body": body,
        "isBase64Encoded": encoded,
    }


def rest_event(body: str, **context: Any) -> dict[str, Any]:
    """Payload 1.0, as a REST API sends it."""
    return {
        "httpMethod": "POST",
        "path": "/v1/traces",
        "headers": {"Content-Type": JSON},
        "requestContext": {"stage": "prod", **context},
        "body": body,
        "isBase64Encoded": False,
    }


IAM = {"authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:user/otel"}}}
ENCODED = base64.b64encode(BODY).decode()


def test_a_function_url_answers_in_base64(memory: Store) -> None:
    found = answer(intake(memory, lambda: TOKEN), url_event(ENCODED))
    assert found == {
        "statusCode": 200,
        "headers": {"Content-Type": PROTOBUF},
        "body": "",
        "isBase64Encoded": True,
    }
    assert len(stored(memory, "spans")) == 1


def test_without_a_token_only_those_whom_iam_knows_enter(memory: Store) -> None:
    assert answer(intake(memory), url_event(ENCODED))["statusCode"] == 401
    assert answer(intake(memory), rest_event("{}", identity={"sourceIp": "192.0.2.1"}))["statusCode"] == 401
    assert list(memory.list()) == []
    assert answer(intake(memory), url_event(ENCODED, **IAM))["statusCode"] == 200
    signed = rest_event("{}", identity={"userArn": "arn:aws:iam::123456789012:role/otel"})
    assert answer(intake(memory), signed)["statusCode"] == 200


def test_the_stage_of_an_api_is_no_part_of_the_path(memory: Store) -> None:
    event = url_event(ENCODED) | {"rawPath": "/prod/v1/traces"}
    event["requestContext"]["stage"] = "prod"
    assert answer(intake(memory, lambda: TOKEN), event)["statusCode"] == 200


@pytest.mark.parametrize(
    "event", [{}, {"headers": None, "requestContext": None}, url_event("%%%"), url_event("\ud800", False)]
)
def test_no_event_is_too_odd(memory: Store, event: dict[str, Any]) -> None:
    assert answer(intake(memory, lambda: TOKEN), event)["statusCode"] in (400, 401)


def test_the_intake_is_a_function(memory: Store) -> None:
    request = Request("POST", "/v1/traces", {"content-type": PROTOBUF}, BODY)
    door = intake(memory)
    assert door(request) == door(request)
    assert len(stored(memory, "spans")) == 1
