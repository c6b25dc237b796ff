"""One sign that traffic or a role moved, or was meant to, and where it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, get_args

# What is told apart when evidence is counted: two signs of one kind say no more than one. An alarm says when
# something was noticed, and a drill that it was on purpose, but neither that anything moved.
Kind = Literal[
    "traffic",
    "errors",
    "writes",
    "health_check",
    "rds",
    "arc",
    "cache",
    "dns",
    "aws_health",
    "alarm",
    "drill",
]
COUNTED = frozenset[Kind](get_args(Kind)) - {"alarm", "drill"}
Phase = Literal["impact", "detect", "decide", "fence", "promote", "traffic", "end"]

AROUND = 300_000_000  # µs before and after a sign in which what it rests on is shown


def around(begin: int, end: int) -> str:
    """The arguments of a macro that bound it to a little more than a span, epoch µs."""
    times = (datetime.fromtimestamp(us / 1e6, UTC) for us in (begin - AROUND, end + AROUND))
    since, until = (f"timestamptz '{time:%Y-%m-%d %H:%M:%S}Z'" for time in times)
    return f"since := {since}, until := {until}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """`time` is in epoch µs by the reference clock, right within `bound` µs; `end` is set for what lasts.

    `opens` tells what makes an incident by itself from what can only support one. `phase` is the step of a
    failover (reference section 5.3) that this is a sign of. `row` is the SQL predicate, with its table, that
    finds what it rests on. A region that is None is not known.
    """

    kind: Kind
    time: int
    what: str
    row: str
    layer: str | None = None
    from_region: str | None = None
    to_region: str | None = None
    bound: int = 0
    end: int | None = None
    opens: bool = False
    phase: Phase | None = None
    move: Literal["failover", "switchover", "outage"] | None = None
    services: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
