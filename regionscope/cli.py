"""The command line. Every command takes --config, --store and --json; errors are one sentence on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

import duckdb
import typer
from deltalake.exceptions import DeltaError
from obstore.exceptions import BaseError as ObjectError
from rich.progress import Progress

from collector.accounting import Accounting
from demo.shop import DEMO_USER, Parameters
from infra import local
from queries import Refused, Session, connect
from queries.systems import states as systems_of
from regionscope import check, output, tour
from regionscope.config import ConfigError, resolve
from regionscope.moment import moment
from store.commit import sweep
from store.compact import compact
from store.retention import expire
from store.tables import Busy
from store.verify import verify
from store.zone import KeyUnavailable

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Find any user's error in any region, and see whether the regions agree.",
)
store_app = typer.Typer(no_args_is_help=True, help="Look after the store.")
config_app = typer.Typer(no_args_is_help=True, help="Check the configuration file.")
app.add_typer(store_app, name="store")
app.add_typer(config_app, name="config")

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Configuration file; ./regionscope.toml if there is one.")
]
StoreUri = Annotated[
    str | None, typer.Option("--store", help="Folder, file:// or s3:// URI; overrides the configuration.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: a stable contract, see docs/cli.md.")]
Since = Annotated[str, typer.Option(help="30m, 24h or 7d ago, or an ISO time.")]
Until = Annotated[str | None, typer.Option(help="As --since; now if absent.")]
Requests = Annotated[
    bool, typer.Option("--requests", help="Also what the user's requests logged without naming them.")
]
Errors = Annotated[bool, typer.Option("--errors", help="Errors only.")]

RECORD = ("time", "region", "service", "severity", "status", "error_type", "request_id", "message")
SYSTEM = ("system", "signal", "received", "missing", "reason", "next")
PATTERN = ("count", "users", "regions", "service", "error_type", "first_seen", "last_seen", "example")


class Failure(Exception):
    """What went wrong, as one sentence, and what to do about it."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


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
    with _session(config, store) as session:
        find = session.user_requests if requests else session.find_user
        rows = _rows(find(user, **_window(since, until), errors_only=errors))
    _print_records(rows, as_json, nothing=f"no record of this user since {since}")


@app.command()
def request(
    id: Annotated[str, typer.Argument(help="A request id, or a trace id in any form.")],
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print all records of a request or trace over all regions, in time order."""
    with _session(config, store) as session:
        rows = _rows(session.request(id))
    _print_records(rows, as_json, nothing="no record of this request or trace")


@app.command()
def patterns(
    since: Since = "24h",
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print errors that differ only in values as one line each, most frequent first."""
    with _session(config, store) as session:
        rows = _rows(session.error_patterns(**_window(since, until)))
    if as_json:
        output.print_json(rows)
    elif rows:
        output.print_table(rows, PATTERN)
    else:
        output.err.print(f"no errors since {since}")


@app.command()
def systems(
    since: Since = "24h",
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print what arrives of each system from which region, and what is missing, why, and what to do."""
    settings = resolve(config, store)
    window = _window(since, None)
    with _session(config, store) as session:
        states = systems_of(session, sorted(settings.regions), window["since"])
    if as_json:
        output.print_json([asdict(state) for state in states])
        return
    output.print_table(output.systems(map(asdict, states), datetime.now(UTC)), SYSTEM)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="DuckDB SQL over the tables and macros; read-only.")],
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print the rows of a query."""
    with _session(config, store) as session:
        relation = session.sql(query)
        rows = _rows(relation) if relation is not None else []
    if as_json:
        output.print_json(rows)
    elif rows:
        output.print_table(rows, list(rows[0]))


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Log files, or folders of them.")],
    region: Annotated[
        str, typer.Option(help="The AWS region they come from, unless they say so themselves.")
    ],
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Collect log files: exports, `aws logs filter-log-events` output, S3 log objects, Lambda events."""
    settings = resolve(config, store)
    files = list(local.files(paths))
    with _progress("collecting", len(files)) as advance:
        accounting = local.ingest(settings, region, files, advance)
    output.print_json(accounting.counts())


@app.command()
def demo(
    directory: Annotated[
        Path, typer.Option("--dir", help="Where the demo keeps its files.")
    ] = tour.DIRECTORY,
    seed: Annotated[int, typer.Option(help="The same seed, start, minutes and rate give the same data.")] = 1,
    start: Annotated[
        str | None, typer.Option(help="When the simulated time begins; lately if absent.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.1, max=1440, help="Simulated minutes.")] = 10.0,
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Requests per second, all regions.")] = 20.0,
    once: Annotated[
        bool, typer.Option("--once", help="End when the answer is printed; for now it always does.")
    ] = False,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Run a simulated shop in three regions through the collectors, and find one user's errors."""
    now = datetime.now(UTC)
    duration = timedelta(minutes=minutes)
    try:
        begin = moment(start, now).replace(microsecond=0) if start else tour.lately(now, duration)
    except ValueError as error:
        raise Failure(str(error)) from None
    parameters = Parameters(seed, begin, duration, rate)
    stage = tour.set_up(directory)
    tour.write_truth(stage, parameters)
    with _progress("simulating", minutes * 60) as advance:
        collected = tour.collect(stage, parameters, lambda time: advance(time - begin.timestamp()))
    with _session(stage.file, None) as session:
        rows = _rows(session.find_user(DEMO_USER, since=begin, errors_only=True))
    if as_json:
        output.print_json({"accounting": collected.accounts, "user": DEMO_USER, "errors": rows})
        return
    accounts = [{"region": region, **counts} for region, counts in collected.accounts.items()]
    output.print_table(accounts, ["region", *Accounting().counts()])
    output.out.print(
        f"committed: {collected.committed.rows} rows;"
        f" {collected.committed.duplicates} delivered more than once and kept once\n"
    )
    output.out.print(f"errors of {DEMO_USER}:")
    _print_records(rows, as_json, nothing="none")
    output.out.print(f"\nask more: regionscope find-user {DEMO_USER} --config {stage.file}")


@store_app.command("commit")
def store_commit(config: ConfigFile = None, store: StoreUri = None, as_json: AsJson = False) -> None:
    """Register the segments that no committer has seen."""
    result = sweep(local.prepare(resolve(config, store)))
    failed = [{"file": failure.file.path, "reason": failure.reason} for failure in result.failed]
    _print_result(
        {
            "committed": len(result.committed),
            "rows": result.rows,
            "duplicates": result.duplicates,
            "failed": failed,
        },
        as_json,
    )
    if failed:
        raise Failure(
            f"{len(failed)} segments could not be committed", "they stay where they are; run it again"
        )


@store_app.command("compact")
def store_compact(config: ConfigFile = None, store: StoreUri = None, as_json: AsJson = False) -> None:
    """Merge small files into large sorted ones, day by day."""
    settings = resolve(config, store)
    with _progress("compacting", 1) as advance:
        result = compact(local.prepare(settings), progress=lambda done, total: advance(done / max(total, 1)))
    _print_result(asdict(result), as_json)
    if result.failed:
        raise Failure(f"{len(result.failed)} merges failed", "nothing was lost; the files stay as they were")


@store_app.command("verify")
def store_verify(config: ConfigFile = None, store: StoreUri = None, as_json: AsJson = False) -> None:
    """Check that every committed file is there, readable and complete, and that nothing waits too long."""
    report = verify(local.prepare(resolve(config, store)))
    _print_result(asdict(report), as_json)
    if report.problems:
        raise Failure(f"{len(report.problems)} problems")


@store_app.command("expire")
def store_expire(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, remove nothing.")] = False,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Remove the days that the zones' retention no longer allows, and files no version needs."""
    settings = resolve(config, store)
    _print_result(asdict(expire(local.prepare(settings), settings.retention(), dry_run=dry_run)), as_json)


@store_app.command("replay")
def store_replay(config: ConfigFile = None, store: StoreUri = None, as_json: AsJson = False) -> None:
    """Read the quarantined records again; those that are readable now are stored and leave quarantine."""
    output.print_json(local.replay(resolve(config, store)).counts())


@config_app.command("check")
def config_check(config: ConfigFile = None, store: StoreUri = None, as_json: AsJson = False) -> None:
    """Check the configuration, and try its store and its zones' keys."""
    report = check.check(resolve(config, store))
    if as_json:
        output.print_json({"ok": report.ok, **asdict(report)})
    else:
        output.out.print(f"store: {report.store}", markup=False)
        for region, policy in report.regions.items():
            output.out.print(f"{region}: {policy}", markup=False)
    if not as_json or report.ok:
        for problem in report.problems:
            output.err.print(f"problem: {problem}", markup=False)
    if not report.ok:
        raise Failure(f"{len(report.problems)} problems")
    if not as_json:
        output.out.print("ok")


def _print_result(result: dict[str, Any], as_json: bool) -> None:
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


@contextmanager
def _progress(what: str, total: float) -> Iterator[Callable[[float], None]]:
    """A bar on stderr, gone when done; its function takes how far the work has got."""
    with Progress(console=output.err, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def _session(config: Path | None, store: str | None) -> Session:
    settings = resolve(config, store)
    session = connect(settings.store, settings.all_zones())
    for warning in session.warnings:
        output.err.print(f"warning: {warning}", style="yellow")
    return session


def _window(since: str, until: str | None) -> dict[str, datetime]:
    now = datetime.now(UTC)
    try:
        window = {"since": moment(since, now)}
        return window | {"until": moment(until, now)} if until else window
    except ValueError as error:
        raise Failure(str(error)) from None


def _rows(relation: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    names = relation.columns
    return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]


def _print_records(rows: list[dict[str, Any]], as_json: bool, nothing: str) -> None:
    if as_json:
        output.print_json(rows)
    elif rows:
        output.print_table([output.record(row) for row in rows], RECORD)
        output.out.print(output.summary(rows))
    else:
        output.err.print(nothing)


def main() -> None:
    """The console script: run a command, turn what it raises into a sentence and an exit code."""
    try:
        app()
    except Failure as error:
        _fail(str(error), error.hint)
    except ConfigError as error:
        _fail(str(error), "see docs/configuration.md")
    except KeyUnavailable as error:
        _fail(str(error), "nothing of that zone was stored; make the key available and run the command again")
    except tour.NotADemo as error:
        _fail(str(error), "choose another folder with --dir")
    except Refused as error:
        _fail(str(error), "docs/format.md has the tables, queries/sql the macros")
    except (Busy, DeltaError, ObjectError, OSError, duckdb.Error) as error:
        _fail(f"{type(error).__name__}: {error}")


def _fail(sentence: str, hint: str = "") -> NoReturn:
    output.err.print(f"error: {' '.join(sentence.split())}", style="red", markup=False)
    if hint:
        output.err.print(f"hint: {hint}", markup=False)
    sys.exit(1)
