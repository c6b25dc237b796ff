"""Commands about the regions: health, lag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from regionscope import output
from regionscope.commands.common import (
    AsJson,
    ConfigFile,
    Since,
    StoreUri,
    Until,
    open_session,
    print_rows,
    rows_of,
    window_of,
)

app = typer.Typer()

HEALTH = (
    *("region", "service", "state", "requests", "errors", "p50", "p99", "throttles", "logged errors"),
    *("headroom", "health checks", "newest", "why"),
)
LAG = (
    *("layer", "resource", "from", "to", "metric", "p50", "p99", "max", "last"),
    *("probes", "timeouts", "probe p50", "probe p99", "probe max", "±"),
)

_COLOURS = {"down": "red", "degraded": "yellow", "unknown": "magenta"}


@app.command()
def health(
    since: Since = "1h",
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print whether each region and its services are well, the worst first, and why not."""
    with open_session(config, store) as session:
        rows = rows_of(session.health(**window_of(since, until)))
    nothing = f"no region is configured, and nothing came from any since {since}"
    print_rows(rows, HEALTH, as_json, nothing, _health, _colour)


@app.command()
def lag(
    since: Since = "1h",
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print how far the regions are behind each other, by metrics and by probes."""
    with open_session(config, store) as session:
        rows = rows_of(session.lag(**window_of(since, until)))
    print_rows(rows, LAG, as_json, f"no metric and no probe of replication since {since}", _lag)


def _colour(row: output.Row) -> str:
    return _COLOURS.get(row["state"], "")


def _health(row: dict[str, Any]) -> dict[str, Any]:
    """A row of health() as the columns shown to people."""
    return {
        **row,
        "service": row["service"] or "(all)",
        "errors": _share(row["error_ratio"]),
        "p50": _time(row["p50_ms"]),
        "p99": _time(row["p99_ms"]),
        "logged errors": _share(row["log_error_ratio"]),
        "headroom": _share(row["headroom"]),
        "health checks": _checks(row["checks"] or ()),
        "why": "; ".join(row["reasons"]) or None,
    }


def _checks(checks: Sequence[dict[str, Any]]) -> str | None:
    healthy = sum(check["healthy"] is True for check in checks)
    return f"{healthy} of {len(checks)} healthy" if checks else None


def _lag(row: dict[str, Any]) -> dict[str, Any]:
    """A row of lag() as the columns shown to people."""
    return {
        **row,
        "from": row["source_region"],
        "to": row["target_region"],
        "metric": row["metric"] and row["metric"].rpartition("/")[2],
        **{name: _time(row[f"metric_{name}_ms"]) for name in ("p50", "p99", "max", "last")},
        **{f"probe {name}": _time(row[f"probe_{name}_ms"]) for name in ("p50", "p99", "max")},
        "±": _time(row["probe_error_bound_ms"]),
    }


def _share(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


def _time(ms: float | None) -> str | None:
    if ms is None:
        return None
    return f"{ms:.0f}ms" if ms < 1000 else f"{ms / 1000:.1f}s"
