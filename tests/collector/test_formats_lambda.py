from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Row = Callable[..., dict[str, Any]]
NOON = 1_714_564_800_000_000
ID = "7d5c8dfc-5eda-92d8-64ac-5db9d707107e"
Z = "2024-05-01T12:00:00.250Z"


def test_start_and_end_carry_the_request_id(row: Row) -> None:
    start, end = row(f"START RequestId: {ID} Version: $LATEST\n"), row(f"END RequestId: {ID}\n")
    assert start == {
        "request_id": ID,
        "template": "START",
        "attributes": {"aws.lambda.event": "START", "faas.version": "$LATEST"},
    }
    assert end["request_id"] == ID


def test_a_report_says_how_long_and_joins_the_trace(row: Row) -> None:
    report = (
        f"REPORT RequestId: {ID}\tDuration: 1711.87 ms\tBilled Duration: 1712 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 98 MB\tInit Duration: 120.5 ms\t\n"
        "XRAY TraceId: 1-5e61292c-cc1229a4dfbeae1043928548\tSegmentId: 07a85e713f6302b2\tSampled: true\t\n"
    )
    expected = {
        "request_id": ID,
        "trace_id": "5e61292ccc1229a4dfbeae1043928548",
        "span_id": "07a85e713f6302b2",
        "duration_ms": 1711.87,
        "template": "REPORT",
        "attributes": {
            "aws.lambda.event": "REPORT",
            "aws.lambda.billed_duration_ms": "1712",
            "aws.lambda.memory_size_mb": "128",
            "aws.lambda.max_memory_used_mb": "98",
            "aws.lambda.init_duration_ms": "120.5",
            "aws.xray.sampled": "true",
        },
    }
    assert row(report) == expected
    assert row(report.replace("\t", " ")) == expected  # some transports lose the tabs


def test_a_report_of_a_timeout_is_an_error(row: Row) -> None:
    found = row(f"REPORT RequestId: {ID}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tStatus: timeout\n")
    assert (found["severity_number"], found["error_type"]) == (17, "Sandbox.Timedout")
    found = row(f"REPORT RequestId: {ID}\tDuration: 8.1 ms\tStatus: error\tError Type: Runtime.ExitError\n")
    assert (found["severity_number"], found["error_type"]) == (17, "Runtime.ExitError")
    assert found["template"] == "REPORT error Runtime.ExitError"


def test_init_start_tells_the_runtime(row: Row) -> None:
    arn = "arn:aws:lambda:eu-west-1::runtime:x"
    found = row(f"INIT_START Runtime Version: python:3.12.v36\tRuntime Version ARN: {arn}\n")
    assert found["attributes"]["aws.lambda.runtime_version"] == "python:3.12.v36"
    assert found["attributes"]["aws.lambda.runtime_version_arn"] == arn


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (f"{Z} {ID} Task timed out after 3.00 seconds\n\n", "Sandbox.Timedout"),
        (
            f"RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n",
            "Runtime.ExitError",
        ),
        (
            f"RequestId: {ID} Error: Runtime exited with error: exit status 1\nExtension.Crash\n",
            "Extension.Crash",
        ),
        (f"RequestId: {ID} Process exited before completing request\n", "Runtime.ExitError"),
        (f"RequestId: {ID} Error: Task timed out after 3.00 seconds\n", "Sandbox.Timedout"),
    ],
)
def test_an_invocation_that_died_is_an_error_of_lambda_s_own_type(row: Row, line: str, error: str) -> None:
    found = row(line)
    assert (found["request_id"], found["severity_number"], found["error_type"]) == (ID, 17, error)


@pytest.mark.parametrize("text", ["START of the batch", "END", "REPORT ready", "LOGS are here", "RequestId:"])
def test_a_text_that_only_begins_like_a_service_line_is_plain(row: Row, text: str) -> None:
    assert row(text) == {"template": text, "attributes": {}}


def test_a_line_that_merely_mentions_a_request_is_no_error(row: Row) -> None:
    found = row(f"RequestId: {ID} stored the order")
    assert found == {"request_id": ID, "template": "stored the order", "attributes": {}}


@pytest.mark.parametrize(
    "line",
    [
        f"[WARNING]\t{Z}\t{ID}\tlow stock\n",  # Python
        f"{Z}\t{ID}\tWARN\tlow stock\n",  # Node
        f"{Z}\t{ID}\twarn\tlow stock\n",  # .NET
        f"2024-05-01 12:00:00.250 {ID} WARN  low stock\n",  # Java, log4j2
    ],
)
def test_the_runtimes_put_time_request_and_level_before_the_message(row: Row, line: str) -> None:
    found = row(line)
    assert (found["time"], found["request_id"], found["severity_number"]) == (NOON + 250_000, ID, 13)
    assert found["template"].rstrip() == "low stock"
    assert found["attributes"] == {}


def test_a_python_traceback_names_its_error(row: Row) -> None:
    found = row(
        f"[ERROR]\t{Z}\t{ID}\tcould not pay\nTraceback (most recent call last):\n"
        '  File "/var/task/app.py", line 1, in handler\n    pay()\n'
        "shop.errors.PaymentError: card declined\n"
    )
    assert (found["error_type"], found["severity_number"]) == ("shop.errors.PaymentError", 17)


def test_an_uncaught_python_error_has_carriage_returns_and_no_break_spaces(row: Row) -> None:
    found = row(
        "[ERROR] KeyError: 'user'\rTraceback (most recent call last):\r"
        "\u00a0\u00a0File \"/var/task/app.py\", line 3, in pay\r\u00a0\u00a0\u00a0\u00a0event['user']\r"
    )
    assert (found["error_type"], found["severity_number"], found["severity_text"]) == (
        "KeyError",
        17,
        "ERROR",
    )


def test_of_chained_tracebacks_the_last_error_counts(row: Row) -> None:
    found = row(
        "Traceback (most recent call last):\n  File a\nKeyError: 'x'\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n  File b\nshop.Lost: y\n"
    )
    assert (found["error_type"], found["severity_number"]) == ("shop.Lost", 17)


def test_java_and_node_stacks_name_their_error(row: Row) -> None:
    java = (
        f"2024-05-01 12:00:00 {ID} ERROR Orders:4 - failed\njava.io.IOException: gone\n\tat a.B.c(B.java:1)\n"
    )
    node = f"{Z}\t{ID}\tERROR\tTypeError: x is not a function\n    at handler (/var/task/index.js:1:1)\n"
    assert row(java)["error_type"] == "java.io.IOException"
    assert row(node)["error_type"] == "TypeError"
    assert row(f"{Z}\t{ID}\tINFO\tTypeError: is a word here\n").get("error_type") is None


def test_json_behind_the_runtime_s_head_is_read_as_json(row: Row) -> None:
    found = row(f'{Z}\t{ID}\tINFO\t{{"level":"error","message":"no stock","user_id":"u-1","items":[1]}}\n')
    assert found == {
        "time": NOON + 250_000,
        "request_id": ID,
        "severity_number": 17,
        "severity_text": "error",
        "user_id": "u-1",
        "template": "no stock",
        "attributes": {"message": "no stock", "items": "[1]"},
    }


def test_an_uncaught_node_error_is_json_behind_words(row: Row) -> None:
    error = {
        "errorType": "TypeError",
        "errorMessage": "x is not a function",
        "stack": ["TypeError: x", "    at y"],
    }
    found = row(f"{Z}\t{ID}\tERROR\tInvoke Error \t{json.dumps(error)}\n")
    assert (found["error_type"], found["severity_number"], found["request_id"]) == ("TypeError", 17, ID)
    assert found["template"] == "x is not a function"
    unnamed = row(f"{Z}\tundefined\tERROR\tUncaught Exception \t{json.dumps(error)}\n")
    assert "request_id" not in unnamed


def test_datadog_s_prefix_becomes_attributes(row: Row) -> None:
    head = f"{Z}\t{ID}\tDEBUG\t[dd.trace_id=6899143064054564168 dd.span_id=5] "
    found = row(head + '{"message":"m","status":"debug"}\n')
    assert found["attributes"] == {"message": "m", "dd.trace_id": "6899143064054564168", "dd.span_id": "5"}
    assert found["severity_number"] == 5
    text = row(f"{Z}\t{ID}\tINFO\t[dd.trace_id=4efaaf4d1e8720b39541901950019ee5 dd.span_id=5] m\n")
    assert text["trace_id"] == "4efaaf4d1e8720b39541901950019ee5"


def platform(type: str, **record: Any) -> str:
    return json.dumps({"time": "2024-05-01T12:00:00.250Z", "type": f"platform.{type}", "record": record})


def test_platform_records_say_the_same_as_the_text_lines(row: Row) -> None:
    metrics = {"durationMs": 101.5, "billedDurationMs": 102, "memorySizeMB": 128, "maxMemoryUsedMB": 60}
    tracing = {
        "spanId": "54565fb41ac79632",
        "type": "X-Amzn-Trace-Id",
        "value": "Root=1-62e900b2-710d76f009d6e7785905449a;Parent=0efbd19962d95b05;Sampled=1",
    }
    found = row(platform("report", requestId=ID, metrics=metrics, status="success", tracing=tracing))
    assert found == {
        "time": NOON + 250_000,
        "request_id": ID,
        "trace_id": "62e900b2710d76f009d6e7785905449a",
        "span_id": "54565fb41ac79632",
        "duration_ms": 101.5,
        "template": "platform.report success",
        "attributes": {
            "aws.lambda.event": "platform.report",
            "aws.lambda.billed_duration_ms": "102",
            "aws.lambda.memory_size_mb": "128",
            "aws.lambda.max_memory_used_mb": "60",
            "aws.lambda.status": "success",
            "record.tracing.type": "X-Amzn-Trace-Id",
        },
    }


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ({"status": "timeout"}, "Sandbox.Timedout"),
        ({"status": "error", "errorType": "Runtime.ExitError"}, "Runtime.ExitError"),
        ({"status": "failure", "errorType": "Function.Unknown"}, "Function.Unknown"),
        ({"status": "failure"}, None),
    ],
)
def test_a_platform_report_of_a_failure_is_an_error(
    row: Row, record: dict[str, str], error: str | None
) -> None:
    found = row(platform("report", requestId=ID, **record))
    assert (found["severity_number"], found.get("error_type")) == (17, error)


def test_the_platform_s_own_name_of_the_function_is_the_service(row: Row) -> None:
    found = row(platform("initStart", functionName="orders", functionVersion="3", phase="init"))
    assert (found["service"], found["attributes"]["faas.version"]) == ("orders", "3")


def test_embedded_metrics_stay_attributes(row: Row) -> None:
    metrics = [{"Namespace": "Shop", "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}]}]
    found = row(
        json.dumps(
            {
                "_aws": {"Timestamp": 1714564800250, "CloudWatchMetrics": metrics},
                "service": "orders",
                "function_request_id": ID,
                "Latency": 12.5,
            }
        )
    )
    assert (found["time"], found["service"], found["request_id"]) == (NOON + 250_000, "orders", ID)
    assert found["attributes"]["Latency"] == "12.5"
    assert json.loads(found["attributes"]["_aws.CloudWatchMetrics"]) == metrics
