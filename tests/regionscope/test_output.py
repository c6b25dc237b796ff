from __future__ import annotations

from datetime import UTC, datetime

import pytest

from regionscope import output


def test_a_log_line_cannot_send_escape_sequences_to_the_terminal() -> None:
    assert output.plain("\x1b[2J\x1b]0;owned\x07 done") == "�[2J�]0;owned� done"


def test_a_record_is_shown_as_one_line_of_bounded_width() -> None:
    assert output.plain("Traceback\n  File 1\n  File 2") == "Traceback"
    assert len(output.plain("x" * 10_000)) == 120


def test_times_are_shown_in_utc_with_milliseconds_and_missing_values_as_a_dash() -> None:
    assert output.plain(datetime(2026, 11, 20, 9, 0, 0, 123456, tzinfo=UTC)) == "2026-11-20 09:00:00.123Z"
    assert output.plain(None) == "-"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"severity_number": 17}, "red"),
        ({"http_status": 502}, "red"),
        ({"error_type": "KeyError"}, "red"),
        ({"severity_number": 13}, "yellow"),
        ({"http_status": 404}, "yellow"),
        ({"severity_number": None, "http_status": None}, ""),
    ],
)
def test_an_error_is_red_and_a_warning_yellow(row: dict[str, int], expected: str) -> None:
    assert output.style(row) == expected


def test_the_summary_counts_records_errors_and_regions() -> None:
    rows = [
        {"region": "eu-west-1", "severity_number": 9},
        {"region": "us-east-1", "severity_number": 17},
        {"region": "eu-west-1", "http_status": 500},
    ]

    assert output.summary(rows) == "3 records, 2 errors; eu-west-1 2, us-east-1 1"


@pytest.mark.parametrize(
    ("number", "name"), [(1, "TRACE"), (9, "INFO"), (17, "ERROR"), (24, "FATAL"), (None, None)]
)
def test_a_severity_number_has_its_otel_name(number: int | None, name: str | None) -> None:
    assert output.severity_name(number) == name


def test_the_human_message_stands_for_the_body() -> None:
    row = {
        "body": '{"message":"order placed"}',
        "attributes": {"message": "order placed"},
        "severity_number": 9,
    }

    assert output.record(row)["message"] == "order placed"
    assert output.record({"body": "START RequestId: 1", "attributes": {}})["message"] == "START RequestId: 1"


def test_a_table_is_aligned_and_never_folded(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"region": "eu-west-1", "message": "x" * 119}, {"region": "ap-southeast-1", "message": "[bold]y"}]

    output.print_table(rows, ["region", "message"])

    lines = capsys.readouterr().out.splitlines()
    assert lines == ["region          message", "eu-west-1       " + "x" * 119, "ap-southeast-1  [bold]y"]
