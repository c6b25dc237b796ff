"""How an objective stands at one moment, per region or pair of regions and overall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from queries.slo.budget import Objective, Pair, Severity, Tally, burn_rate, exhaustion, tally
from queries.slo.objectives import Slo
from queries.slo.series import Series, merged

Place = tuple[str | None, str | None]  # a region and the one its data goes to; overall, neither
State = Literal["OK", "WARNING", "BREACHED", "NO DATA"]

OVERALL: Place = (None, None)


@dataclass(frozen=True, slots=True)
class Span:
    """The minutes that count, from `since` to before `until`; their window is `length` minutes long."""

    since: int
    until: int
    length: int


def span(slo: Slo, counts: Mapping[Place, Series], until: int) -> Span:
    """The objective's window, of whole slices, from the first that has data: nothing was measured before."""
    start, end = slo.window.period(until)
    size = slo.objective.slice
    first = min((each.first for each in counts.values() if each.first is not None), default=start)
    return Span(max(start, first) // size * size, until // size * size, end - start)


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast the budget burns over a pair of windows, and what that deserves.

    What would be worth a page is worth a ticket where too few events say so.
    """

    pair: Pair
    long: Fraction | None
    short: Fraction | None
    alert: Severity | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a budget. `attainment` and `left` are None where coverage is too low to tell."""

    tally: Tally
    coverage: Fraction
    attainment: Fraction | None
    left: Fraction | None
    burns: tuple[Burn, ...]
    minutes_left: Fraction | None
    low_traffic: bool
    state: State

    @property
    def alert(self) -> Severity | None:
        """The most urgent alert: of one objective and place it makes the others superfluous."""
        alerts = {burn.alert for burn in self.burns}
        return "page" if "page" in alerts else "ticket" if "ticket" in alerts else None


def standing(series: Series, slo: Slo, over: Span, coverage: Fraction | None = None) -> Standing:
    """How one series of counts stands; `coverage` is its own unless given."""
    objective = slo.objective
    counted = tally(series, objective, over.since, over.until)
    covered = counted.coverage if coverage is None else coverage
    spent = burn_rate(counted, objective) if covered >= slo.coverage else None
    left = None if spent is None else 1 - spent
    burns = tuple(_burn(series, objective, pair, over.until) for pair in slo.pairs(over.length))
    fastest = min(burns, key=lambda burn: burn.pair.long)
    events = tally(series, objective, over.until - fastest.pair.long, over.until).events
    return Standing(
        tally=counted,
        coverage=covered,
        attainment=None if left is None else counted.ratio,
        left=left,
        burns=burns,
        minutes_left=None if left is None else exhaustion(left, fastest.long, over.length),
        low_traffic=not objective.is_enough(events),
        state=_state(left, burns),
    )


def _burn(series: Series, objective: Objective, pair: Pair, until: int) -> Burn:
    long, short = (tally(series, objective, until - size, until) for size in (pair.long, pair.short))
    rates = burn_rate(long, objective), burn_rate(short, objective)
    alert = pair.severity if pair.fires(*rates) else None
    if alert == "page" and not objective.is_enough(long.events):
        alert = "ticket"
    return Burn(pair, *rates, alert)


def _state(left: Fraction | None, burns: tuple[Burn, ...]) -> State:
    if left is None:
        return "NO DATA"
    if left < 0:
        return "BREACHED"
    return "WARNING" if any(burn.alert for burn in burns) else "OK"


def standings(counts: Mapping[Place, Series], slo: Slo, over: Span) -> dict[Place, Standing]:
    """Overall and of every place; overall so much is covered as of the places together."""
    tallies = [tally(series, slo.objective, over.since, over.until) for series in counts.values()]
    expected = sum(each.expected for each in tallies)
    coverage = Fraction(sum(each.covered for each in tallies), expected) if expected else Fraction(0)
    return {
        place: standing(series, slo, over, coverage if place == OVERALL else None)
        for place, series in with_overall(counts).items()
    }


def with_overall(counts: Mapping[Place, Series]) -> dict[Place, Series]:
    """Overall, which is the events of all places as those of one, and every place."""
    places = {place: series for place, series in counts.items() if place != OVERALL}
    return {OVERALL: merged(counts.values()), **places}


def worst(found: Mapping[Place, Standing]) -> Place | None:
    """The place with the least budget left; None if none has spent any of it, as far as that is known."""
    left = {place: each.left for place, each in found.items() if place != OVERALL and each.left is not None}
    place = min(left, default=OVERALL, key=lambda place: (left[place], str(place)))
    return place if left.get(place, 1) < 1 else None
