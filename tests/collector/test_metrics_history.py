"""Which stretch of time is asked for: every minute once it is over, and again while it may still change."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collector.metrics import history
from collector.metrics.history import LAG, OVERLAP, STRETCH, Delivered, History, window
from store.objects import Store

NOW = 1_772_366_400


def test_a_mark_holds_the_history_as_it_is(local_store: Store) -> None:
    told = History(NOW, {"a": Delivered(NOW - 120, {NOW - 180: 1.5, NOW - 240: 0.0}), "b": Delivered(NOW)})

    history.write(local_store, "eu-west-1", told)

    assert history.read(local_store, "eu-west-1", NOW + 60) == told
    assert history.read(local_store, "us-east-1", NOW + 60) == History(NOW + 60)


def test_a_value_is_fresh_if_it_is_new_or_has_changed() -> None:
    delivered = Delivered(NOW, {NOW - 60: 1.0, NOW - 120: 2.0})

    assert delivered.fresh({NOW - 60: 1.0, NOW - 120: 2.5, NOW - 180: 3.0}) == {
        NOW - 120: 2.5,
        NOW - 180: 3.0,
    }


@given(
    period=st.sampled_from([60, 300, 3600, 86_400]),
    runs=st.lists(
        st.tuples(st.integers(0, 100_000) | st.integers(0, 300), st.booleans()), min_size=1, max_size=40
    ),
)
def test_every_period_is_read_and_again_while_it_may_change(
    period: int, runs: list[tuple[int, bool]]
) -> None:
    now = NOW
    first = delivered = Delivered(NOW - 3600)
    asked: list[tuple[int, int]] = []
    for pause, answered in runs:
        now += pause
        stretch = window(delivered, period, now)
        if stretch is None:
            assert delivered.until > now - LAG - period
            continue
        start, end = stretch
        assert start % period == end % period == 0
        assert start <= delivered.reread < delivered.until < end <= now - LAG
        assert end - start <= max(STRETCH, 2 * period)
        if answered:
            asked.append(stretch)
            delivered = delivered.after({}, end, period)
    assert all(later[0] <= earlier[1] - OVERLAP for earlier, later in pairwise(asked))
    assert not asked or asked[0][0] <= first.reread


@given(st.dictionaries(st.integers(0, 200).map(lambda number: NOW - 60 * number), st.floats(allow_nan=False)))
def test_what_is_read_again_is_never_shipped_again(points: dict[int, float]) -> None:
    delivered = Delivered(NOW - 3600).after(points, NOW, 60)

    start, _ = window(delivered, 60, NOW + LAG + 60) or (0, 0)
    read_again = {time: value for time, value in points.items() if time >= start}

    assert delivered.fresh(read_again) == {}
