"""The section [state] says what is looked at, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from collector.state.poll import Watched
from collector.state.tracker import Tracker
from regionscope.config import ConfigError, parse

TRACKER = {
    "region": "eu-west-1",
    "table": "files",
    "source_bucket": "files-eu",
    "target_bucket": "files-us",
    "target_region": "us-east-1",
}


def state(**keys: Any) -> Any:
    return parse({"store": "s", "state": keys}).state


def test_by_default_nothing_is_looked_at() -> None:
    config = parse({"store": "s"}).state

    assert config.watched() == Watched()
    assert config.trackers_of("eu-west-1") == ()


def test_what_is_named_is_what_the_poller_gets() -> None:
    check = "abcdef11-2222-3333-4444-555555fedcba"
    named = {"tables": ["sessions"], "hosted_zones": ["Z0123456789ABC"], "health_checks": [check]}
    config = state(aurora=True, elasticache=True, **named)

    assert config.watched() == Watched(True, True, ("sessions",), ("Z0123456789ABC",), (check,))


def test_a_tracker_is_read_in_its_own_region_only() -> None:
    config = state(trackers=[TRACKER, TRACKER | {"region": "ap-southeast-1", "key": "object", "sample": 5}])

    (tracker,) = config.trackers_of("ap-southeast-1")
    assert isinstance(tracker, Tracker)
    assert (tracker.table, tracker.key, tracker.state, tracker.sample) == ("files", "object", "state", 5)
    assert len(config.trackers_of("eu-west-1")) == 1
    assert config.trackers_of("us-east-1") == ()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"tables": ["a b"]}, "state.tables.0 is 'a b': must be the name of a DynamoDB table"),
        ({"hosted_zones": ["/hostedzone/Z1"]}, "state.hosted_zones.0 is '/hostedzone/Z1': must be the id"),
        ({"health_checks": ["x"]}, "state.health_checks.0 is 'x': must be the id of a health check"),
        ({"auroras": True}, "state.auroras is not a known key"),
        ({"trackers": [{"table": "files"}]}, "state.trackers.0.region is missing"),
        (
            {"trackers": [TRACKER | {"target_region": "eu-west-1"}]},
            "state.trackers.0: target_region is 'eu-west-1': must be another one than region",
        ),
        ({"trackers": [TRACKER | {"sample": 5000}]}, "state.trackers.0.sample is 5000"),
    ],
)
def test_what_is_wrong_is_named_with_its_rule(keys: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        state(**keys)

    assert sentence in str(error.value)
