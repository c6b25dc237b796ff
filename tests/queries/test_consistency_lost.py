"""Lost updates of one key, by ancestry, by what was read later, and by suspicion."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from queries.consistency.checker import Operation
from queries.consistency.lost import Lost, lost_updates

EU, US, AP = "eu-west-1", "us-east-1", "ap-southeast-1"


def lag(one: str, other: str) -> float | None:
    return 1000.0


def unprobed(one: str, other: str) -> float | None:
    return None


def write(version: str, at: int, region: str, based_on: str | None = None, around: int = 1) -> Operation:
    return Operation(f"w{version}", "write", version, at - around, at + around, None, based_on, region, at)


def read(version: str, at: int, region: str) -> Operation:
    return Operation(f"r{at}", "read", version, at - 1, at + 1, None, None, region, at)


def pairs(found: Sequence[Lost]) -> list[tuple[str, str, str]]:
    return [(each.lost.version, each.winner.version, each.status) for each in found]


def test_writes_that_knew_each_other_lose_nothing() -> None:
    chain = [
        write("1", 0, EU),
        write("2", 10, US, based_on="1"),
        write("3", 20, EU, based_on="2"),
    ]

    assert lost_updates(chain, lag) == []


def test_of_two_on_the_same_base_the_last_one_stays_if_nobody_looked() -> None:
    assert pairs(lost_updates([write("5a", 1000, US, "4"), write("5b", 1180, EU, "4")], lag)) == [
        ("5a", "5b", "confirmed")
    ]


def test_which_of_two_at_once_is_lost_is_suspected_only_until_a_region_shows_the_other() -> None:
    both = [write("5a", 1000, US, "4", around=50), write("5b", 1010, EU, "4", around=50)]

    assert pairs(lost_updates(both, lag)) == [("5a", "5b", "suspected")]
    assert pairs(lost_updates([*both, read("5a", 2500, EU)], lag)) == [("5b", "5a", "confirmed")]


def test_a_read_anywhere_tells_once_all_has_arrived_but_not_before() -> None:
    both = [write("5a", 1000, US, "4", around=50), write("5b", 1010, EU, "4", around=50)]

    assert pairs(lost_updates([*both, read("5a", 1500, US)], lag)) == [("5a", "5b", "suspected")]
    assert pairs(lost_updates([*both, read("5a", 9000, US)], lag)) == [("5b", "5a", "confirmed")]
    assert pairs(lost_updates([*both, read("5a", 9000, US)], unprobed)) == [("5a", "5b", "suspected")]


def test_all_writes_of_a_branch_that_did_not_stay_are_lost() -> None:
    operations = [
        write("1", 0, EU),
        write("2a", 10, US, "1"),
        write("3a", 20, US, "2a"),
        write("2b", 15, EU, "1"),
        write("3b", 30, EU, "2b"),
    ]

    assert pairs(lost_updates(operations, lag)) == [("2a", "2b", "confirmed"), ("3a", "2b", "confirmed")]


def test_two_writes_of_the_same_region_are_no_matter_of_regions() -> None:
    assert lost_updates([write("5a", 0, EU, "4"), write("5b", 10, EU, "4")], lag) == []


def test_two_that_both_create_a_key_are_in_conflict() -> None:
    assert pairs(lost_updates([write(f"1@{EU}", 0, EU), write(f"1@{US}", 100, US)], lag)) == [
        (f"1@{EU}", f"1@{US}", "confirmed")
    ]


def test_without_based_on_writes_closer_than_replication_are_suspected() -> None:
    near = [write(f"5@{EU}", 0, EU), write(f"6@{US}", 500, US)]
    far = [write(f"5@{EU}", 0, EU), write(f"6@{US}", 5000, US)]

    assert pairs(lost_updates(near, lag)) == [(f"5@{EU}", f"6@{US}", "suspected")]
    assert lost_updates(near, unprobed) == []
    assert lost_updates(far, lag) == []


def test_a_suspicion_is_confirmed_if_the_region_shows_the_other_that_it_had_not_read() -> None:
    near = [write(f"5@{EU}", 100, EU), write(f"6@{US}", 500, US)]

    assert pairs(lost_updates([*near, read(f"6@{US}", 3000, EU)], lag)) == [
        (f"5@{EU}", f"6@{US}", "confirmed")
    ]


def test_a_later_write_that_goes_under_is_a_clock_fault() -> None:
    operations = [write("1", 0, EU), write("2", 5000, US, "1"), read("1", 60_000, US), read("1", 70_000, EU)]

    (found,) = lost_updates(operations, lag)

    assert (found.lost.version, found.winner.version, found.skew_inversion) == ("2", "1", True)


def test_a_later_write_that_the_other_branch_outlives_is_a_clock_fault() -> None:
    operations = [write("2a", 0, EU, "1"), write("2b", 5000, US, "1"), read("2a", 60_000, US)]

    (found,) = lost_updates(operations, lag)

    assert (found.lost.version, found.skew_inversion) == ("2b", True)


@st.composite
def registers(draw: st.DrawFn) -> tuple[list[Operation], set[str]]:
    """Writes of a register in three regions with a replication lag, the last writer winning, and a read of
    each region in the end; and the versions that were lost, as the register itself knows."""
    operations: list[Operation] = []
    parents: dict[str, str] = {}
    written: list[tuple[int, str, str]] = []
    for number, gap in enumerate(draw(st.lists(st.integers(2, 1500), min_size=1, max_size=12))):
        at = (written[-1][0] if written else 0) + gap
        region = draw(st.sampled_from((EU, US, AP)))
        seen = [name for time, where, name in written if where == region or time + 900 < at]
        based_on = seen[-1] if seen else "none"
        name = f"{number + 2}@{region}"
        parents[name] = based_on
        operations.append(write(name, at, region, based_on))
        written.append((at, region, name))
    last = written[-1][2]
    operations += [
        read(last, written[-1][0] + 10_000 + step, region) for step, region in enumerate((EU, US, AP))
    ]
    line = {last}
    while last in parents:
        last = parents[last]
        line.add(last)
    return operations, set(parents) - line


@given(registers())
@settings(max_examples=200, deadline=None)
def test_what_a_register_lost_to_another_region_is_found(told: tuple[list[Operation], set[str]]) -> None:
    operations, lost = told
    found = lost_updates(operations, lag)

    assert {each.lost.version for each in found} <= lost
    assert all(each.status == "confirmed" and each.lost.region != each.winner.region for each in found)
    regions = {each.region for each in operations if each.op == "write" and each.version not in lost}
    if len(regions) > 1 or not lost:
        return
    elsewhere = {version for version in lost if version.partition("@")[2] not in regions}
    assert {each.lost.version for each in found} == elsewhere


@given(
    st.lists(
        st.builds(
            Operation,
            st.text(max_size=2),
            st.sampled_from(["read", "write"]),
            st.sampled_from(["none", "1", "2", "3", "x"]),
            st.integers(-5, 5),
            st.none() | st.integers(-5, 5),
            st.none(),
            st.sampled_from([None, "none", "1", "2", "3", "x"]),
            st.sampled_from([EU, US]),
            st.integers(-5, 5),
        ),
        max_size=12,
    )
)
def test_any_history_gets_an_answer(operations: list[Operation]) -> None:
    written = {each.version for each in operations if each.op == "write"}

    assert {each.lost.version for each in lost_updates(operations, lag)} <= written
