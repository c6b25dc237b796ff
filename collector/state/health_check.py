"""Route 53 health checks, which tell nobody when they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from collector import arn
from collector.refusal import REFUSALS, reason
from collector.state.change import Change, gone, sentence
from collector.state.observation import Facts, Observation, facts
from collector.state.routing import GLOBAL

NOUN = "Health check"
HEALTHY_ABOVE = 0.18  # share of checkers that must succeed (Route 53 developer guide)
_DERIVED = {"CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"}  # of which no checker reports


def look(client: Callable[[str], Any], ids: Sequence[str]) -> Observation:
    """GetHealthCheck and GetHealthCheckStatus of each."""
    found, route53 = Observation(), client("route53")
    for id in ids:
        try:
            known = _look(route53, id)
        except REFUSALS as error:
            if not (isinstance(error, ClientError) and reason(error) == "NoSuchHealthCheck"):
                found.is_unknown(id, reason(error))
        else:
            if known is None:
                found.is_unknown(id, "no checker has reported yet")
            else:
                found.subjects[id] = known
    return found


def _look(route53: Any, id: str) -> Facts | None:
    config = route53.get_health_check(HealthCheckId=id)["HealthCheck"]["HealthCheckConfig"]
    target = config.get("FullyQualifiedDomainName") or config.get("IPAddress")
    told = facts(type=config.get("Type"), target=target, region=arn.region_in(target))
    if config.get("Type") in _DERIVED:
        return told
    if config.get("Disabled"):
        return told | {"status": "healthy", "disabled": "true"}  # which Route 53 takes for healthy
    reports = route53.get_health_check_status(HealthCheckId=id).get("HealthCheckObservations", ())
    healthy = _healthy(reports)
    if healthy is None:
        return None
    return told | {"status": "healthy" if healthy != bool(config.get("Inverted")) else "unhealthy"}


def _healthy(reports: Sequence[Mapping[str, Any]]) -> bool | None:
    statuses = [(report.get("StatusReport") or {}).get("Status") for report in reports]
    known = [status for status in statuses if status]
    if not known:
        return None
    successes = sum(str(status).startswith("Success") for status in known)
    return successes / len(known) > HEALTHY_ABOVE


def describe(subject: str, before: Facts | None, after: Facts | None) -> Change:
    here = (after or before or {}).get("region") or GLOBAL
    if after is None:
        return replace(gone(NOUN, subject, here), kind="health_check")
    status = after.get("status", "not_checked")
    if before is None:
        title = f"{NOUN} {subject} is seen for the first time: it is {status}."
    elif before.get("status") != after.get("status"):
        title = f"{NOUN} {subject} went from {before.get('status', 'not_checked')} to {status}."
    else:
        title = sentence(NOUN, subject, before, after)
    return Change("health_check", status, title, here)
