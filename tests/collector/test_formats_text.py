from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Row = Callable[..., dict[str, Any]]
NOON = 1_714_564_800_000_000


@pytest.mark.parametrize(
    ("line", "number", "text"),
    [
        ("2024-05-01 12:00:00,000 INFO shop started", 9, "shop started"),
        ("[2024-05-01 12:00:00,000] INFO shop started", 9, "shop started"),
        ("2024-05-01T12:00:00Z ERROR shop started", 17, "shop started"),
        ("2024-05-01T14:00:00+02:00 [WARN] shop started", 13, "shop started"),
        ("2024/05/01 12:00:00 [error] 31#31: *1 connect() failed", 17, "31#31: *1 connect() failed"),
        ("2024-05-01 12:00:00.000 [main] WARN  a.b.C - shop started", 13, "a.b.C - shop started"),
        (
            "2024-05-01 12:00:00 UTC:10.0.0.1(40400):app@shop:[4711]:ERROR:  duplicate key",
            17,
            "duplicate key",
        ),
    ],
)
def test_time_and_level_at_the_head_of_a_text_are_read(row: Row, line: str, number: int, text: str) -> None:
    found = row(line)
    assert (found["time"], found["severity_number"], found["template"]) == (NOON, number, text)
    assert found["attributes"] == {}


def test_a_level_alone_is_read_and_a_word_that_looks_like_one_is_not(row: Row) -> None:
    assert row("WARN low disk")["severity_number"] == 13
    assert row("[error] low disk")["severity_text"] == "error"
    for text in ("ERRORS: 0", "Errors: 0", "Default: x", "no Error: here"):
        assert row(text) == {"template": text, "attributes": {}}
    assert "severity_number" not in row("Information is power")
    assert row("12:00:00.123 [main] INFO  a.b.C - hi")["severity_number"] == 9


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "hello", "a=b", "(x) y", "[main] hello", "START", "2024", "\x00", "{"]
)
def test_any_other_text_is_its_own_template(row: Row, text: str) -> None:
    assert row(text) == {"template": text, "attributes": {}}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Error: boom\n    at Object.<anonymous> (/x.js:1:1)", "Error"),
        ("Uncaught RangeError: too far", "RangeError"),
        (
            'Exception in thread "main" java.lang.NullPointerException\n\tat X.main(X.java:3)',
            "java.lang.NullPointerException",
        ),
        ("failed\nshop.Lost$Key: x\n", None),
        ("order failed: java.io.IOException: gone\n\tat a.B.c(B.java:1)", "java.io.IOException"),
        ("Traceback (most recent call last):\n  File x\nKeyboardInterrupt\n", "KeyboardInterrupt"),
        (
            "Traceback (most recent call last):\n  File x\nbotocore.exceptions.ClientError: An error",
            "botocore.exceptions.ClientError",
        ),
        (
            "System.InvalidOperationException: no\n   at Shop.Pay() in /x.cs:line 3",
            "System.InvalidOperationException",
        ),
    ],
)
def test_a_text_that_tells_of_an_error_is_one(row: Row, text: str, error: str | None) -> None:
    found = row(text)
    assert found.get("error_type") == error
    assert found.get("severity_number") == (17 if error else None)


def test_logfmt_is_read_like_json(row: Row) -> None:
    found = row(
        'time="2024-05-01T12:00:00Z" level=error msg="could not \\"pay\\"" user_id=u-1 '
        "trace_id=4efaaf4d1e8720b39541901950019ee5 err=timeout empty= http.status_code=502"
    )
    assert found == {
        "time": NOON,
        "severity_number": 17,
        "severity_text": "error",
        "trace_id": "4efaaf4d1e8720b39541901950019ee5",
        "user_id": "u-1",
        "http_status": 502,
        "template": 'could not "pay"',
        "attributes": {"message": 'could not "pay"', "err": "timeout", "empty": ""},
    }


@pytest.mark.parametrize(
    "text", ["a=1", "a=1 and b=2", 'a=1 b="x', "key=value, other=thing said he", "a==b c"]
)
def test_text_with_something_besides_pairs_is_no_logfmt(row: Row, text: str) -> None:
    assert row(text) == {"template": text, "attributes": {}}
