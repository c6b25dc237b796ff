"""What commands share: their options, how they open a session, and what they say when they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer
from rich.progress import Progress

from queries import Session, connect
from regionscope import output
from regionscope.config import resolve
from regionscope.moment import moment

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Configuration file; ./regionscope.toml if there is one.")
]
StoreUri = Annotated[
    str | None, typer.Option("--store", help="Folder, file:// or s3:// URI; overrides the configuration.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: a stable contract, see docs/cli.md.")]
Since = Annotated[str, typer.Option(help="30m, 24h or 7d ago, or an ISO time.")]
Until = Annotated[str | None, typer.Option(help="As --since; now if absent.")]


class Failure(Exception):
    """What went wrong, as one sentence, and what to do about it."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


@contextmanager
def progress(what: str, total: float) -> Iterator[Callable[[float], None]]:
    """A bar on stderr, gone when done; its function takes how far the work has got."""
    with Progress(console=output.err, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def open_session(config: Path | None, store: str | None) -> Session:
    configured = resolve(config, store).configured()
    session = connect(configured.store, configured.zones, settings=configured.settings)
    for warning in session.warnings:
        output.err.print(f"warning: {warning}", style="yellow")
    return session


def window_of(since: str, until: str | None) -> dict[str, datetime]:
    now = datetime.now(UTC)
    try:
        window = {"since": moment(since, now)}
        return window | {"until": moment(until, now)} if until else window
    except ValueError as error:
        raise Failure(str(error)) from None


def rows_of(relation: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    names = relation.columns
    return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]


def print_rows(
    rows: Sequence[output.Row],
    columns: Sequence[str],
    as_json: bool,
    nothing: str | None = None,
    shown: Callable[[Any], output.Row] = lambda row: row,
    colour: Callable[[output.Row], str] | None = None,
) -> None:
    """Rows as JSON, or in a table as people are `shown` them; if there are none, `nothing` on stderr."""
    if as_json:
        output.print_json(rows)
    elif rows:
        output.print_table([shown(row) for row in rows], columns, colour)
    elif nothing:
        output.err.print(nothing, markup=False)


def print_result(result: dict[str, Any], as_json: bool) -> None:
    """A record as JSON, or as one `name: value` line per field, lists one item per line."""
    if as_json:
        output.print_json(result)
        return
    for name, value in result.items():
        if isinstance(value, list | tuple):
            output.out.print(f"{name}: {len(value)}", markup=False)
            for item in value:
                shown = (
                    " ".join(f"{key}={entry}" for key, entry in item.items())
                    if isinstance(item, dict)
                    else item
                )
                output.out.print(f"  {shown}", markup=False)
        else:
            output.out.print(f"{name}: {value}", markup=False)
