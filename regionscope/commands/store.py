"""Commands that look after the store."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from infra.hub import prepare
from regionscope import output
from regionscope.commands.common import AsJson, ConfigFile, Failure, StoreUri, print_result, progress
from regionscope.config import resolve
from store.commit import sweep
from store.compact import compact
from store.retention import expire
from store.verify import verify

app = typer.Typer(no_args_is_help=True, help="Look after the store.")


@app.command("commit")
def store_commit(config: ConfigFile = None, store: StoreUri = None, as_json: AsJson = False) -> None:
    """Register the segments that no committer has seen."""
    result = sweep(prepare(resolve(config, store)))
    failed = [{"file": failure.file.path, "reason": failure.reason} for failure in result.failed]
    print_result(
        {
            "committed": len(result.committed),
            "rows": result.rows,
            "duplicates": result.duplicates,
            "replaced": result.replaced,
            "failed": failed,
        },
        as_json,
    )
    if failed:
        raise Failure(
            f"{len(failed)} segments could not be committed", "they stay where they are; run it again"
        )


@app.command("compact")
def store_compact(config: ConfigFile = None, store: StoreUri = None, as_json: AsJson = False) -> None:
    """Merge small files into large sorted ones, day by day."""
    settings = resolve(config, store)
    with progress("compacting", 1) as advance:
        result = compact(prepare(settings), progress=lambda done, total: advance(done / max(total, 1)))
    print_result(asdict(result), as_json)
    if result.failed:
        raise Failure(f"{len(result.failed)} merges failed", "nothing was lost; the files stay as they were")


@app.command("verify")
def store_verify(config: ConfigFile = None, store: StoreUri = None, as_json: AsJson = False) -> None:
    """Check that every committed file is there, readable and complete, and that nothing waits too long."""
    report = verify(prepare(resolve(config, store)))
    print_result(asdict(report), as_json)
    if report.problems:
        raise Failure(f"{len(report.problems)} problems")


@app.command("expire")
def store_expire(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, remove nothing.")] = False,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Remove the days that the zones' retention no longer allows, and files no version needs."""
    settings = resolve(config, store)
    print_result(asdict(expire(prepare(settings), settings.retention(), dry_run=dry_run)), as_json)


@app.command("replay")
def store_replay(config: ConfigFile = None, store: StoreUri = None, as_json: AsJson = False) -> None:
    """Read the quarantined records again; those that are readable now are stored and leave quarantine."""
    from infra import local  # collectors take half a second to import: no other command here needs them

    output.print_json(local.replay(resolve(config, store)).counts())
