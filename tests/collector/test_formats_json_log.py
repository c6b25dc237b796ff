from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from parsed_rows import rows

from collector.columns import Source
from collector.fields import FieldMap

Row = Callable[..., dict[str, Any]]
NOON = 1_714_564_800_000_000  # 2024-05-01T12:00:00Z, epoch µs
TRACE = "4efaaf4d1e8720b39541901950019ee5"


def test_powertools_for_lambda_fills_the_columns_and_the_rest_are_attributes(row: Row) -> None:
    found = row(
        json.dumps(
            {
                "level": "ERROR",
                "location": "handler:42",
                "message": "payment declined",
                "timestamp": "2024-05-01 12:00:00,250+0000",
                "service": "payments",
                "cold_start": False,
                "function_name": "payments-api",
                "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:payments-api",
                "function_request_id": "5f3a",
                "xray_trace_id": "1-4efaaf4d-1e8720b39541901950019ee5",
                "user_id": "u-516",
                "session_id": "s-1",
                "order_id": 220153,
                "duration_ms": 9.5,
                "exception_name": "CardDeclined",
                "exception": "Traceback (most recent call last):\n  …\nshop.CardDeclined: 51",
            }
        )
    )
    assert found == {
        "time": NOON + 250_000,
        "service": "payments",
        "severity_number": 17,
        "severity_text": "ERROR",
        "trace_id": TRACE,
        "request_id": "5f3a",
        "user_id": "u-516",
        "session_id": "s-1",
        "duration_ms": 9.5,
        "error_type": "CardDeclined",
        "template": "payment declined",
        "attributes": {
            "location": "handler:42",
            "message": "payment declined",
            "faas.coldstart": "false",
            "faas.name": "payments-api",
            "aws.lambda.invoked_arn": "arn:aws:lambda:eu-west-1:123456789012:function:payments-api",
            "order_id": "220153",
            "exception.stacktrace": "Traceback (most recent call last):\n  …\nshop.CardDeclined: 51",
        },
    }


LOGGERS = {
    "structlog": {
        "event": "hi",
        "level": "warning",
        "timestamp": "2024-05-01T12:00:00Z",
        "trace_id": TRACE,
        "user_id": "u",
        "service": "shop",
    },
    "pino": {
        "level": 40,
        "time": 1714564800000,
        "pid": 7,
        "hostname": "h",
        "name": "shop",
        "msg": "hi",
        "traceId": TRACE,
        "userId": "u",
    },
    "bunyan": {
        "name": "shop",
        "hostname": "h",
        "pid": 7,
        "level": 40,
        "msg": "hi",
        "time": "2024-05-01T12:00:00.000Z",
        "v": 0,
        "trace_id": TRACE.upper(),
        "user": {"id": "u"},
    },
    "zap": {
        "level": "warn",
        "ts": 1714564800.0,
        "caller": "a/b.go:1",
        "msg": "hi",
        "service": "shop",
        "trace_id": TRACE,
        "user.id": "u",
    },
    "log4j2": {
        "instant": {"epochSecond": 1714564800, "nanoOfSecond": 0},
        "level": "WARN",
        "loggerName": "a.B",
        "message": "hi",
        "contextMap": {"traceId": TRACE, "userId": "u", "service": "shop"},
    },
    "ecs": {
        "@timestamp": "2024-05-01T12:00:00.000Z",
        "log": {"level": "warn"},
        "message": "hi",
        "service": {"name": "shop"},
        "trace": {"id": TRACE},
        "user": {"id": "u"},
    },
    "opentelemetry": {
        "timeUnixNano": "1714564800000000000",
        "severityNumber": 13,
        "severityText": "WARN",
        "body": "hi",
        "traceId": TRACE,
        "spanId": "53995c3f42cd8ad8",
        "resource": {"attributes": {"service.name": "shop"}},
        "attributes": {"user.id": "u"},
    },
    "lambda": {
        "timestamp": "2024-05-01T12:00:00Z",
        "log_level": "WARN",
        "message": {
            "msg": "hi",
            "service": "shop",
            "user_id": "u",
            "traceparent": f"00-{TRACE}-53995c3f42cd8ad8-01",
        },
        "requestId": "r",
    },
    "doubly encoded": {
        "timestamp": "2024-05-01T12:00:00Z",
        "level": "WARN",
        "message": json.dumps(
            {"message": json.dumps({"msg": "hi", "trace_id": TRACE}), "user_id": "u", "service": "shop"}
        ),
    },
    "fluent bit": {
        "log": json.dumps(
            {"level": "warn", "time": NOON // 1000, "msg": "hi", "traceId": TRACE, "userId": "u"}
        )
        + "\n",
        "service": "shop",
    },
}


@pytest.mark.parametrize("logger", LOGGERS)
def test_every_logger_s_fields_reach_the_same_columns(row: Row, logger: str) -> None:
    found = row(json.dumps(LOGGERS[logger]))
    assert found["time"] == NOON
    assert found["severity_number"] == 13
    assert found["service"] == "shop"
    assert found["trace_id"] == TRACE
    assert found["user_id"] == "u"
    assert found["template"] == found["attributes"]["message"] == "hi"


def test_gelf_levels_are_those_of_syslog(row: Row) -> None:
    found = row('{"version":"1.1","host":"h","short_message":"disk full","level":3,"timestamp":1714564800.5}')
    assert (found["severity_number"], found["time"], found["template"]) == (17, NOON + 500_000, "disk full")
    assert found["attributes"]["host.name"] == "h"


def test_status_is_a_severity_or_an_http_status_by_its_value(row: Row) -> None:
    assert row('{"status":"debug"}')["severity_number"] == 5
    assert row('{"status":200}')["http_status"] == 200
    assert row('{"status":"503"}')["http_status"] == 503
    assert row('{"status":"ok"}')["attributes"] == {"status": "ok"}
    both = row('{"level":"info","status":500}')
    assert (both["severity_number"], both["http_status"]) == (9, 500)


def test_a_level_nobody_knows_stays_an_attribute(row: Row) -> None:
    found = row('{"level":"gold","message":"m"}')
    assert "severity_number" not in found
    assert "severity_text" not in found
    assert found["attributes"]["level"] == "gold"


def test_datadog_s_decimal_ids_stay_attributes_and_the_next_id_is_taken(row: Row) -> None:
    found = row(json.dumps({"dd": {"trace_id": "6899143064054564168"}, "trace_id": "12", "traceId": TRACE}))
    assert found["trace_id"] == TRACE
    assert found["attributes"] == {"dd.trace_id": "6899143064054564168", "trace_id": "12"}


def test_null_is_an_attribute_with_the_value_none_and_the_next_name_is_asked(row: Row) -> None:
    found = row('{"user_id":null,"userName":"bob","note":null}')
    assert found["user_id"] == "bob"
    assert found["attributes"] == {"user_id": None, "note": None}


def test_of_duplicate_keys_the_last_wins(row: Row) -> None:
    assert row('{"a":1,"b":2,"a":3}')["attributes"] == {"a": "3", "b": "2"}


def test_values_become_text_as_json_writes_them(row: Row) -> None:
    found = row('{"i":1,"f":0.5,"t":true,"l":[1,{"a":"b"}],"e":{},"s":"\\"x\\"","n":{"m":{"o":"p"}}}')
    assert found["attributes"] == {
        "i": "1",
        "f": "0.5",
        "t": "true",
        "l": '[1,{"a":"b"}]',
        "e": "{}",
        "s": '"x"',
        "n.m.o": "p",
    }


def test_two_fields_that_would_get_the_same_name_are_both_kept(row: Row) -> None:
    found = row(
        '{"sourceIp":"10.0.0.1","clientIp":"10.0.0.2","client.address":"10.0.0.3","msg":"a","message":null}'
    )
    assert found["template"] == "a"
    assert found["attributes"] == {
        "sourceIp": "10.0.0.1",
        "clientIp": "10.0.0.2",
        "client.address": "10.0.0.3",
        "msg": "a",
        "message": None,
    }


def test_an_inner_record_does_not_override_the_outer_one(row: Row) -> None:
    found = row('{"level":"ERROR","message":{"level":"INFO","message":"in"},"requestId":"r"}')
    assert (found["severity_text"], found["template"]) == ("ERROR", "in")
    assert found["attributes"] == {"message": "in", "message.level": "INFO"}


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ({"errorType": "TypeError", "errorMessage": "x"}, "TypeError"),
        ({"error": {"type": "shop.Boom", "message": "x"}}, "shop.Boom"),
        ({"err": {"type": "RangeError", "stack": "RangeError: x\n    at y"}}, "RangeError"),
        ({"thrown": {"name": "java.io.IOException", "message": "x"}}, "java.io.IOException"),
        ({"exception": "Traceback (most recent call last):\n  File\nKeyError: 'x'"}, "KeyError"),
        ({"exception": [{"exc_type": "ValueError", "exc_value": "x"}]}, "ValueError"),
        ({"stack": "TypeError: x is not a function\n    at handler (/var/task/index.js:1:1)"}, "TypeError"),
        (
            {"stack_trace": "java.lang.IllegalStateException: no\n\tat a.B.c(B.java:1)"},
            "java.lang.IllegalStateException",
        ),
    ],
)
def test_the_class_of_an_error_is_its_type_and_makes_the_record_an_error(
    row: Row, record: dict[str, Any], error: str
) -> None:
    found = row(json.dumps(record))
    assert (found["error_type"], found["severity_number"]) == (error, 17)


def test_a_warning_with_an_error_stays_a_warning(row: Row) -> None:
    assert row('{"level":"warn","errorType":"Throttled"}')["severity_number"] == 13


def test_a_duration_counts_only_if_its_unit_is_known(row: Row) -> None:
    assert row('{"duration_ms":"12.5"}')["duration_ms"] == 12.5
    assert row('{"duration":"1.5s"}')["duration_ms"] == 1500
    assert row('{"latency":"250µs"}')["duration_ms"] == 0.25
    assert row('{"duration":1.5}')["attributes"] == {"duration": "1.5"}
    assert row('{"duration_ms":-1}')["attributes"] == {"duration_ms": "-1"}


@pytest.mark.parametrize(
    "time", ["1889-01-01T00:00:00Z", "9999-12-31T23:59:59Z", 0, -5, 10**30, "soon", None, True]
)
def test_a_time_nobody_believes_stays_an_attribute(row: Row, time: object) -> None:
    found = row(json.dumps({"timestamp": time, "message": "m"}))
    assert "time" not in found
    assert "timestamp" in found["attributes"]


@pytest.mark.parametrize(
    ("time", "micros"),
    [
        ("2024-05-01T12:00:00Z", NOON),
        ("2024-05-01T14:00:00.5+02:00", NOON + 500_000),
        ("2024-05-01 12:00:00", NOON),
        ("2024-05-01T12:00:00.123456789Z", NOON + 123_456),
        (1714564800, NOON),
        (1714564800.25, NOON + 250_000),
        (1714564800000, NOON),
        (1714564800000000, NOON),
        ("1714564800000000000", NOON),
    ],
)
def test_times_are_read_in_every_common_form(row: Row, time: object, micros: int) -> None:
    assert row(json.dumps({"timestamp": time}))["time"] == micros


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1',
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":"\\ud800"}',
        '{"a":1e999}',
        "{}",
        "{'a': 1}",
        "[1,2]",
        '"text"',
        "5",
        "null",
        '{"a":' * 500 + "1" + "}" * 500,
        '{"a":' * 100_000,
        '{"a":' + "[" * 400 + "]" * 400 + "}",
    ],
)
def test_what_is_no_readable_json_object_is_plain_text(row: Row, text: str) -> None:
    assert row(text) == {"template": text, "attributes": {}}


def test_json_nested_32_levels_deep_is_still_read(row: Row) -> None:
    found = row('{"a":' * 32 + "1" + "}" * 32)
    assert found["attributes"] == {".".join("a" * 32): "1"}


def test_names_of_the_configuration_stand_before_the_defaults(row: Row) -> None:
    fields = FieldMap().extended(user=("customer.no", "contextMap.kunde"), message=("text",))
    found = row('{"customer":{"no":17},"user_id":"u","text":"t","message":"m"}', fields=fields)
    assert (found["user_id"], found["template"]) == ("17", "t")
    assert found["attributes"] == {"user_id": "u", "text": "t", "message": "m"}
    assert row('{"contextMap":{"kunde":"k"}}', fields=fields)["user_id"] == "k"


def test_a_record_without_a_message_is_known_by_its_keys(row: Row) -> None:
    assert row('{"size":1,"cache":{"hits":5}}')["template"] == "size cache.hits"


LAMBDA = Source("/aws/lambda/orders-api", "2024/05/01/[$LATEST]0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize(
    ("source", "service"),
    [
        (LAMBDA, "orders-api"),
        (Source("/aws/lambda/us-east-1.edge", "s"), "edge"),
        (Source("shared", "2024/05/01/orders-api[$LATEST]0123456789abcdef0123456789abcdef"), "orders-api"),
        (Source("API-Gateway-Execution-Logs_a1b2c3/prod", "s"), "a1b2c3/prod"),
        (Source("/ecs/checkout", "s"), "checkout"),
        (Source("/aws/rds/cluster/orders/postgresql", "s"), "orders"),
    ],
)
def test_the_service_follows_from_the_log_group_or_stream_unless_the_record_names_one(
    row: Row, source: Source, service: str
) -> None:
    assert row('{"message":"m","service":"service_undefined"}', source)["service"] == service
    assert row('{"message":"m","service":"named"}', source)["service"] == "named"


def test_a_logger_s_name_is_no_service(row: Row) -> None:
    found = row('{"name":"root","levelname":"INFO","message":"m"}', LAMBDA)
    assert found["service"] == "orders-api"
    assert found["attributes"]["name"] == "root"


def test_records_that_differ_only_within_an_object_keep_their_own_fields() -> None:
    texts = ['{"a":{"b":1}}', '{"a":{"c":[2,"x"]}}', '{"a":{}}', '{"a":3}', '{"a":null}', '{"a":{"b":4}}']
    assert [found["attributes"] for found in rows(texts, Source(), FieldMap())] == [
        {"a.b": "1"},
        {"a.c": '[2,"x"]'},
        {"a": "{}"},
        {"a": "3"},
        {"a": None},
        {"a.b": "4"},
    ]


def test_a_dotted_key_and_an_object_may_spell_the_same_field_of_which_the_last_wins(row: Row) -> None:
    assert row('{"a.b":1,"a":{"b":2},"c":3}')["attributes"] == {"a.b": "2", "c": "3"}


@pytest.mark.parametrize("odd", [None, "soon", 1.5, True, 1, 10**30, "2024-05-01"])
def test_times_read_at_once_are_those_read_one_by_one(row: Row, odd: object) -> None:
    for usual in (NOON // 1000, "2024-05-01T12:00:00Z", "2024-05-01T14:00:00.000000+02:00"):
        texts = [json.dumps({"timestamp": value, "level": "INFO"}) for value in (usual, odd, usual)]
        alone = [row(text) for text in texts]
        assert rows(texts, Source(), FieldMap()) == alone
        assert alone[0]["time"] == alone[2]["time"] == NOON
