"""The order of what several clocks stamped: against no cause and no clock, else by corrected time."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from queries import clocks as method
from queries.clocks import WINDOW, Message
from queries.offsets import Clocks
from queries.user.order import Moment, Order

START = 6 * 10**6 * WINDOW + WINDOW // 2  # in January 2027
MS = 1000


def known(*messages: Message) -> Clocks:
    return Clocks(method.offsets(messages))


def call(client: str, server: str, *stamps: float) -> tuple[Message, Message]:
    """A call by its four stamps, ms after START: sent, received, answered, got the answer."""
    asked, heard, answered, got = (START + round(stamp * MS) for stamp in stamps)
    return Message(client, server, asked, heard), Message(server, client, answered, got)


def at(clock: str | None, ms: float) -> Moment:
    return Moment(clock, START + round(ms * MS))


AHEAD = known(*call("a", "b", 0, 110, 111, 21))  # b is ahead of a by 90 to 110 ms


def test_times_are_corrected_by_the_clocks_and_never_overwritten() -> None:
    moments = [at("a", 50), at("b", 120)]

    order = Order(moments, [], AHEAD)

    assert order.order == [1, 0]
    times = {moment.clock: time for moment, time in zip(moments, order.corrected, strict=True)}
    assert times[AHEAD.reference] == START + (50 if AHEAD.reference == "a" else 120) * MS
    assert sorted(order.bounds) == [0, 10 * MS]


def test_an_effect_is_after_its_cause_whatever_the_clocks_say() -> None:
    order = Order([at("a", 50), at("b", 120)], [(0, 1)], AHEAD)

    assert order.order == [0, 1]
    assert order.before(0, 1)
    assert order.uncertain(order.order) == {0: [], 1: []}


def test_what_may_have_been_the_other_way_round_says_so() -> None:
    order = Order([at("a", 20), at("b", 125), at("b", 140)], [], AHEAD)

    assert order.order == [0, 1, 2]
    assert order.uncertain(order.order) == {0: [1], 1: [0], 2: []}


def test_what_follows_by_one_clock_is_certain_however_close() -> None:
    order = Order([at("b", 1.001), at("b", 1)], [], AHEAD)

    assert order.order == [1, 0]
    assert order.uncertain(order.order) == {0: [], 1: []}


def test_causes_reach_through_a_clock_to_a_third_one() -> None:
    """a1 → b1, then b2 by the same clock, b2 → c1: a1 is before c1 though nobody knows of c's clock."""
    moments = [at("a", 30), at("b", 121), at("b", 122), at("c", -5000)]

    order = Order(moments, [(0, 1), (2, 3)], AHEAD)

    assert order.order == [0, 1, 2, 3]
    assert order.before(0, 3)
    assert order.corrected[3] is None


def test_a_record_of_a_clock_that_counts_milliseconds_is_not_before_the_span_it_is_in() -> None:
    order = Order([at("a", 10), at("a", 10.4), at("a", 10.2)], [(1, 0)], AHEAD)

    assert order.order == [2, 1, 0]


def test_what_nobody_knows_the_clock_of_goes_by_its_own_time_and_is_in_no_list() -> None:
    order = Order([at(None, 15), at("a", 10), at("a", 20)], [], AHEAD)

    assert order.order == [1, 0, 2]
    assert order.corrected[0] is None
    assert order.uncertain(order.order) == {0: [], 1: [], 2: []}


def test_causes_that_go_round_in_a_circle_are_shown_once() -> None:
    order = Order([at("a", 1), at("b", 100), at("a", 3)], [(0, 1), (1, 0), (2, 2)], AHEAD)

    assert sorted(order.order) == [0, 1, 2]
    assert not (order.before(0, 1) and order.before(1, 0))


@dataclass(frozen=True)
class Step:
    """What happens next in a history: at `clock`, so much later, maybe sent to another clock."""

    clock: str
    later: int
    to: str | None
    way: int


clock_names = st.sampled_from("abc")
steps = st.lists(
    st.builds(Step, clock_names, st.integers(0, 200_000), st.none() | clock_names, st.integers(0, 150_000)),
    min_size=1,
    max_size=25,
)


@given(ahead=st.fixed_dictionaries({name: st.integers(-(10**7), 10**7) for name in "abc"}), history=steps)
@settings(deadline=None)
def test_no_order_that_is_shown_as_certain_is_wrong(ahead: dict[str, int], history: list[Step]) -> None:
    true: list[tuple[int, str]] = []  # when it really happened, and by whose clock it is stamped
    causes: list[tuple[int, int]] = []
    now = START
    for step in history:
        now += step.later
        true.append((now, step.clock))
        if step.to:
            true.append((now + step.way, step.to))
            causes.append((len(true) - 2, len(true) - 1))
    moments = [Moment(clock, time + ahead[clock]) for time, clock in true]
    messages = [
        Message(moments[one].clock or "", moments[other].clock or "", moments[one].time, moments[other].time)
        for one, other in causes
    ]

    order = Order(moments, causes, known(*messages))

    place = {number: at for at, number in enumerate(order.order)}
    assert sorted(place) == list(range(len(true)))
    assert all(place[one] < place[other] for one, other in causes)
    uncertain = order.uncertain(order.order)
    for one, (time, clock) in enumerate(true):
        for other, (later, another) in enumerate(true):
            both_known = order.corrected[one] is not None and order.corrected[other] is not None
            if time < later and (both_known or clock == another):
                assert place[one] < place[other] or place[other] in uncertain[place[one]]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=20), st.data())
def test_any_causes_at_all_give_an_order_with_everything_in_it(
    causes: list[tuple[int, int]], data: st.DataObject
) -> None:
    moments = [
        at(data.draw(st.sampled_from(["a", "b", "x", None])), data.draw(st.integers(-200, 200)))
        for _ in range(7)
    ]

    order = Order(moments, causes, AHEAD)

    assert sorted(order.order) == list(range(7))
    place = {number: at for at, number in enumerate(order.order)}
    for one in range(7):
        for other in range(7):
            if one != other and order.before(one, other):
                assert place[one] < place[other]
