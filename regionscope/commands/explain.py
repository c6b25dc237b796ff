"""The command explain: why an error happened, or all errors of a user."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from regionscope import output
from regionscope.commands.common import (
    AsJson,
    ConfigFile,
    Failure,
    StoreUri,
    Until,
    open_session,
    rows_of,
    window_of,
)

app = typer.Typer()

_INDENT = " " * 8

Id = Annotated[str | None, typer.Argument(help="A request id, or a trace id in any form.")]
User = Annotated[str | None, typer.Option(help="All errors of a user, as your application knows them.")]
Since = Annotated[
    str | None, typer.Option(help="30m, 24h or 7d ago, or an ISO time; 24h if absent, all times for an ID.")
]


@app.command()
def explain(
    id: Id = None,
    user: User = None,
    since: Since = None,
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print the likely reasons of an error, best first, with the records they rest on."""
    if id is not None and user is not None:
        raise Failure("an ID and --user at once", "name the request, or the user for all errors of theirs")
    window: dict[str, datetime] = {}
    if since or id is None:
        window = window_of(since or "24h", until)
    with open_session(config, store) as session:
        rows = rows_of(session.explain(id, user=user, **window))
    if as_json:
        output.print_json(rows)
    elif rows:
        for row in rows:
            _print(row)
        output.out.print(_summary(rows))
    else:
        output.err.print("no error" + (f" since {since or '24h'}" if window else " of this request or trace"))


def _print(row: dict[str, Any]) -> None:
    """The error in one line, then each reason with its confidence, then what it rests on."""
    told = ("time", "region", "service", "http_status", "error_type", "request_id")
    shown = [output.plain(row[name]) for name in told if row[name] is not None]
    output.out.print(Text("  ".join(shown), style="red"))
    output.out.print(Text(f"  {output.plain(row['message'])}"))
    for number, reason in enumerate(row["reasons"]):
        for line in _lines(reason):
            output.out.print(Text(line, style="" if number else "bold"))
        for one in reason["evidence"]:
            output.out.print(Text(f"{_INDENT}{_evidence(one)}", style="dim"))
    output.out.print()


def _lines(reason: dict[str, Any]) -> Iterator[str]:
    """A reason in lines that a terminal has room for: of its sentence nothing is left out."""
    first, *others = textwrap.wrap(f"{reason['name']}: {reason['sentence']}", 100)
    yield f"  {reason['confidence']:4.0%}  {output.plain(first)}"
    for line in others:
        yield f"{_INDENT}{output.plain(line)}"


def _evidence(one: dict[str, Any]) -> str:
    id = f"  {output.plain(one['id'])}" if one["id"] else ""
    return f"{one['table']}  {output.plain(one['time'])}  {one['region']}  {output.plain(one['says'])}{id}"


def _summary(rows: Sequence[dict[str, Any]]) -> str:
    counts = Counter(row["reason"] for row in rows)
    errors = "1 error" if len(rows) == 1 else f"{len(rows)} errors"
    return f"{errors}: " + ", ".join(f"{name} {count}" for name, count in counts.most_common())
