from __future__ import annotations

from demo.drills import drill
from demo.probes import INTERVAL, probes, row
from demo.regions import NAMES, WRITER

START, END = 1_763_629_200.0, 1_763_629_800.0


def test_every_store_is_probed_each_minute_between_every_two_regions_it_replicates_between() -> None:
    told = list(probes(1, START, END))
    minutes = (END - START) / INTERVAL

    for resource, pairs in (("shop-sessions", 6), ("shop-files", 6), ("shop", 2)):
        mine = [probe for probe in told if probe.kind.name == resource]
        assert len(mine) == minutes * pairs
    assert {probe.source for probe in told if probe.kind.name == "shop"} == {WRITER}
    assert {probe.target for probe in told} == set(NAMES)


def test_the_true_lag_is_within_the_bound_of_the_measured_one() -> None:
    for probe in probes(1, START, END):
        told = row(probe)
        if told["outcome"] == "visible":
            assert abs(told["lag_ms"] - probe.lag * 1000) <= told["error_bound_ms"] + 1e-6
        else:
            assert probe.lag > 30
            assert (told["lag_ms"], told["error_bound_ms"]) == (None, None)


def test_the_drill_shows_in_the_probes_of_its_pair_alone() -> None:
    told = drill(START, END)
    lags = {
        (probe.source, probe.target): probe.lag
        for probe in probes(1, START, END)
        if probe.kind.name == "shop-sessions" and told.start <= probe.written < told.start + INTERVAL
    }

    assert lags[told.source, told.target] > 20
    assert max(lag for pair, lag in lags.items() if pair != (told.source, told.target)) < 10
