"""Commands about the configuration file."""

from __future__ import annotations

from dataclasses import asdict

import typer

from regionscope import output
from regionscope.commands.common import AsJson, ConfigFile, Failure, StoreUri
from regionscope.config import resolve

app = typer.Typer(no_args_is_help=True, help="Check the configuration file.")


@app.callback()
def section() -> None:
    """Check the configuration file."""


@app.command("check")
def config_check(config: ConfigFile = None, store: StoreUri = None, as_json: AsJson = False) -> None:
    """Check the configuration, and try its store and its zones' keys."""
    from regionscope import check  # with what knows prices: no other command needs it

    report = check.check(resolve(config, store))
    if as_json:
        output.print_json({"ok": report.ok, **asdict(report)})
    else:
        output.out.print(f"store: {report.store}", markup=False)
        for region, policy in report.regions.items():
            output.out.print(f"{region}: {policy}", markup=False)
        for cost in report.costs:
            told = (
                f"{cost.what}: {cost.requests_per_month:,} requests in 30 days, USD {cost.usd_per_month:,.2f}"
            )
            output.out.print(f"{told} ({cost.basis})", markup=False)
    for warning in report.warnings:
        output.err.print(f"warning: {warning}", markup=False, style="yellow")
    if not as_json or report.ok:
        for problem in report.problems:
            output.err.print(f"problem: {problem}", markup=False)
    if not report.ok:
        raise Failure(f"{len(report.problems)} problems")
    if not as_json:
        output.out.print("ok")
