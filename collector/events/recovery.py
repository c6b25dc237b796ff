"""Moves that are made on purpose: ARC Region switch, and experiments of the Fault Injection Service."""

from __future__ import annotations

from collector import arn
from collector.events.event import Event, Row, required, told


def plan(event: Event) -> Row:
    """A Region switch plan that is executed or evaluated, which may be told twice.

    Raises ValueError.
    """
    detail, state = event.detail, required(event.detail, "eventType")
    name = arn.name_of(event.resource) if event.resource else required(detail, "executionId")
    doing, step = told(detail, "executionAction"), told(detail, "stepDetails", "stepName")
    key = told(detail, "idempotencyKey")
    to = arn.region_in(doing)
    leaves = bool(doing and "deactivat" in doing.lower())
    said = ", ".join(part for part in (doing, step and f"step {step}") if part)
    return event.row(
        "switchover" if event.type.endswith("Execution") else "routing",
        name,
        state,
        f"Region switch plan {name}: {state}{f' ({said})' if said else ''}.",
        identity=("arc-region-switch", key) if key else event.identity(),
        from_region=to if leaves else None,
        to_region=None if leaves else to,
    )


def experiment(event: Event) -> Row:
    """A drill that begins, ends or fails. Raises ValueError."""
    id = required(event.detail, "experiment-id")
    state = required(event.detail, "new-state", "status")
    identity = ("fis", id, state, str(event.time))
    return event.row("drill", id, state, f"Experiment {id} is {state}.", identity=identity)
