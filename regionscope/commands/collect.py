"""Commands that collect: ingest, collect, otlp, demo.

They import collectors when they run: that takes half a second, for which no other command should wait.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep, time, time_ns
from typing import Annotated

import typer

from infra.hub import prepare
from regionscope import output
from regionscope.commands.ask import print_records
from regionscope.commands.common import AsJson, ConfigFile, Failure, StoreUri, open_session, progress, rows_of
from regionscope.config import Config, resolve
from regionscope.moment import moment
from store.compact import compact

app = typer.Typer()

COMPACTED = 60  # minutes between compactions while collecting on one machine
COMMITTED = 5.0  # seconds between commits of what came by OTLP


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
    from infra import local

    settings = resolve(config, store)
    files = list(local.files(paths))
    with progress("collecting", len(files)) as advance:
        accounting = local.ingest(settings, region, files, advance)
    output.print_json(accounting.counts())


@app.command()
def collect(
    regions: Annotated[
        list[str] | None, typer.Option("--region", help="Only these of the configured regions.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End after one round.")] = False,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Each minute, fetch traces, metrics and state of all regions and run the probes; until interrupted."""
    from collector.accounting import Accounting
    from infra import local, pulls

    settings = resolve(config, store)
    wanted = _known(settings, regions or sorted(settings.regions))
    clients = pulls.clients()
    while True:
        minute = time_ns() // 60_000_000_000
        pulled = local.pull(settings, wanted, clients, minute)
        if as_json:
            output.print_json({region: asdict(each) for region, each in pulled.items()})
        else:
            rows = [
                {"region": region, "kind": kind, **accounting.counts()}
                for region, each in pulled.items()
                for kind, accounting in each.accounts.items()
            ]
            output.print_table(rows, ["region", "kind", *Accounting().counts()])
        for region, each in pulled.items():
            for problem in each.problems:
                output.err.print(f"problem: {region}: {problem}", markup=False)
        if once:
            return
        if minute % COMPACTED == 0:
            compact(prepare(settings))
        sleep(max((minute + 1) * 60 - time(), 0))


@app.command()
def otlp(
    region: Annotated[str, typer.Option(help="The region of what does not name its own (cloud.region).")],
    host: Annotated[str | None, typer.Option(help="Overrides otlp.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides otlp.port; 0 is any free one.")] = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Take in logs, traces and metrics by OTLP/HTTP, and commit them; until interrupted."""
    from collector.otlp.server import running, wait
    from infra import local

    settings = resolve(config, store)
    opened = prepare(settings)
    _known(settings, [region])
    chosen = host or settings.otlp.host, settings.otlp.port if port is None else port
    with ExitStack() as stack:
        forward = stack.enter_context(local.forwarding(settings))
        intake = local.intake(settings, local.collector(settings, opened, region, forward=forward))
        try:
            bound, number = stack.enter_context(running(intake, *chosen))
        except ValueError as error:
            raise Failure(str(error), "set otlp.token, or leave the host as it is") from None
        stack.enter_context(local.committing(opened, COMMITTED))
        if as_json:
            output.print_json({"host": bound, "port": number})
            output.out.file.flush()
        else:
            output.out.print(f"OTLP/HTTP at http://{bound}:{number}", markup=False)
        wait()


def _known(settings: Config, regions: list[str]) -> list[str]:
    """The regions, if the configuration has them: a misspelled one would escape its zone."""
    for region in regions:
        if settings.regions and region not in settings.regions:
            known = ", ".join(sorted(settings.regions))
            raise Failure(f"--region is {region!r}: must be one of [regions] ({known})")
    return regions


@app.command()
def demo(
    directory: Annotated[Path, typer.Option("--dir", help="Where the demo keeps its files.")] = Path(
        "regionscope-demo"
    ),
    seed: Annotated[int, typer.Option(help="The same seed, start, minutes and rate give the same data.")] = 1,
    start: Annotated[
        str | None, typer.Option(help="When the simulated time begins; lately if absent.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.1, max=1440, help="Simulated minutes.")] = 10.0,
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Requests per second, all regions.")] = 20.0,
    incidents: Annotated[
        str, typer.Option(help="`default`, `none`, or kinds to be placed, separated by commas.")
    ] = "default",
    once: Annotated[
        bool, typer.Option("--once", help="End when the answer is printed; for now it always does.")
    ] = False,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Run a simulated shop in three regions through the collectors, and find one user's errors."""
    from collector.accounting import Accounting
    from demo.parameters import wanted
    from demo.shop import DEMO_USER, Parameters, simulate
    from regionscope import tour

    now = datetime.now(UTC)
    duration = timedelta(minutes=minutes)
    try:
        begin = moment(start, now).replace(microsecond=0) if start else tour.lately(now, duration)
    except ValueError as error:
        raise Failure(str(error)) from None
    try:
        simulation = simulate(Parameters(seed, begin, duration, rate, wanted(incidents)))
    except ValueError as error:
        raise Failure(str(error), "see docs/cli.md for what --incidents takes") from None
    try:
        stage = tour.set_up(directory)
    except tour.NotADemo as error:
        raise Failure(str(error), "choose another folder with --dir") from None
    tour.write_truth(stage, simulation)
    with progress("simulating", minutes * 60) as advance:
        collected = tour.collect(stage, simulation, lambda time: advance(time - begin.timestamp()))
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
