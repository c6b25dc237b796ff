"""Commands that ask the store: find-user, request, patterns, systems, sql."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from queries.systems import states as systems_of
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
from regionscope.config import resolve

app = typer.Typer()

Requests = Annotated[
    bool, typer.Option("--requests", help="Also what the user's requests logged without naming them.")
]
Errors = Annotated[bool, typer.Option("--errors", help="Errors only.")]

RECORD = ("time", "region", "service", "severity", "status", "error_type", "request_id", "message")
SYSTEM = ("system", "signal", "received", "missing", "reason", "next")
PATTERN = ("count", "users", "regions", "service", "error_type", "first_seen", "last_seen", "example")


@app.command("find-user")
def find_user(
    user: Annotated[str, typer.Argument(help="The user as your application knows them, in the clear.")],
    errors: Errors = False,
    requests: Requests = False,
    since: Since = "24h",
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print all records of a user over all regions, in time order."""
    with open_session(config, store) as session:
        find = session.user_requests if requests else session.find_user
        rows = rows_of(find(user, **window_of(since, until), errors_only=errors))
    print_records(rows, as_json, nothing=f"no record of this user since {since}")


@app.command()
def request(
    id: Annotated[str, typer.Argument(help="A request id, or a trace id in any form.")],
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print all records of a request or trace over all regions, in time order."""
    with open_session(config, store) as session:
        rows = rows_of(session.request(id))
    print_records(rows, as_json, nothing="no record of this request or trace")


@app.command()
def patterns(
    since: Since = "24h",
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print errors that differ only in values as one line each, most frequent first."""
    with open_session(config, store) as session:
        rows = rows_of(session.error_patterns(**window_of(since, until)))
    print_rows(rows, PATTERN, as_json, nothing=f"no errors since {since}")


@app.command()
def systems(
    since: Since = "24h",
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print what arrives of each system from which region, and what is missing, why, and what to do."""
    settings = resolve(config, store)
    window = window_of(since, None)
    with open_session(config, store) as session:
        states = [*map(asdict, systems_of(session, sorted(settings.regions), window["since"]))]
    print_rows(states if as_json else output.systems(states, datetime.now(UTC)), SYSTEM, as_json)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="DuckDB SQL over the tables and macros; read-only.")],
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print the rows of a query."""
    with open_session(config, store) as session:
        relation = session.sql(query)
        rows = rows_of(relation) if relation is not None else []
    print_rows(rows, list(rows[0]) if rows else (), as_json)


def print_records(rows: list[dict[str, Any]], as_json: bool, nothing: str) -> None:
    print_rows(rows, RECORD, as_json, nothing, output.record)
    if rows and not as_json:
        output.out.print(output.summary(rows))
