"""What an SLO is, as far as it can be evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from queries.slo.budget import Objective, Pair, pairs
from queries.slo.windows import Window

HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Slo:
    """One objective. `query` yields the columns of the macro sli(), from its `$since` to before its `$until`.

    `coverage` is the least share of slices that must have data. Without own `alerts` the usual pairs apply.
    """

    name: str
    service: str
    query: str
    window: Window
    objective: Objective
    coverage: Fraction = HALF
    alerts: tuple[Pair, ...] = ()

    def pairs(self, period: int) -> tuple[Pair, ...]:
        """The pairs of windows whose burn rates deserve an alert, for a period in minutes."""
        return self.alerts or pairs(period)
