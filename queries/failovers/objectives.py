"""What a failover may take and lose, by kind and layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["met", "missed", "undetermined"]


@dataclass(frozen=True, slots=True)
class Objective:
    """Seconds within which users are served again, and seconds of writes that may be missing after it.

    Without a kind or layer it is for any.
    """

    rto_s: float
    rpo_s: float
    kind: str | None = None
    layer: str | None = None


@dataclass(frozen=True, slots=True)
class Failovers:
    """`objectives` come before the built-in ones; `target` is the share of good requests users expect."""

    objectives: tuple[Objective, ...] = ()
    target: float = 0.99

    def objective(self, kind: str, layer: str) -> Objective:
        """The first that is for this kind and layer."""
        return next(
            each
            for each in (*self.objectives, *DEFAULTS)
            if each.kind in (None, kind) and each.layer in (None, layer)
        )


# What AWS says of each (Aurora user guide, "Using switchover or failover in a global database": planned loses
# nothing, unplanned RTO of minutes and RPO of seconds; Route 53: 30 s x 3 checks and a TTL of 60 s take up to
# 186 s), rounded up.
DEFAULTS = (
    Objective(120, 0, "switchover", "database"),
    Objective(300, 5, "failover", "database"),
    Objective(300, 5, None, "cache"),
    Objective(300, 900, None, "file"),
    Objective(300, 5),
)


def status(value: float | None, bound: float | None, objective: float) -> Status:
    """Whether a measured value keeps an objective, if that can be said in spite of its error."""
    if value is None or bound is None:
        return "undetermined"
    if value + bound <= objective:
        return "met"
    return "missed" if value - bound > objective else "undetermined"
