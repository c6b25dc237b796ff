"""[failovers]: how long a failover may take, and how much it may lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from regionscope.sections.base import Section

if TYPE_CHECKING:
    from queries.failovers.objectives import Failovers

Seconds = Annotated[float, Field(ge=0)]


class ObjectiveConfig(Section):
    """`rto_s`: users are served again; `rpo_s`: what was written so long before is there. Absent is any."""

    rto_s: Seconds
    rpo_s: Seconds
    kind: Literal["failover", "switchover", "outage", "drill"] | None = None
    layer: Literal["routing", "database", "cache", "session", "file"] | None = None


class FailoversConfig(Section):
    """The first objective that fits counts, before the built-in ones; `target` is a share of requests."""

    objectives: tuple[ObjectiveConfig, ...] = ()
    target: Annotated[float, Field(gt=0, lt=1)] = 0.99

    def failovers(self) -> Failovers:
        """As the answers take them."""
        from queries.failovers.objectives import Failovers, Objective  # collectors read this file too

        return Failovers(tuple(Objective(**each.model_dump()) for each in self.objectives), self.target)
