from __future__ import annotations

from random import Random
from statistics import median, quantiles

import pytest

from demo.regions import NAMES
from demo.replication import DATABASE, FILES, KEPT, SESSIONS, TRACKER, Kind, Replicated

EU, US, AP = NAMES
FOREVER = 1e6


@pytest.fixture
def sessions() -> Replicated:
    return Replicated(SESSIONS, Random(1))


def test_a_write_is_seen_at_once_where_it_was_made_and_elsewhere_after_the_lag(sessions: Replicated) -> None:
    written = sessions.write("cart", EU, 100.0)

    assert sessions.read("cart", EU, 100.0) == written
    assert sessions.read("cart", US, written.visible[US] - 1e-6) is None
    assert sessions.read("cart", US, written.visible[US]) == written


def test_of_two_concurrent_writes_the_last_one_wins_everywhere(sessions: Replicated) -> None:
    before = sessions.place("cart", EU, 0.0)
    one = sessions.write("cart", EU, 100.0)
    other = sessions.write("cart", US, 100.1)

    assert (one.number, other.number) == (2, 2)
    assert one.based_on == other.based_on == before.name
    assert [sessions.read("cart", region, FOREVER) for region in NAMES] == [other] * 3
    assert not sessions.follows("cart", other, one)
    assert sessions.follows("cart", other, before)


def test_a_write_that_knew_the_other_follows_it(sessions: Replicated) -> None:
    one = sessions.write("cart", EU, 100.0)
    other = sessions.write("cart", US, one.visible[US])
    third = sessions.write("cart", US, one.visible[US] + 1)

    assert sessions.follows("cart", other, one)
    assert sessions.follows("cart", third, one)
    assert not sessions.follows("cart", one, other)


def test_a_region_never_numbers_two_writes_alike_even_after_its_write_was_overwritten(
    sessions: Replicated,
) -> None:
    names = []
    for turn in range(30):
        region = NAMES[turn % 2]
        names.append(sessions.write("cart", region, turn * 0.4).name)

    assert len(set(names)) == len(names)


def test_only_the_latest_versions_are_remembered_and_older_ones_still_count_as_known(
    sessions: Replicated,
) -> None:
    first = sessions.write("cart", EU, 0.0)
    versions = [sessions.write("cart", EU, float(turn)) for turn in range(1, 3 * KEPT)]

    assert sessions.follows("cart", versions[-1], first)


def test_a_forgotten_key_is_gone(sessions: Replicated) -> None:
    sessions.place("cart", EU, 0.0)
    sessions.forget("cart")

    assert sessions.read("cart", EU, FOREVER) is None


@pytest.mark.parametrize("kind", [SESSIONS, TRACKER, FILES, DATABASE], ids=lambda kind: kind.name)
def test_lags_scatter_around_their_median_and_are_never_negative(kind: Kind) -> None:
    store = Replicated(kind, Random(5))
    lags = [store.lag() for _ in range(4000)]

    assert min(lags) > 0
    assert median(lags) == pytest.approx(kind.lag, rel=0.1)
    assert quantiles(lags, n=100)[98] < 6 * kind.lag
