from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.fingerprint import fingerprints


def fingerprint(template: str | None, error_type: str | None = None) -> str:
    return fingerprints([template], [error_type])[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 4711 placed in 12.5 ms", "order 9 placed in 803.25 ms"),
        ("user u-42 not found", "user u-1042 not found"),
        (
            "request 3f2b8c1e-7a54-4c1d-9e2f-0a1b2c3d4e5f failed",
            "request 00000000-0000-4000-8000-000000000001 failed",
        ),
        ("call from 10.0.0.1 refused", "call from 192.168.17.254 refused"),
        ("mail to jane@example.com bounced", "mail to joe.doe@shop.example bounced"),
        ("mail to jane@example.com bounced", f"mail to <email:{'9f' * 16}> bounced"),
        ("GET /orders/17/items/3 200", "GET /orders/4/items/99 200"),
        ("at 2026-11-20T09:00:00Z", "at 2026-11-21T10:01:02Z"),
        ('{"id": "a"} rejected', '{"id": "b"} rejected'),
    ],
)
def test_messages_that_differ_only_in_values_have_one_fingerprint(one: str, other: str) -> None:
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order placed", "order cancelled"),
        ("user u-42 not found", "session u-42 not found"),
        ("GET /orders/17 ok", "GET /users/17 ok"),
    ],
)
def test_messages_that_differ_in_words_have_two(one: str, other: str) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_the_type_of_the_error_counts() -> None:
    assert fingerprint("request failed", "KeyError") != fingerprint("request failed", "ValueError")


def test_a_stack_at_the_same_place_is_the_same_error_whatever_the_value_was() -> None:
    stack = (
        'Traceback\n  File "/var/task/orders.py", line 88, in place\n    raise KeyError({!r})\nKeyError: {!r}'
    )

    assert fingerprint(stack.format("o-1", "o-1")) == fingerprint(stack.format("o-22", "o-22"))


def test_a_fingerprint_is_sixteen_hex_digits_also_of_nothing() -> None:
    for text in (None, "", "x", "\ud800", "\0"):
        assert len(fingerprint(text)) == 16
        assert int(fingerprint(text), 16) >= 0


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_a_fingerprint_depends_on_neither_order_nor_neighbours(texts: list[str]) -> None:
    shuffled = texts[::-1]

    together = fingerprints(shuffled, [None] * len(texts))

    assert together[::-1] == [fingerprint(text) for text in texts]


@pytest.mark.parametrize("piece", ["1", "a1", "=", "'", '"', "a@", "- ", ":", "\\"])
def test_a_hostile_megabyte_takes_linear_time(piece: str) -> None:
    start = time.process_time()
    fingerprint(piece * (1_000_000 // len(piece)))

    assert time.process_time() - start < 2
