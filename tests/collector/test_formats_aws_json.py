from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Row = Callable[..., dict[str, Any]]
NOON = 1_714_564_800_000_000


def gateway(**changed: Any) -> str:
    """The fields AWS recommends, all of them text, as $context variables are."""
    return json.dumps(
        {
            "requestId": "7d5c8dfc",
            "extendedRequestId": "TWegAcC4EowCHnA=",
            "ip": "192.0.2.1",
            "requestTimeEpoch": "1714564800250",
            "httpMethod": "POST",
            "resourcePath": "/orders/{id}",
            "path": "/prod/orders/7",
            "status": "200",
            "protocol": "HTTP/1.1",
            "responseLength": "-",
            "responseLatency": "41",
            "integration.requestId": "9b1c",
            "xrayTraceId": "1-5e61292c-cc1229a4dfbeae1043928548",
            "authorizer.claims.sub": "u-1",
            "userAgent": "curl/8",
            **changed,
        }
    )


def test_an_api_gateway_request_has_user_trace_status_and_duration(row: Row) -> None:
    assert row(gateway()) == {
        "time": NOON + 250_000,
        "severity_number": 9,
        "trace_id": "5e61292ccc1229a4dfbeae1043928548",
        "request_id": "7d5c8dfc",
        "user_id": "u-1",
        "http_status": 200,
        "duration_ms": 41.0,
        "template": "POST /orders/{id} 200",
        "attributes": {
            "aws.extended_request_id": "TWegAcC4EowCHnA=",
            "client.address": "192.0.2.1",
            "http.request.method": "POST",
            "http.route": "/orders/{id}",
            "url.path": "/prod/orders/7",
            "network.protocol.name": "HTTP/1.1",
            "http.response.body.size": None,
            "integration.requestId": "9b1c",
            "user_agent.original": "curl/8",
        },
    }


@pytest.mark.parametrize(
    ("status", "severity"), [("200", 9), ("304", 9), ("429", 13), ("502", 17), (503, 17)]
)
def test_the_severity_of_a_request_follows_its_status(row: Row, status: str | int, severity: int) -> None:
    found = row(gateway(status=status))
    assert found["severity_number"] == severity
    assert "severity_text" not in found


def test_a_variable_api_gateway_left_unset_is_null(row: Row) -> None:
    found = row(
        gateway(**{"authorizer.claims.sub": "-", "xrayTraceId": "-", "status": "-", "responseLatency": "-"})
    )
    for column in ("user_id", "trace_id", "http_status", "duration_ms", "severity_number"):
        assert column not in found
    assert found["attributes"]["authorizer.claims.sub"] is None


def test_an_http_api_names_its_route_in_one_field(row: Row) -> None:
    found = row(
        '{"requestId":"r","routeKey":"GET /o","status":"404","requestTime":"01/May/2024:12:00:00 +0000"}'
    )
    assert (found["template"], found["time"], found["http_status"]) == ("GET /o 404", NOON, 404)


def test_an_execution_log_line_belongs_to_its_request(row: Row) -> None:
    found = row("(7d5c8dfc-5eda-92d8-64ac-5db9d707107e) Method completed with status: 502")
    assert found == {
        "request_id": "7d5c8dfc-5eda-92d8-64ac-5db9d707107e",
        "http_status": 502,
        "severity_number": 17,
        "template": "Method completed with status: 502",
        "attributes": {},
    }
    failed = row(
        "(7d5c8dfc-5eda) Execution failed due to configuration error: Malformed Lambda proxy response"
    )
    assert failed["severity_number"] == 17


def test_a_cloudtrail_event_brings_its_own_region_and_account(row: Row) -> None:
    found = row(
        json.dumps(
            {
                "eventVersion": "1.08",
                "userIdentity": {
                    "type": "AssumedRole",
                    "principalId": "AROA:i-0a",
                    "arn": "arn:aws:sts::1:x",
                },
                "eventTime": "2024-05-01T12:00:00Z",
                "eventSource": "dynamodb.amazonaws.com",
                "eventName": "UpdateItem",
                "awsRegion": "eu-west-1",
                "sourceIPAddress": "192.0.2.1",
                "userAgent": "aws-cli",
                "errorCode": "AccessDenied",
                "errorMessage": "no",
                "requestParameters": {"tableName": "sessions"},
                "responseElements": None,
                "requestID": "REQ1",
                "eventID": "e-1",
                "recipientAccountId": "123456789012",
            }
        )
    )
    attributes = found.pop("attributes")
    assert found == {
        "time": NOON,
        "account_id": "123456789012",
        "region": "eu-west-1",
        "service": "dynamodb.amazonaws.com",
        "severity_number": 17,
        "request_id": "REQ1",
        "error_type": "AccessDenied",
        "template": "dynamodb.amazonaws.com UpdateItem AccessDenied",
    }
    assert attributes["userIdentity.principalId"] == "AROA:i-0a"
    assert attributes["client.address"] == "192.0.2.1"
    assert attributes["requestParameters.tableName"] == "sessions"
    assert attributes["responseElements"] is None


def waf(**changed: Any) -> str:
    return json.dumps(
        {
            "timestamp": 1714564800250,
            "formatVersion": 1,
            "webaclId": "arn:aws:wafv2:eu-west-1:1:regional/webacl/shop/7",
            "terminatingRuleId": "RateLimit",
            "action": "BLOCK",
            "responseCodeSent": 429,
            "httpSourceName": "ALB",
            "httpRequest": {
                "clientIp": "192.0.2.1",
                "country": "DE",
                "headers": [{"name": "Host", "value": "shop"}],
                "uri": "/login",
                "args": "",
                "httpMethod": "POST",
                "requestId": "1-5e61292c-cc1229a4dfbeae1043928548",
            },
            **changed,
        }
    )


def test_a_waf_record_joins_the_request_and_its_trace(row: Row) -> None:
    found = row(waf())
    assert found["time"] == NOON + 250_000
    assert found["request_id"] == "1-5e61292c-cc1229a4dfbeae1043928548"
    assert found["trace_id"] == "5e61292ccc1229a4dfbeae1043928548"
    assert (found["http_status"], found["severity_number"]) == (429, 13)
    assert found["template"] == "BLOCK RateLimit POST /login"
    assert found["attributes"]["httpRequest.headers"] == '[{"name":"Host","value":"shop"}]'


def test_a_waf_record_of_api_gateway_has_a_request_id_that_is_no_trace(row: Row) -> None:
    request = {"clientIp": "192.0.2.1", "requestId": "TWegAcC4EowCHnA="}
    found = row(waf(httpRequest=request, responseCodeSent=None))
    assert found["request_id"] == "TWegAcC4EowCHnA="
    assert "trace_id" not in found
    assert "severity_number" not in found


def test_a_resolver_query_brings_region_and_account(row: Row) -> None:
    found = row(
        '{"version":"1.1","account_id":"123456789012","region":"eu-west-1","vpc_id":"vpc-1",'
        '"query_timestamp":"2024-05-01T12:00:00Z","query_name":"db.shop.","query_type":"A","query_class":"IN",'
        '"rcode":"SERVFAIL","answers":[],"srcaddr":"10.0.0.1","srcport":"53","transport":"UDP"}'
    )
    assert (found["account_id"], found["region"], found["time"]) == ("123456789012", "eu-west-1", NOON)
    assert found["template"] == "A db.shop. SERVFAIL"
    assert found["attributes"]["dns.response_code"] == "SERVFAIL"
