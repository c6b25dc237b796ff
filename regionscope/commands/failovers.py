"""Commands about failovers: failovers, failover-report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from regionscope import output
from regionscope.commands.common import (
    AsJson,
    ConfigFile,
    Failure,
    Since,
    StoreUri,
    Until,
    open_session,
    print_rows,
    rows_of,
    window_of,
)

app = typer.Typer()

INCIDENT = (
    *("started", "kind", "layer", "from", "to", "state", "RTO", "RTO is", "RPO", "RPO is"),
    *("lost", "users", "drill", "evidence", "id"),
)

FORMATS = (".html", ".md")


@app.command()
def failovers(
    since: Since = "24h",
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print failovers, switchovers, outages and drills: how long they took, and what was lost."""
    with open_session(config, store) as session:
        rows = rows_of(session.failovers(**window_of(since, until)))
    nothing = f"no failover, outage or drill since {since}"
    print_rows(rows, INCIDENT, as_json, nothing, _incident, _colour)


@app.command("failover-report")
def failover_report(
    id: Annotated[str, typer.Argument(help="The id of an incident, as `failovers` prints it.")],
    out: Annotated[Path | None, typer.Option(help="File to write: .html or .md.")] = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of an incident or GameDay, or print it as Markdown."""
    if out and out.suffix not in FORMATS:
        raise Failure(f"--out is {out}: must end with {' or '.join(FORMATS)}")
    with open_session(config, store) as session:
        try:
            report = session.failover_report(id)
        except LookupError as error:
            raise Failure(str(error.args[0]), "regionscope failovers prints the ids") from None
    if out:
        out.write_text(report.html if out.suffix == ".html" else report.markdown, encoding="utf-8")
    if as_json:
        output.print_json({"title": report.title, "out": out and str(out), "markdown": report.markdown})
    elif out:
        output.out.print(f"{report.title}: {out}", markup=False)
    else:
        output.out.print(report.markdown, markup=False, end="")


def _incident(row: dict[str, Any]) -> dict[str, Any]:
    """A row of failovers() as the columns shown to people."""
    return {
        **row,
        "from": row["from_region"],
        "to": row["to_region"],
        "state": f"{row['state']}, {'open' if row['open'] else 'over'}",
        "RTO": _measured(row, "rto"),
        "RTO is": row["rto_status"],
        "RPO": _measured(row, "rpo"),
        "RPO is": row["rpo_status"],
        "lost": row["rpo_lost"],
        "users": row["users_affected"],
        "drill": "drill" if row["drill"] else None,
        "evidence": sorted({sign["kind"] for sign in row["evidence"]}),
    }


def _measured(row: dict[str, Any], name: str) -> str | None:
    value = row[f"{name}_s"]
    return None if value is None else f"{value:.0f}s ±{row[f'{name}_bound_s']:.0f}s"


def _colour(row: output.Row) -> str:
    if "missed" in (row["RTO is"], row["RPO is"]):
        return "red"
    return "yellow" if row["state"].endswith("open") else ""
