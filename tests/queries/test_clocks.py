"""Offsets of clocks from messages: the bounds always hold the truth."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.clocks import SHORTEST, WINDOW, Message, is_ordered, offsets

MS = 1000
VECTOR = Path(__file__).parents[3] / "shared" / "vectors" / "derived" / "clock_offset.json"


def call(client: str, server: str, *stamps: float) -> list[Message]:
    """A call by its four stamps in ms: sent, received, answered, got the answer."""
    asked, heard, answered, got = (round(stamp * MS) for stamp in stamps)
    return [Message(client, server, asked, heard), Message(server, client, answered, got)]


@pytest.fixture
def vector() -> dict[str, Any]:
    if not VECTOR.exists():
        pytest.skip("the folder ../shared/vectors is absent")
    found: dict[str, Any] = json.loads(VECTOR.read_text())
    return found


def test_the_vector_of_three_regions_gives_its_estimates_and_bounds(vector: dict[str, Any]) -> None:
    messages: list[Message] = []
    for sample in vector["samples"]:
        if sample["kind"] == "rpc":
            stamps = (sample[name] for name in ("T1", "T2", "T3", "T4"))
            messages += call(sample["client"], sample["server"], *stamps)
        else:
            sent, received = sample["sent"] * MS, sample["received"] * MS
            messages.append(Message(sample["src"], sample["dst"], sent, received))

    (found,) = offsets(messages)

    for domain, estimate in vector["estimate"].items():
        offset = found.offset(domain, vector["reference"])
        assert offset == (estimate * MS, vector["max_error"][domain] * MS)
        assert abs(vector["true_offsets"][domain] * MS - offset[0]) <= offset[1]


def test_two_clocks_are_held_between_request_and_answer() -> None:
    (found,) = offsets(call("a", "b", 0, 100, 110, 50))  # b is ahead by 60 to 100 ms

    assert found.offset("b", "a") == (80 * MS, 20 * MS)
    assert found.offset("a", "b") == (-80 * MS, 20 * MS)
    assert found.offset("a", "a") == (0, 0)


def test_a_known_distance_tightens_the_bound() -> None:
    (found,) = offsets(call("a", "b", 0, 100, 110, 50), least=lambda sender, receiver: 15 * MS)

    assert found.offset("b", "a") == (80 * MS, 5 * MS)


def test_one_way_messages_alone_leave_the_offset_unknown() -> None:
    (found,) = offsets([Message("a", "b", 0, 100)])

    assert found.offset("b", "a") is None


def test_clocks_that_nothing_connects_stay_unknown_to_each_other() -> None:
    (found,) = offsets(call("a", "b", 0, 5, 6, 9) + call("c", "d", 0, 5, 6, 9))

    assert found.offset("d", "c")
    assert found.offset("c", "a") is None


def test_a_third_clock_connects_two() -> None:
    (found,) = offsets(call("a", "b", 0, 5, 6, 9) + call("b", "c", 0, 5, 6, 9))

    assert found.offset("c", "a") == (2 * MS, 8 * MS)


def test_each_window_has_offsets_of_its_own_and_an_empty_one_has_none() -> None:
    late = 3 * WINDOW // MS
    found = offsets(call("a", "b", 0, 5, 6, 9) + call("a", "b", late, late + 50, late + 51, late + 54))

    assert [each.start for each in found] == [0, 3 * WINDOW]
    assert [each.offset("b", "a") for each in found] == [(1 * MS, 4 * MS), (23.5 * MS, 26.5 * MS)]


def test_a_clock_that_steps_is_right_on_both_sides_of_the_step() -> None:
    step, half = 5_000, WINDOW // 2 // MS
    before = [message for second in range(0, half, 10_000) for message in call("a", "b", *stamped(second, 0))]
    after = [
        message
        for second in range(half, 2 * half, 10_000)
        for message in call("a", "b", *stamped(second, step))
    ]

    whole, *parts = offsets(before + after)

    assert whole.contradictory == {"a", "b"}
    assert (parts[0].start, parts[-1].end) == (whole.start, whole.end) == (0, WINDOW)
    for part in parts:
        estimate = part.offset("b", "a")
        ahead = 0 if part.start < WINDOW // 2 else step
        assert estimate
        assert abs(estimate[0] - ahead * MS) <= estimate[1] <= 10 * MS
        assert not part.contradictory


def stamped(at: float, ahead: float) -> tuple[float, float, float, float]:
    """The stamps of a call of 10 ms each way to a clock that is ahead."""
    return at, at + 10 + ahead, at + 15 + ahead, at + 25


def test_a_wrong_stamp_costs_only_the_part_of_the_window_it_is_in() -> None:
    good = [message for at in range(0, 300_000, 1_000) for message in call("a", "b", *stamped(at, 40))]
    wrong = Message("a", "b", 100_000 * MS, 99_000 * MS)

    whole, *found = offsets([*good, wrong])

    assert whole.contradictory == {"a", "b"}
    assert sum(each.end - each.start for each in found) == WINDOW
    spoiled = [each for each in found if each.offset("b", "a") is None]
    assert [each.start <= wrong.sent < each.end for each in spoiled] == [True]
    assert all(each.end - each.start <= SHORTEST for each in spoiled)
    for each in found:
        estimate = each.offset("b", "a")
        assert estimate is None or abs(estimate[0] - 40 * MS) <= estimate[1]


def test_beside_a_window_in_which_a_clock_stepped_there_are_parts_as_well() -> None:
    steady = [message for at in range(0, 1_500_000, 5_000) for message in call("a", "b", *stamped(at, 0))]
    step = [
        message
        for at in range(0, 1_500_000, 5_000)
        for message in call("a", "c", *stamped(at, 1000 * (at >= 1_000_000)))
    ]

    found = offsets(steady + step)

    whole = [each for each in found if each.end - each.start == WINDOW]
    assert [each.start // WINDOW for each in whole] == [0, 1, 2, 3, 4]
    assert [each.contradictory for each in whole] == [frozenset()] * 2 + [{"c"}] * 3
    assert {each.start // WINDOW for each in found if each not in whole} == {2, 3, 4}
    assert all(each.offset("b", "a") == (0, 10 * MS) for each in whole)


def test_domains_whose_messages_cannot_be_true_are_named() -> None:
    lies = [
        Message(one, other, 0, -1000 * MS) for one, other in (("a", "b"), ("b", "a"), ("a", "c"), ("c", "a"))
    ]

    found, *_ = offsets([*lies, *call("d", "e", 0, 5, 6, 9)])

    assert found.contradictory == {"a"}
    assert found.offset("e", "d")
    assert found.offset("b", "a") is None


def test_order_is_certain_only_beyond_the_bound() -> None:
    (found,) = offsets(call("a", "b", 0, 100, 110, 50))  # b is ahead by 60 to 100 ms

    assert is_ordered(found, ("a", 0), ("b", 101 * MS))
    assert not is_ordered(found, ("a", 0), ("b", 99 * MS))
    assert is_ordered(found, ("b", 0), ("a", -59 * MS))
    assert not is_ordered(found, ("b", 0), ("a", -61 * MS))
    assert is_ordered(found, ("a", 1), ("a", 2))
    assert not is_ordered(found, ("a", 0), ("x", 10**9))


domains = st.sampled_from(["a", "b", "c", "d"])


@given(
    ahead=st.fixed_dictionaries({name: st.integers(-(10**7), 10**7) for name in "abcd"}),
    ways=st.lists(
        st.tuples(domains, domains, st.integers(0, WINDOW // 2), st.integers(0, 10**6)), min_size=1
    ),
)
def test_whatever_the_offsets_and_the_delays_the_truth_is_within_the_bounds_and_no_order_is_wrong(
    ahead: dict[str, int], ways: list[tuple[str, str, int, int]]
) -> None:
    base = 10**9 * WINDOW + WINDOW // 4  # clocks that are off by seconds stay within the window
    messages = [
        Message(one, other, base + at + ahead[one], base + at + took + ahead[other])
        for one, other, at, took in ways
    ]

    for found in offsets(messages, window=WINDOW):
        assert not found.contradictory
        for one in "abcd":
            for other in "abcd":
                estimate = found.offset(one, other)
                if estimate:
                    assert abs(ahead[one] - ahead[other] - estimate[0]) <= estimate[1] + 1e-6
                    assert math.isfinite(estimate[0])
                if is_ordered(found, (one, ahead[one]), (other, ahead[other])):
                    raise AssertionError("the same moment cannot be before itself")
