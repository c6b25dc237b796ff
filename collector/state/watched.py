"""What pollers look at; apart from them, for the configuration names it and every command reads that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Watched:
    """What to look at. Tables are looked at in each region that has them."""

    aurora: bool = False
    elasticache: bool = False
    tables: Sequence[str] = ()
    hosted_zones: Sequence[str] = ()
    health_checks: Sequence[str] = ()
