"""The command about service level objectives: slo."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Annotated, Any

import typer

from regionscope.commands.common import (
    AsJson,
    ConfigFile,
    Failure,
    StoreUri,
    open_session,
    print_rows,
    rows_of,
)
from regionscope.moment import moment

app = typer.Typer()

At = Annotated[str | None, typer.Option(help="30m, 24h or 7d ago, or an ISO time; now if absent.")]

SLO = (
    *("slo", "region", "to", "target", "attained", "budget left", "burning", "alert", "exhausted in"),
    *("coverage", "state", "without drills", "why"),
)

_COLOURS = {"BREACHED": "red", "WARNING": "yellow", "NO DATA": "magenta"}


@app.command()
def slo(
    at: At = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print how every SLO stands, overall and per region or pair of regions: budget left, burning, alerts."""
    with open_session(config, store) as session:
        rows = rows_of(session.slo(at=_moment(at)))
    nothing = "the folder of the SLOs has none"
    print_rows(rows, SLO, as_json, nothing, _shown, lambda row: _COLOURS.get(row["state"], ""))


def _moment(at: str | None) -> datetime | None:
    try:
        return None if at is None else moment(at, datetime.now(UTC))
    except ValueError as error:
        raise Failure(str(error)) from None


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row of slo() as the columns shown to people."""
    overall = row["region"] is None
    return {
        **row,
        "region": "(all)" if overall else row["region"],
        "to": row["target_region"],
        "target": _share(row["target"]),
        "attained": _share(row["attainment"]),
        "budget left": _share(row["budget_left"], 1),
        "burning": _burn(row["burn_rates"] or ()),
        "exhausted in": _age(row["minutes_left"]),
        "coverage": _share(row["coverage"], 0),
        "without drills": row["state_without_drills"] if row["drill_minutes"] else None,
        "why": row["reason"] or (row["worst_region"] and f"worst: {row['worst_region']}"),
    }


def _share(share: float | None, digits: int = 3) -> str | None:
    """Rounded down: what is not reached must not look as if it were."""
    if share is None:
        return None
    percent = Decimal(repr(share)) * 100
    return f"{percent.quantize(Decimal(1).scaleb(-digits), ROUND_FLOOR)}%"


def _burn(rates: Any) -> str | None:
    rate = next((each["long"] for each in rates), None)
    return None if rate is None else f"{rate:.2f}"


def _age(minutes: float | None) -> str | None:
    if minutes is None:
        return None
    for size, unit in ((1440, "d"), (60, "h")):
        if minutes >= 2 * size:
            return f"{minutes / size:.0f}{unit}"
    return f"{minutes:.0f}m"
