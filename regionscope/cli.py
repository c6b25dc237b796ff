"""The command line. Every command takes --config, --store and --json; errors are one sentence on stderr."""

from __future__ import annotations

import sys
from typing import NoReturn

import duckdb
import typer
from deltalake.exceptions import DeltaError
from obstore.exceptions import BaseError as ObjectError

from queries import Refused
from regionscope import output
from regionscope.commands import (
    ask,
    collect,
    config,
    consistency,
    explain,
    failovers,
    health,
    slo,
    store,
    user,
)
from regionscope.commands.common import Failure
from regionscope.config import ConfigError
from store.tables import Busy
from store.zone import KeyUnavailable

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Find any user's error in any region, and see whether the regions agree.",
)
app.add_typer(ask.app)
app.add_typer(user.app)
app.add_typer(health.app)
app.add_typer(consistency.app)
app.add_typer(failovers.app)
app.add_typer(slo.app)
app.add_typer(explain.app)
app.add_typer(collect.app)
app.add_typer(store.app, name="store")
app.add_typer(config.app, name="config")


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
    except Refused as error:
        _fail(str(error), "docs/format.md has the tables, queries/sql the macros")
    except (Busy, DeltaError, ObjectError, OSError, duckdb.Error) as error:
        _fail(f"{type(error).__name__}: {error}")


def _fail(sentence: str, hint: str = "") -> NoReturn:
    output.err.print(f"error: {' '.join(sentence.split())}", style="red", markup=False)
    if hint:
        output.err.print(f"hint: {hint}", markup=False)
    sys.exit(1)
