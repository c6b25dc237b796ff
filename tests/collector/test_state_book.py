"""What several pollers see, each with a delay of its own, is told once and in order."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.state.book import Book
from collector.state.change import Change
from collector.state.observation import Facts, Observation

EU, US, AP = "eu-west-1", "us-east-1", "ap-southeast-1"


def describe(subject: str, before: Facts | None, after: Facts | None) -> Change:
    told = f"{before and before['at']} to {after and after['at']}"
    return Change("topology", told, f"{subject}: {told}.")


def seen(at: int | str | None) -> Observation:
    return Observation({} if at is None else {"shop": {"at": str(at)}})


def states(book: Book) -> list[str]:
    return [row["state"] for row in book.pending]


def test_a_poller_that_lags_behind_tells_nothing_twice_and_nothing_back() -> None:
    book = Book()
    looks = [(EU, 1), (US, 1), (EU, 2), (US, 1), (AP, 2), (US, 2), (EU, 2)]
    for time, (region, at) in enumerate(looks):
        book.note("test", describe, seen(at), region, time)

    assert states(book) == ["None to 1", "1 to 2"]


def test_a_region_that_is_lost_keeps_no_change_from_being_told() -> None:
    book = Book()
    for time, (region, at) in enumerate([(EU, 1), (US, 1), (US, 2), (US, 3)]):
        book.note("test", describe, seen(at), region, time)

    assert states(book) == ["None to 1", "1 to 2", "2 to 3"]


def test_a_member_that_leaves_does_not_take_the_subject_along() -> None:
    book = Book()
    for time, (region, at) in enumerate([(EU, 1), (US, 1), (US, None), (EU, 1), (EU, None)]):
        book.note("test", describe, seen(at), region, time)

    assert states(book) == ["None to 1", "1 to None"]
    assert book.entries == {}


MINUTE = 60_000_000


def test_pollers_that_see_each_step_a_look_later_tell_no_step_back() -> None:
    book = Book()
    for step in range(1, 6):
        book.note("test", describe, seen(step), EU, step * MINUTE)
        book.note("test", describe, seen(max(step - 1, 1)), US, step * MINUTE + 1)

    assert states(book) == ["None to 1", "1 to 2", "2 to 3", "3 to 4", "4 to 5"]


def test_what_only_a_poller_saw_that_is_lost_since_is_put_right_by_the_others() -> None:
    book = Book()
    book.note("test", describe, seen(1), EU, 0)
    book.note("test", describe, seen(1), US, 0)
    book.note("test", describe, seen(2), EU, MINUTE)  # and then eu-west-1 is lost
    for minute in range(2, 20):
        book.note("test", describe, seen(1), US, minute * MINUTE)

    assert states(book) == ["None to 1", "1 to 2", "2 to 1"]


def test_pollers_that_see_different_things_for_ever_do_not_tell_for_ever() -> None:
    book = Book()
    for minute in range(60):
        book.note("test", describe, seen(1), EU, minute * MINUTE)
        book.note("test", describe, seen(2), US, minute * MINUTE)

    assert states(book) == ["None to 1"]


def test_a_subject_whose_other_pollers_are_lost_can_still_be_gone() -> None:
    book = Book()
    for region in (EU, US):
        book.note("test", describe, seen(1), region, 0)
    for minute in range(1, 20):
        book.note("test", describe, seen(None), EU, minute * MINUTE)

    assert states(book) == ["None to 1", "1 to None"]


def test_who_never_saw_a_subject_cannot_tell_that_it_is_gone() -> None:
    book = Book()
    book.note("test", describe, seen(1), EU, 0)
    for minute in range(60):
        book.note("test", describe, seen(None), US, minute * MINUTE)

    assert states(book) == ["None to 1"]


def test_a_view_is_said_again_only_now_and_then() -> None:
    book = Book()
    entered = [book.note("test", describe, seen(1), EU, minute * MINUTE) for minute in range(11)]

    assert [minute for minute, each in enumerate(entered) if each] == [0, 5, 10]


def test_a_change_is_stamped_with_the_pollers_region_and_time_unless_it_has_its_own() -> None:
    book = Book()
    book.note("test", describe, seen(1), EU, 7)

    (row,) = book.pending
    assert (row["region"], row["time"], row["attributes"]["at"]) == (EU, 7, "1")


def test_a_book_is_read_back_as_it_was() -> None:
    book = Book()
    book.note("test", describe, seen(1), EU, 7)

    assert Book.opened(json.loads(json.dumps(book.value()))) == book


@given(
    st.lists(st.integers(0, 3) | st.none(), min_size=1, max_size=8),
    st.lists(st.tuples(st.sampled_from([EU, US, AP]), st.integers(0, 1)), max_size=24),
)
def test_however_pollers_follow_the_world_each_change_starts_where_the_one_before_ended(
    world: list[int | None], looks: list[tuple[str, int]]
) -> None:
    book, at = Book(), {EU: 0, US: 0, AP: 0}
    for time, (region, steps) in enumerate(looks):
        at[region] = min(at[region] + steps, len(world) - 1)
        book.note("test", describe, seen(world[at[region]]), region, time)
    for time, region in enumerate(at, len(looks)):
        book.note("test", describe, seen(world[-1]), region, time)

    told = [state.split(" to ") for state in states(book)]
    assert all(before[1] == after[0] for before, after in pairwise(told))
    assert all(before != after for before, after in told)
    views = [entry.views for entry in book.entries.values()]
    assert len(views) <= 1
    if world[-1] is not None:
        assert {*views[0]} == {EU, US, AP}
        assert told[-1][1] == str(world[-1])


def test_the_identity_of_a_change_depends_on_what_changed_and_when() -> None:
    def ids(*looks: tuple[int, Any]) -> list[str]:
        book = Book()
        for time, at in looks:
            book.note("test", describe, seen(at), EU, time)
        return [row["event_id"] for row in book.pending]

    assert ids((1, "a"), (2, "b")) == ids((1, "a"), (2, "b"))
    assert len({*ids((1, "a"), (2, "b"), (3, "a"), (4, "b"))}) == 4
