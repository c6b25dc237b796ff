from __future__ import annotations

from functools import partial

from demo.timeline import Steps, Timeline


def run(timeline: Timeline) -> None:
    while timeline.step():
        pass


def test_processes_take_turns_in_the_order_of_time() -> None:
    timeline, told = Timeline(100), []

    def walker(name: str, pace: float) -> Steps[None]:
        for _ in range(3):
            yield pace
            told.append((timeline.now, name))

    timeline.spawn(walker("slow", 3))
    timeline.spawn(walker("fast", 2))
    run(timeline)

    assert told == [(102, "fast"), (103, "slow"), (104, "fast"), (106, "slow"), (106, "fast"), (109, "slow")]


def test_what_falls_on_one_instant_is_done_in_the_order_asked() -> None:
    timeline = Timeline(0)
    told: list[int] = []
    for number in range(20):
        timeline.after(1, partial(told.append, number))
    run(timeline)

    assert told == list(range(20))


def test_an_empty_timeline_stands_still() -> None:
    timeline = Timeline(7)

    assert not timeline.step()
    assert timeline.now == 7
