"""One thing that goes wrong in a story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal[
    "region_outage",
    "aurora_switchover",
    "aurora_failover",
    "replication_stall",
    "lost_updates",
    "throttling",
    "bad_deployment",
    "clock_step",
    "clock_drift",
    "gameday",
    "silent_collector",
    "poisoned_logs",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that goes wrong, or is made to. All times are true epoch seconds.

    `region` is where it happens, or from where something does not come; `to_region` where it does not arrive,
    or what takes over. `moments` are those between start and end that have a name (detect, fence, promote …).
    """

    id: str
    kind: Kind
    start: float
    end: float
    region: str
    to_region: str | None = None
    layer: str | None = None  # session, file or database
    drill: bool = False
    moments: Mapping[str, float] = field(default_factory=dict, hash=False)
    attributes: Mapping[str, str | float] = field(default_factory=dict, hash=False)

    def lasts(self, time: float) -> bool:
        return self.start <= time < self.end
