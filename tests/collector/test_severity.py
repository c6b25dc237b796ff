from __future__ import annotations

import pytest

from collector import severity


@pytest.mark.parametrize(
    ("level", "number"),
    [
        ("TRACE", 1),
        ("debug", 5),
        ("Info", 9),
        ("Information", 9),
        ("notice", 10),
        ("WARNING", 13),
        ("warn", 13),
        ("ERROR", 17),
        ("err", 17),
        ("SEVERE", 17),
        ("CRITICAL", 21),
        ("Fatal", 21),
        ("wArN", 13),
        (" INFO ", 9),
        ("ERROR2", 18),
    ],
)
def test_words_of_the_common_loggers_have_opentelemetry_numbers(level: str, number: int) -> None:
    assert severity.number(level) == number


def test_the_numbers_of_pino_and_bunyan_are_levels() -> None:
    assert [severity.number(level) for level in (10, 20, 30, 40, 50, 60)] == [1, 5, 9, 13, 17, 21]
    assert severity.number("50") == 17


def test_other_numbers_up_to_24_are_opentelemetry_s_own() -> None:
    assert severity.number(9) == 9
    assert severity.number(24) == 24
    assert severity.otel(10) == 10


def test_gelf_counts_as_syslog_does() -> None:
    assert [severity.syslog(level) for level in range(9)] == [21, 21, 21, 17, 13, 10, 9, 5, None]


@pytest.mark.parametrize("level", [None, True, 0, 25, 200, "200", "ok", "", "AUDIT", 3.5, "x" * 10**6, "²"])
def test_what_is_no_level_is_unknown(level: object) -> None:
    assert severity.number(level) is None


def test_a_status_of_500_is_an_error_and_404_a_warning() -> None:
    assert [severity.of_status(status) for status in (200, 302, 404, 499, 500, 599)] == [9, 9, 13, 13, 17, 17]
