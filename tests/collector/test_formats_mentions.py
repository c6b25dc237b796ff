from __future__ import annotations

import time

import pytest

from collector.columns import Source
from collector.fields import FieldMap
from collector.formats import parse


def people(message: str) -> tuple[str | None, str | None]:
    parsed = parse([message], [Source()], FieldMap())
    return parsed.user_id[0].as_py(), parsed.session_id[0].as_py()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("[INFO]\t2026-11-20T09:00:00.000Z\tx\tsession read user_id=u-42 session_id=s-1", ("u-42", "s-1")),
        ("cart lost for userId: u-42.", ("u-42", None)),
        ("profile saved {'user_id': 'u-42', 'sid': 's-1'}", ("u-42", "s-1")),
        ('{"level":"ERROR","message":"request failed user_id=u-42"}', ("u-42", None)),
        ('INFO sent {\\"userId\\":\\"u-42\\"}', ("u-42", None)),
        ("GET /cart?user_id=u-42&x=1 HTTP/1.1", ("u-42", None)),
        ("ERROR user: not found", (None, None)),
        ("my_user_id=7 is no field of ours", (None, None)),
        ("user_id=", (None, None)),
        ("nobody is named", (None, None)),
    ],
)
def test_a_person_named_in_passing_gets_into_the_column(
    message: str, expected: tuple[str | None, str | None]
) -> None:
    assert people(message) == expected


def test_a_field_of_its_own_is_better_than_a_mention() -> None:
    assert people('{"message":"u-1 called, user_id=u-2","user_id":"u-1"}') == ("u-1", None)


def test_a_line_of_a_megabyte_is_searched_in_linear_time() -> None:
    start = time.process_time()
    people("user_id" * 150_000)

    assert time.process_time() - start < 5
