"""The section [health]."""

from __future__ import annotations

from typing import Any

import pytest

from queries.settings import HealthRules
from regionscope.config import ConfigError, parse


def test_limits_that_are_absent_are_those_of_the_rules() -> None:
    assert parse({"store": "s"}).health.rules() == HealthRules()

    told = {"down_errors": 0.9, "concurrency": 500, "checks": {"c-1": "eu-west-1"}}
    rules = parse({"store": "s", "health": told}).configured().settings.health

    assert rules == HealthRules(down_errors=0.9, concurrency=500, checks={"c-1": "eu-west-1"})


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"down_errors": 1.5}, "health.down_errors is 1.5"),
        ({"judged_from": 0}, "health.judged_from is 0"),
        ({"stale_after_s": 0}, "health.stale_after_s is 0"),
        ({"checks": {"c-1": "Ireland"}}, "health.checks.c-1 is 'Ireland'"),
        ({"red_errors": 0.1}, "health.red_errors is not a known key"),
    ],
)
def test_a_wrong_limit_is_named(told: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named.replace("[", r"\[")):
        parse({"store": "s", "health": told})
