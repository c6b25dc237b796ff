"""Commands about whether the regions agree: consistency, lost-updates, anomalies."""

from __future__ import annotations

from typing import Annotated, Any

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

Sample = Annotated[int, typer.Option(min=1, help="Check one key in so many, the same in all regions.")]

GUARANTEE = (
    *("guarantee", "layer", "store", "mode", "written in", "read in"),
    *("eligible", "violations", "unknown", "kept", "counts as"),
)
LOST = (
    *("layer", "store", "key_hash", "status", "lost", "based on", "in", "at"),
    *("replaced by", "which is based on", "of", "of time", "clock fault", "counts as"),
)
ANOMALY = ("layer", "store", "key_hash", "kind", "operations", "counts as")

Row = dict[str, Any]


@app.command()
def consistency(
    since: Since = "1h",
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print how many reads and writes kept which guarantee, by store and pair of regions."""
    with open_session(config, store) as session:
        rows = rows_of(session.consistency(**window_of(since, until)))
    print_rows(
        rows, GUARANTEE, as_json, f"no operation on a store was logged since {since}", _guarantee, _colour
    )


@app.command("lost-updates")
def lost_updates(
    since: Since = "1h",
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print acknowledged writes that another region's write replaced without knowing them."""
    with open_session(config, store) as session:
        rows = rows_of(session.lost_updates(**window_of(since, until)))
    print_rows(rows, LOST, as_json, f"no lost update is known since {since}", _lost, _colour)


@app.command()
def anomalies(
    sample: Sample = 10,
    since: Since = "1h",
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print operations on one key that cannot have happened one after the other in any order."""
    with open_session(config, store) as session:
        rows = rows_of(session.anomalies(**window_of(since, until), sample=sample))
    print_rows(rows, ANOMALY, as_json, f"no anomaly in one key of {sample} since {since}", _anomaly, _colour)


def _colour(row: output.Row) -> str:
    if not row.get("violations", 1):
        return ""
    return "red" if row["counts as"] == "violation" else "yellow"


def _guarantee(row: Row) -> Row:
    """A row of consistency() as the columns shown to people."""
    return {
        **row,
        "written in": row["write_region"],
        "read in": row["read_region"],
        "kept": _share(row["ratio_least"], row["ratio_most"]),
        "counts as": row["expectation"],
    }


def _share(least: float | None, most: float | None) -> str | None:
    if least is None or most is None:
        return None
    return f"{least:.3%}" if least == most else f"{least:.3%} to {most:.3%}"


def _lost(row: Row) -> Row:
    return {
        **row,
        "lost": row["lost_version"],
        "based on": row["lost_based_on"],
        "in": row["lost_region"],
        "at": row["lost_time"],
        "replaced by": row["winner_version"],
        "which is based on": row["winner_based_on"],
        "of": row["winner_region"],
        "of time": row["winner_time"],
        "clock fault": "yes" if row["skew_inversion"] else None,
        "counts as": row["expectation"],
    }


def _anomaly(row: Row) -> Row:
    return {
        **row,
        "operations": " → ".join(
            f"{each['op']} {each['version']} in {each['region']}" for each in row["operations"]
        ),
        "counts as": row["expectation"],
    }
