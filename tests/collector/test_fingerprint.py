from __future__ import annotations

import random
import re
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.fingerprint import fingerprints
from collector.placeholder import placeholder

HIDDEN = placeholder("email", "0123456789abcdef" * 2)
FRAME = '  File "/var/task/app/{module}.py", line {line}, in {function}\n'


def fingerprint(template: str | None, error_type: str | None = None) -> str:
    return fingerprints([template], [error_type])[0].as_py()


@pytest.mark.parametrize(
    "messages",
    [
        (
            "order 1 placed",
            "order 987654 placed",
            "order o-17 placed",
            "order 8d7e8c2e-dead-4bad-8000-feedfacebeef placed",
        ),
        ("took 12 ms", "took 12.5 ms", "took 0.003 ms"),
        (
            "at 2024-05-01T12:00:00.123Z: x",
            "at 2023-12-31 23:59:59,999: x",
            "at Mon, 01 Jan 2024 00:00:00: x",
        ),
        ("from 10.0.0.1 port", "from 192.0.2.17 port", "from 2001:db8::1 port", "from fe80::abcd port"),
        ("sent to bob@example.com now", "sent to ann.lee@mail.example.org now", f"sent to {HIDDEN} now"),
        ("call +49 151 12345678 now", "call (212) 555-0123 now", f"call {HIDDEN} now"),
        ("card 4111 1111 1111 1111 ok", "card 378282246310005 ok", f"card {HIDDEN} ok"),
        ("to GB29 NWBK 6016 1331 9268 19 ok", "to DE89370400440532013000 ok", f"to {HIDDEN} ok"),
        ("header: Bearer abc.def", "header: Bearer eyJhbGci.eyJzdWIi.c2ln", f"header: Bearer {HIDDEN}"),
        ("key AKIAIOSFODNN7EXAMPLE used", f"key {HIDDEN} used"),
        ("user u-42 gone", "user auth0|5f7c8ec7c33c6c004bbafe82 gone", f"user {HIDDEN} gone"),
        ("lag to us-east-1 high", "lag to eu-west-1 high", "lag to ap-southeast-2 high"),
        ("trace 1-5759e988-bd862e3fe1be46a994272793 lost", "trace 4efaaf4d1e8720b39541901950019ee5 lost"),
        ("read 0x7f3a9c00 failed", "read 0xdeadbeef failed", "read a3f9c2 failed"),
        ("ids [1, 2, 3] missing", "ids [17] missing"),
        ("GET /users/17/orders/4", "GET /users/u-42/orders/8d7e8c2e-0000-4000-8000-000000000000"),
        ("name='bob' unknown", "name='a longer name' unknown", 'name="x" unknown'),
        ("{'name': 'bob', 'age': 1}", "{'name': 'ann', 'age': 27}"),
        (
            "at Object.<anonymous> (/var/task/index.js:10:5)",
            "at Object.<anonymous> (/var/task/index.js:171:23)",
        ),
        ("at com.shop.Orders.place(Orders.java:88)", "at com.shop.Orders.place(Orders.java:91)"),
    ],
)
def test_messages_that_differ_only_in_values_have_one_fingerprint(messages: tuple[str, ...]) -> None:
    assert len(set(map(fingerprint, messages))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 1 placed", "order 1 cancelled"),
        ("KeyError: 'user'", "KeyError: 'session'"),
        ("S3Exception raised", "SqsException raised"),
        ("at com.shop.Orders.place(Orders.java:88)", "at com.shop.Orders.cancel(Orders.java:88)"),
        ("GET /users/17/orders", "GET /users/17/files"),
        ("", "x"),
    ],
)
def test_messages_that_say_different_things_have_different_fingerprints(one: str, other: str) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_the_type_of_the_error_counts() -> None:
    assert len(set(fingerprints(["failed"] * 3, ["KeyError", "ValueError", None]))) == 3


def trace(lines: dict[str, int], message: str, depth: int = 3) -> str:
    frames = "".join(
        FRAME.format(module="web", line=lines["web"], function=f"middleware{'x' * n}") for n in range(depth)
    )
    last = FRAME.format(module="orders", line=lines["orders"], function="place")
    return f"Traceback (most recent call last):\n{frames}{last}ConflictError: {message}"


@pytest.mark.parametrize("depth", [3, 60])
def test_a_stack_trace_is_known_by_its_place_and_not_by_its_values(depth: int) -> None:
    here = trace({"web": 10, "orders": 88}, "order 17 was changed", depth)
    moved = trace({"web": 1234, "orders": 91}, "order 987654 was changed", depth)
    elsewhere = trace({"web": 10, "orders": 88}, "order 17 was lost", depth)

    assert fingerprint(here) == fingerprint(moved)
    assert fingerprint(here) != fingerprint(elsewhere)


@given(st.lists(st.tuples(st.text(), st.none() | st.text()), max_size=8), st.randoms())
def test_neither_order_nor_company_matters(pairs: list[tuple[str, str | None]], order: random.Random) -> None:
    alone = {pair: fingerprint(*pair) for pair in pairs}
    order.shuffle(pairs)

    together = fingerprints([template for template, _ in pairs], [error for _, error in pairs]).to_pylist()

    assert together == [alone[pair] for pair in pairs]
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in together)


def test_another_process_gives_the_same_fingerprint() -> None:
    program = (
        "from collector.fingerprint import fingerprints; print(fingerprints(['order 1 placed'], ['E'])[0])"
    )

    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert other.stdout.strip() == fingerprint("order 2 placed", "E")


def test_nothing_to_say_has_a_fingerprint_too() -> None:
    assert fingerprint(None) == fingerprint("")
    assert len(fingerprints([], [])) == 0


def test_lone_surrogates_disturb_nothing() -> None:
    assert fingerprint("order 1 \ud800", "\udfff") == fingerprint("order 2 \ud800", "\udfff")


@pytest.mark.parametrize(
    "unit", ["a", "1", "1 ", '="', "'", "a@", ":", "*", "-", "a-", "A1", "(", "eyJ.", "_"]
)
def test_a_hostile_megabyte_takes_no_time(unit: str) -> None:
    start = time.process_time()
    fingerprint(unit * (1_000_000 // len(unit)))

    assert time.process_time() - start < 1
