"""The checker of one key, against histories known to be right or wrong and against trying every order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from queries.consistency.checker import Operation, check


def read(version: str, start: int, end: int, session: str | None = None) -> Operation:
    return Operation(f"r{start}", "read", version, start, end, session)


def write(
    version: str, start: int, end: int | None, session: str | None = None, based_on: str | None = None
) -> Operation:
    return Operation(f"w{start}", "write", version, start, end, session, based_on)


def kinds(operations: Sequence[Operation], known: Sequence[str] = ()) -> list[str]:
    return [anomaly.kind for anomaly in check(operations, known)]


def test_operations_one_after_the_other_are_sound() -> None:
    assert check([write("1", 0, 1), read("1", 2, 3), write("2", 4, 5, based_on="1"), read("2", 6, 7)]) == []


def test_a_read_during_a_write_may_show_the_old_or_the_new_version() -> None:
    assert check([write("1", 0, 1), write("2", 2, 9), read("1", 4, 5), read("2", 6, 7)]) == []


def test_a_read_of_the_old_version_after_a_write_has_ended_is_an_anomaly_of_the_times() -> None:
    old, new, stale = write("1", 0, 1), write("2", 2, 3), read("1", 5, 6)

    (anomaly,) = check([old, new, stale])

    assert anomaly.kind == "linearizability"
    assert set(anomaly.operations) == {old, new, stale} or set(anomaly.operations) >= {new, stale}


def test_what_is_missing_after_it_was_written_is_an_anomaly() -> None:
    assert kinds([write("1", 0, 1), read("none", 2, 3)]) == ["linearizability"]
    assert kinds([read("none", 0, 1), write("1", 2, 3), read("1", 4, 5)]) == []


def test_a_session_that_reads_backwards_is_a_causal_anomaly() -> None:
    operations = [
        write("1", 0, 1),
        write("2", 2, 9, based_on="1"),
        read("2", 3, 4, "s"),
        read("1", 5, 6, "s"),
    ]

    assert kinds(operations) == ["causal"]


def test_a_version_that_nobody_wrote_is_garbage_unless_it_is_known() -> None:
    assert kinds([write("1", 0, 1), read("7", 2, 3)]) == ["garbage_read"]
    assert kinds([write("1", 0, 1), read("7", 2, 3)], known=["7"]) == []


def test_a_read_that_ends_before_its_write_begins_is_from_the_future() -> None:
    assert kinds([read("1", 0, 1), write("1", 5, 6)]) == ["future_read"]


def test_a_write_that_was_not_acknowledged_may_take_effect_late() -> None:
    assert kinds([write("1", 0, 1), write("2", 2, None), read("1", 5, 6), read("2", 7, 8)]) == []


def test_the_shortest_cycle_is_reported() -> None:
    chain = [write(str(n), 10 * n, 10 * n + 1) for n in range(1, 30)]

    (anomaly,) = check([*chain, read("28", 1000, 1001)])

    assert {each.version for each in anomaly.operations} == {"28", "29"}


def test_a_long_sound_history_is_checked_in_one_pass() -> None:
    operations = [write(str(n), 10 * n, 10 * n + 1, f"s{n % 7}", str(n - 1)) for n in range(20_000)]

    assert check([*operations, *(read(str(n), 10 * n + 2, 10 * n + 3, "s") for n in range(20_000))]) == []


def is_sound(operations: Sequence[Operation]) -> bool:
    """Whether some order fits the times, in which every read shows the last write before it."""
    return any(map(_fits, permutations(operations)))


def _fits(order: Sequence[Operation]) -> bool:
    current, written = "none", {"none"}
    for place, each in enumerate(order):
        if any(later.end is not None and later.end < each.start for later in order[place + 1 :]):
            return False
        if each.op == "read" and each.version != current:
            return False
        if each.op == "write":
            if each.based_on is not None and each.based_on not in written:
                return False
            current = each.version
            written.add(current)
    return True


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """Up to six operations, each version written once, with reads of any of them."""
    writes = draw(st.integers(1, 3))
    reads = draw(st.integers(0, 3))
    found = []
    for number in range(writes + reads):
        start = draw(st.integers(0, 12))
        end = start + draw(st.integers(0, 5))
        if number < writes:
            based_on = draw(st.sampled_from([None, *(str(n) for n in range(number))]))
            found.append(Operation(f"o{number}", "write", str(number), start, end, None, based_on))
        else:
            version = draw(st.sampled_from(["none", *(str(n) for n in range(writes))]))
            found.append(Operation(f"o{number}", "read", version, start, end, None))
    return found


@given(histories())
@settings(max_examples=300, deadline=None)
def test_it_agrees_with_trying_every_order(operations: list[Operation]) -> None:
    assert (check(operations) == []) == is_sound(operations)


@st.composite
def registers(draw: st.DrawFn) -> list[Operation]:
    """What clients see of one register: each operation takes effect at an instant within its interval."""
    instants = draw(st.lists(st.integers(0, 10_000), min_size=2, max_size=40, unique=True))
    found, current = [], "none"
    for number, at in enumerate(sorted(instants)):
        before, after = draw(st.integers(0, 400)), draw(st.integers(0, 400))
        session = draw(st.sampled_from([None, "s1", "s2"]))
        is_write = draw(st.booleans())
        based_on = current if is_write and draw(st.booleans()) else None
        current = f"{number}@eu-west-1" if is_write else current
        op = "write" if is_write else "read"
        found.append(Operation(f"o{number}", op, current, at - before, at + after, session, based_on))
    return found


@given(registers())
@settings(max_examples=100, deadline=None)
def test_a_linearizable_register_has_no_anomaly(operations: list[Operation]) -> None:
    assert check(operations) == []


@given(registers(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_stale_read_in_a_sound_history_is_found(operations: list[Operation], data: st.DataObject) -> None:
    last = max(each.end or 0 for each in operations)
    old = data.draw(st.sampled_from(sorted({each.version for each in operations})))
    new = write("99999@us-east-1", last + 1, last + 2)

    found = check([*operations, new, read(old, last + 3, last + 4)])

    assert [anomaly.kind for anomaly in found] == ["linearizability"]


@given(
    st.lists(
        st.builds(
            Operation,
            st.text(max_size=2),
            st.sampled_from(["read", "write"]),
            st.sampled_from(["none", "1", "2", "3", "x"]),
            st.integers(-5, 5),
            st.none() | st.integers(-5, 5),
            st.sampled_from([None, "a", "b"]),
            st.sampled_from([None, "none", "1", "2", "x"]),
        ),
        max_size=12,
    )
)
def test_any_history_gets_an_answer(operations: list[Operation]) -> None:
    for anomaly in check(operations):
        assert set(anomaly.operations) <= set(operations)
