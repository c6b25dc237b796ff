"""Whether each region and its services are well: what they answered and refused, and how fresh the data is.

A row without a service is of a region as a whole. What is not known is null, and a state that follows from
nothing is unknown: no data is never a sign of health.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from queries import verdicts
from queries.answers import SINCE, UNTIL, Answer, Column, Reader, Row, window
from queries.settings import HealthRules, Settings

NOWHERE = "global"  # the region of what is in none, or in none that is known

_OF_NO_REGION = "it is no region; one of a health check can be named under [health.checks]"
_COUNTING = ("logs", "metrics", "spans")  # the tables that tell of requests; of equals the first is believed

Told = Mapping[str, Row]  # what each table says of one service, by table
Services = Mapping[str | None, Told]  # of one region; None is the region itself


def health(
    reader: Reader, settings: Settings, since: datetime | None, until: datetime | None
) -> Iterator[Row]:
    """One row per region, followed by one per service of it; the worst come first. Default: the last hour."""
    since, until = window(since, until)
    span = {"since": since, "until": until}

    def ask(macro: str) -> list[Row]:
        return reader.rows(f"from {macro}(since := $since, until := $until)", **span)

    told = {table: ask(f"health_of_{table}") for table in _COUNTING}
    services = _services(told)
    newest = [*_signed(told, "logs"), *_signed(told, "spans"), *ask("newest_signals")]
    freshness = _freshness(newest, until)
    checks = _checks(ask("health_checks"), settings.health)
    regions = [
        _region(region, services.get(region, {}), freshness.get(region, []), checks.get(region, []), settings)
        for region in {*settings.regions, *services, *freshness, *checks}
    ]
    for rows in sorted(regions, key=lambda rows: _order(rows[0])):
        yield from rows


def _services(told: Mapping[str, Iterable[Row]]) -> dict[str, dict[str | None, dict[str, Row]]]:
    """What each table says of each service of each region.

    X-Ray calls an API of API Gateway by its name and stage: `shop/prod` is `shop`, where that is known.
    """
    services: dict[str, dict[str | None, dict[str, Row]]] = defaultdict(lambda: defaultdict(dict))
    for table in _COUNTING:
        for row in sorted(told[table], key=lambda row: row["service"] or ""):
            known, service = services[row["region"]], row["service"]
            name = service.partition("/")[0] if service and table == "spans" else service
            known[name if name in known and table not in known[name] else service][table] = row
    return services


def _signed(told: Mapping[str, Iterable[Row]], table: str) -> Iterator[Row]:
    return ({**row, "signal": table} for row in told[table])


def _freshness(rows: Iterable[Row], until: datetime) -> dict[str, list[Row]]:
    """The newest of each signal of each region: what it is about, when it was received, and how long ago."""
    newest: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    for row in rows:
        place, times = (row["region"], row["signal"]), (row["newest"], row["received"])
        before = newest.get(place, times)
        newest[place] = max(before[0], times[0]), max(before[1], times[1])
    freshness: dict[str, list[Row]] = defaultdict(list)
    for (region, signal), (time, received) in sorted(newest.items()):
        values = (signal, time, received, _age(time, until), _age(received, until))
        freshness[region].append(dict(zip(_SIGNAL, values, strict=True)))
    return freshness


def _age(time: datetime, until: datetime) -> float:
    """Seconds; what came after the end, or from a clock that is ahead, is new."""
    return max((until - time).total_seconds(), 0.0)


def _checks(found: Iterable[Row], rules: HealthRules) -> dict[str, list[Row]]:
    """The health checks of each region: as the configuration says, else as the events do."""
    checks: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        region = rules.checks.get(row["id"]) or row["region"] or NOWHERE
        checks[region].append({name: row[name] for name in _CHECK})
    return checks


def _region(
    region: str, services: Services, freshness: list[Row], checks: list[Row], settings: Settings
) -> list[Row]:
    """The row of a region, and those of its services."""
    rules = settings.health
    rows = [_service(region, name, told, rules) for name, told in services.items() if name is not None]
    own = services.get(None, {}).get("metrics", {})
    whole = {
        "region": region,
        "throttles": own.get("throttles"),
        "claimed_concurrency": own.get("claimed"),
        "headroom": _headroom(own.get("claimed"), rules.concurrency),
        "newest": max((signal["newest"] for signal in freshness), default=None),
        "checks": checks,
        "freshness": freshness,
    }
    silence = _OF_NO_REGION if region == NOWHERE else verdicts.silence(freshness, rules)
    verdict = verdicts.of_region(whole, [row["state"] for row in rows], silence, rules)
    whole |= {"state": verdict.state, "reasons": verdict.reasons}
    if silence:
        rows = [row | {"state": "unknown", "reasons": (silence, *row["reasons"])} for row in rows]
    return [whole, *sorted(rows, key=_order)]


def _service(region: str, service: str, told: Told, rules: HealthRules) -> Row:
    """None of the tables counts a request twice and each may miss some: the one with the most is believed."""
    counting = [table for table in _COUNTING if told.get(table, {}).get("requests") is not None]
    table = max(counting, key=lambda table: told[table]["requests"], default=None)
    counted = told[table] if table else {}
    logs = told.get("logs", {})
    p50, p95, p99 = _latency(told, table) or (None, None, None)
    row = {
        "region": region,
        "service": service,
        "requests": counted.get("requests"),
        "errors": counted.get("errors"),
        "error_ratio": _ratio(counted.get("errors"), counted.get("requests")),
        "counted_by": table,
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "throttles": _first(told.get("metrics", {}).get("throttles"), logs.get("refused")),
        "log_records": logs.get("records"),
        "log_errors": logs.get("error_records"),
        "log_error_ratio": _ratio(logs.get("error_records"), logs.get("records")),
        "newest": max((each["newest"] for each in told.values() if "newest" in each), default=None),
    }
    verdict = verdicts.of_service(row, rules)
    return row | {"state": verdict.state, "reasons": verdict.reasons}


def _latency(told: Told, table: str | None) -> Sequence[float] | None:
    """p50, p95, p99 of the table that counted, or of another that has durations of single requests."""
    for each in (table, *_COUNTING):
        if each and (latency := told.get(each, {}).get("latency_ms")):
            return latency  # type: ignore[no-any-return]
    return None


def _ratio(part: int | None, whole: int | None) -> float | None:
    """None of nothing is unknown. ALB's own errors may be of requests that it never counted."""
    return None if part is None or not whole else min(part / whole, 1.0)


def _headroom(claimed: float | None, quota: int | None) -> float | None:
    return None if claimed is None or quota is None else 1 - claimed / quota


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _order(row: Row) -> tuple[bool, int, str, str]:
    severity = verdicts.SEVERITY.index(row["state"])
    return row["region"] == NOWHERE, severity, row["region"], row.get("service") or ""


_CHECK = {
    "id": "VARCHAR",
    "healthy": "BOOLEAN",
    "healthy_percent": "DOUBLE",
    "unhealthy_minutes": "BIGINT",
    "time": "TIMESTAMPTZ",
}
_SIGNAL = {
    "signal": "VARCHAR",
    "newest": "TIMESTAMPTZ",
    "received": "TIMESTAMPTZ",
    "age_s": "DOUBLE",
    "received_age_s": "DOUBLE",
}


def _structs(fields: Mapping[str, str]) -> str:
    return f"STRUCT({', '.join(f'{name} {type}' for name, type in fields.items())})[]"


HEALTH = Answer(
    "health",
    "Whether each region and service is well, the worst first. Without a service: the region as a whole.\n"
    "Requests are counted by the logs, the metrics or the spans, whichever saw the most: see the macros\n"
    "health_of_logs, health_of_metrics and health_of_spans. The limits are [health] of the configuration.\n"
    "  since, until   first instant and the one after the last; default: the last hour",
    (SINCE, UNTIL),
    (
        Column("region", "VARCHAR", "also a configured one of which nothing came; `global` if none is known"),
        Column("service", "VARCHAR", "API, load balancer, function or service.name; null: the region"),
        Column("state", "VARCHAR", "down, degraded, unknown or healthy"),
        Column("reasons", "VARCHAR[]", "why it is not healthy"),
        Column("requests", "BIGINT", "how many the service answered; null is unknown"),
        Column("errors", "BIGINT", "of these, how many failed: HTTP 5xx, or a function's errors"),
        Column("error_ratio", "DOUBLE", "errors of requests; null without requests"),
        Column("counted_by", "VARCHAR", "logs, metrics or spans: who counted the requests and errors"),
        Column("p50_ms", "DOUBLE", "latency: half of the requests took no longer"),
        Column("p95_ms", "DOUBLE", "95 of 100 took no longer"),
        Column("p99_ms", "DOUBLE", "99 of 100 took no longer; of single requests, never of averages"),
        Column("throttles", "BIGINT", "refused for want of capacity; of a region: by stores and user pools"),
        Column("log_records", "BIGINT", "records in the logs"),
        Column("log_errors", "BIGINT", "of these, how many are errors (see is_error)"),
        Column("log_error_ratio", "DOUBLE", "log_errors of log_records"),
        Column("claimed_concurrency", "DOUBLE", "the most concurrency of Lambda that was taken"),
        Column("headroom", "DOUBLE", "share of the account's quota that was left then"),
        Column("checks", _structs(_CHECK), "Route 53's health checks of the region, as they were last"),
        Column("newest", "TIMESTAMPTZ", "the newest log or span; of a region: the newest row of all"),
        Column("freshness", _structs(_SIGNAL), "per signal, its newest row and how old that was at the end"),
    ),
    health,
)
