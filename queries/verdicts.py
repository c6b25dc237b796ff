"""From what was counted to a state: the rules by which a service or a region is down, degraded or healthy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from queries.settings import HealthRules

State = Literal["down", "degraded", "unknown", "healthy"]
SEVERITY: tuple[State, ...] = ("down", "degraded", "unknown", "healthy")

_SHOWING_LIFE = ("logs", "spans", "metrics")  # events and probes may rightly be rare

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state and, unless all is well, why."""

    state: State
    reasons: tuple[str, ...] = ()


def of_service(row: Row, rules: HealthRules) -> Verdict:
    """By its errors, throttles, latency and logged errors. Without requests only what is bad is known."""
    if _is_over(row["error_ratio"], rules.down_errors, row["requests"], rules):
        return Verdict("down", (_failing(row),))
    if reasons := tuple(_service_faults(row, rules)):
        return Verdict("degraded", reasons)
    if not row["requests"]:
        return Verdict("unknown", ("no requests are known",))
    if row["error_ratio"] is None:
        return Verdict("unknown", (f"of {row['requests']} requests no errors are known",))
    if row["requests"] < rules.judged_from:
        return Verdict("unknown", (f"only {row['requests']} requests",))
    return Verdict("healthy")


def _service_faults(row: Row, rules: HealthRules) -> Iterator[str]:
    requests, throttles = row["requests"] or 0, row["throttles"] or 0
    if _is_over(row["error_ratio"], rules.degraded_errors, requests, rules):
        yield _failing(row)
    tried = max(requests, throttles)
    if tried and _is_over(throttles / tried, rules.degraded_throttles, tried, rules):
        yield f"{throttles} requests were throttled"
    if _is_over(row["p99_ms"], rules.degraded_p99_ms, requests, rules):
        yield f"p99 is {row['p99_ms']:.0f} ms"
    if _is_over(row["log_error_ratio"], rules.degraded_log_errors, row["log_records"], rules):
        yield f"{row['log_error_ratio']:.1%} of {row['log_records']} log records are errors"


def _is_over(value: float | None, limit: float, counted: int | None, rules: HealthRules) -> bool:
    return value is not None and value >= limit and (counted or 0) >= rules.judged_from


def _failing(row: Row) -> str:
    return f"{row['error_ratio']:.1%} of {row['requests']} requests failed"


def of_region(row: Row, services: Collection[State], silence: str | None, rules: HealthRules) -> Verdict:
    """By its health checks, the states of its services and its headroom; unknown if its data is too old."""
    unhealthy = [check["id"] for check in row["checks"] if check["healthy"] is False]
    faults = [f"health check {id} is unhealthy" for id in unhealthy]
    if faults and len(faults) == len(row["checks"]):
        return Verdict("down", tuple(faults))
    if silence:
        return Verdict("unknown", (silence, *faults))
    known = [state for state in services if state != "unknown"]
    if known and set(known) == {"down"}:
        return Verdict("down", ("all its services are down",))
    if bad := sum(state != "healthy" for state in known):
        faults.append(f"{bad} of {len(known)} services are not healthy")
    if row["headroom"] is not None and row["headroom"] < rules.degraded_headroom:
        faults.append(f"{row['headroom']:.0%} of the concurrency is left")
    if faults:
        return Verdict("degraded", tuple(faults))
    return Verdict("healthy") if known else Verdict("unknown", ("no requests are known",))


def silence(freshness: Sequence[Row], rules: HealthRules) -> str | None:
    """Why the data of a region is too old to tell anything, if it is."""
    ages = [signal["age_s"] for signal in freshness if signal["signal"] in _SHOWING_LIFE]
    if not ages:
        return "there is no data"
    if min(ages) >= rules.stale_after_s:
        return f"the newest data is {min(ages) / 60:.0f} minutes old"
    return None
