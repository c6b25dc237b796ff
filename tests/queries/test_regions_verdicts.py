"""From counts to a state."""

from __future__ import annotations

from typing import Any

import pytest

from queries import verdicts
from queries.settings import HealthRules
from queries.verdicts import Verdict

RULES = HealthRules()
FINE: dict[str, Any] = {
    "requests": 1000,
    "error_ratio": 0.0,
    "throttles": 0,
    "p99_ms": 100.0,
    "log_records": 5000,
    "log_error_ratio": 0.0,
}
REGION: dict[str, Any] = {"checks": [], "headroom": None}


@pytest.mark.parametrize(
    ("counted", "verdict"),
    [
        ({}, Verdict("healthy")),
        ({"throttles": None, "p99_ms": None, "log_error_ratio": None}, Verdict("healthy")),
        ({"error_ratio": 0.0199}, Verdict("healthy")),
        ({"error_ratio": 0.02}, Verdict("degraded", ("2.0% of 1000 requests failed",))),
        ({"error_ratio": 0.5}, Verdict("down", ("50.0% of 1000 requests failed",))),
        ({"p99_ms": 10_000.0}, Verdict("degraded", ("p99 is 10000 ms",))),
        ({"throttles": 10}, Verdict("degraded", ("10 requests were throttled",))),
        ({"log_error_ratio": 0.05}, Verdict("degraded", ("5.0% of 5000 log records are errors",))),
        ({"requests": 49, "error_ratio": 1.0}, Verdict("unknown", ("only 49 requests",))),
        ({"error_ratio": None}, Verdict("unknown", ("of 1000 requests no errors are known",))),
        ({"requests": 0, "error_ratio": None}, Verdict("unknown", ("no requests are known",))),
        ({"requests": None, "error_ratio": None}, Verdict("unknown", ("no requests are known",))),
        (
            {"requests": 0, "error_ratio": None, "throttles": 80},
            Verdict("degraded", ("80 requests were throttled",)),
        ),
    ],
)
def test_a_service_is_judged_by_what_is_known_of_it(counted: dict[str, Any], verdict: Verdict) -> None:
    assert verdicts.of_service(FINE | counted, RULES) == verdict


@pytest.mark.parametrize(
    ("services", "told", "silence", "verdict"),
    [
        (["healthy", "unknown"], {}, None, Verdict("healthy")),
        (["unknown"], {}, None, Verdict("unknown", ("no requests are known",))),
        (["down", "down", "unknown"], {}, None, Verdict("down", ("all its services are down",))),
        (["down", "healthy"], {}, None, Verdict("degraded", ("1 of 2 services are not healthy",))),
        (["healthy"], {"headroom": 0.1}, None, Verdict("degraded", ("10% of the concurrency is left",))),
        (["healthy"], {}, "it is dark", Verdict("unknown", ("it is dark",))),
        (
            ["healthy"],
            {"checks": [{"id": "a", "healthy": False}, {"id": "b", "healthy": True}]},
            None,
            Verdict("degraded", ("health check a is unhealthy",)),
        ),
        (
            ["healthy"],
            {"checks": [{"id": "a", "healthy": False}]},
            "it is dark",
            Verdict("down", ("health check a is unhealthy",)),
        ),
        (["healthy"], {"checks": [{"id": "a", "healthy": None}]}, None, Verdict("healthy")),
    ],
)
def test_a_region_is_judged_by_its_services_its_checks_and_its_headroom(
    services: list[verdicts.State], told: dict[str, Any], silence: str | None, verdict: Verdict
) -> None:
    assert verdicts.of_region(REGION | told, services, silence, RULES) == verdict


@pytest.mark.parametrize(
    ("signals", "silence"),
    [
        ([], "there is no data"),
        ([("events", 5.0), ("probes", 5.0)], "there is no data"),
        ([("logs", 900.0), ("metrics", 1200.0)], "the newest data is 15 minutes old"),
        ([("logs", 9000.0), ("metrics", 60.0)], None),
    ],
)
def test_a_region_is_silent_when_nothing_that_shows_life_is_fresh(
    signals: list[tuple[str, float]], silence: str | None
) -> None:
    freshness = [{"signal": signal, "age_s": age} for signal, age in signals]

    assert verdicts.silence(freshness, RULES) == silence
