"""Commands that collect: ingest, demo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from collector.accounting import Accounting
from demo.shop import DEMO_USER, Parameters
from infra import local
from regionscope import output, tour
from regionscope.commands.ask import print_records
from regionscope.commands.common import AsJson, ConfigFile, Failure, StoreUri, open_session, progress, rows_of
from regionscope.config import resolve
from regionscope.moment import moment

app = typer.Typer()


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
    with progress("collecting", len(files)) as advance:
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
    with progress("simulating", minutes * 60) as advance:
        collected = tour.collect(stage, parameters, lambda time: advance(time - begin.timestamp()))
    with open_session(stage.file, None) as session:
        rows = rows_of(session.find_user(DEMO_USER, since=begin, errors_only=True))
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
    print_records(rows, as_json, nothing="none")
    output.out.print(f"\nask more: regionscope find-user {DEMO_USER} --config {stage.file}")
