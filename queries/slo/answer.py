"""The answers slo and slo_minutes: objectives evaluated over the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from queries.answers import SINCE, UNTIL, Answer, Column, Parameter, Reader, Row
from queries.settings import Settings
from queries.slo.budget import spent
from queries.slo.evaluation import OVERALL, Place, Span, Standing, span, standings, with_overall, worst
from queries.slo.objectives import Slo
from queries.slo.series import Series
from queries.slo.windows import minute_of, time_of

if TYPE_CHECKING:
    from queries.slo.loading import Loaded


def slo(reader: Reader, settings: Settings, at: datetime | None) -> Iterator[Row]:
    """How every objective stands at a moment; the data of the last minutes is waited for."""
    loaded = _loaded(settings)
    until = _settled(settings) if at is None else min(minute_of(at), _settled(settings))
    for each in loaded.slos:
        yield from _evaluated(reader, settings, each, until)
    for problem in loaded.problems:
        yield {"slo": problem.partition(":")[0], "state": "NO DATA", "reason": problem}


def _loaded(settings: Settings) -> Loaded:
    from queries.slo.loading import load  # and all that knows OpenSLO: no other answer needs it

    return load(settings.slos.folder)


def _settled(settings: Settings) -> int:
    """The minute until which all data has arrived."""
    return minute_of(datetime.now(UTC)) - settings.slos.delay_minutes


def _evaluated(reader: Reader, settings: Settings, slo: Slo, until: int) -> Iterator[Row]:
    start, end = slo.window.period(until)
    since = min(start, until - max(pair.long for pair in slo.pairs(end - start)))
    about: Row = {
        "slo": slo.name,
        "service": slo.service,
        "target": float(slo.objective.target),
        "window": str(slo.window),
        "budget": float(slo.objective.budget),
    }
    try:
        counts = _counts(reader, settings, slo, since, until)
    except (duckdb.Error, ValueError) as error:
        yield about | {"state": "NO DATA", "reason": _reason(error)}
        return
    over = span(slo, counts, until)
    sober = _without_drills(reader, counts, since, until)
    found, without = (standings(each, slo, over) for each in (counts, sober))
    for place, standing in found.items():
        row = _row(standing, without[place], slo, over)
        if place == OVERALL:
            row |= {"worst_region": _named(worst(found)), "reason": row["reason"] or _gaps(found)}
        yield about | {"region": place[0], "target_region": place[1]} | row


# `query` is an objective's own, which may leave columns out. Its minutes are not compared with the window: it
# would be done for every row that the query counts.
_BY_PLACE = """
    select
        region,
        target_region,
        list(epoch_us(minute) // 60000000) as minutes,
        list(good) as good,
        list(valid) as valid,
        list(coalesce(unknown, 0)::bigint) as unknown
    from (
        from sli()
        union all by name
        select * replace (minute::timestamptz as minute, good::bigint as good, valid::bigint as valid)
        from ({query}
        )
    )
    where $since < $until and good is not null and valid is not null
    group by region, target_region
    order by region, target_region
"""


def _counts(reader: Reader, settings: Settings, slo: Slo, since: int, until: int) -> dict[Place, Series]:
    """What the objective's query counts from minute to minute, by place.

    Where it has to tell of every region, a configured one of which it counts nothing is there, too.
    """
    found = reader.arrays(_BY_PLACE.format(query=slo.query), since=time_of(since), until=time_of(until))
    columns = [found[name] for name in ("minutes", "good", "valid", "unknown")]
    regions, targets = ([name or None for name in found[column]] for column in ("region", "target_region"))
    places = zip(regions, targets, strict=True)
    counts = {place: Series.of(since, until, *lists) for place, *lists in zip(places, *columns, strict=True)}
    if counts and slo.coverage and not any(target for _, target in counts):
        for region in settings.regions:
            counts.setdefault((region, None), Series.of(since, until, [], [], []))
    return counts or {OVERALL: Series.of(since, until, [], [], [])}


def _without_drills(
    reader: Reader, counts: Mapping[Place, Series], since: int, until: int
) -> dict[Place, Series]:
    """The same without the minutes in which one of a place's regions was in a drill."""
    window = {"since": time_of(since), "until": time_of(until)}
    drills = reader.rows("from drills(since := $since, until := $until)", **window)
    sober = {}
    for place, series in counts.items():
        tagged = np.zeros(until - since, np.bool_)
        for drill in drills:
            if drill["region"] in place:
                ended = until if drill["end_time"] is None else minute_of(drill["end_time"]) + 1
                tagged[max(minute_of(drill["start_time"]) - since, 0) : max(ended - since, 0)] = True
        sober[place] = series.without(tagged)
    return sober


def _row(standing: Standing, without: Standing, slo: Slo, over: Span) -> Row:
    return {
        "since": time_of(over.since),
        "until": time_of(over.until),
        "good": float(standing.tally.good),
        "total": standing.tally.total,
        "attainment": _number(standing.attainment),
        "coverage": float(standing.coverage),
        "budget_left": _number(standing.left),
        "burn_rates": [
            {
                "severity": burn.pair.severity,
                "long_minutes": burn.pair.long,
                "short_minutes": burn.pair.short,
                "factor": float(burn.pair.factor),
                "long": _number(burn.long),
                "short": _number(burn.short),
                "fires": burn.alert is not None,
            }
            for burn in standing.burns
        ],
        "alert": standing.alert,
        "minutes_left": _number(standing.minutes_left),
        "low_traffic": standing.low_traffic,
        "state": standing.state,
        "reason": _too_little(standing, slo),
        "drill_minutes": (standing.tally.expected - without.tally.expected) * slo.objective.slice,
        "attainment_without_drills": _number(without.attainment),
        "budget_left_without_drills": _number(without.left),
        "state_without_drills": without.state,
    }


def _number(exact: Fraction | None) -> float | None:
    return None if exact is None else float(exact)


def _too_little(standing: Standing, slo: Slo) -> str | None:
    """Why there is no answer."""
    if standing.attainment is not None:
        return None
    if not standing.tally.total:
        return "no data"
    return f"{float(standing.coverage):.1%} of its time has data: must be {float(slo.coverage):.0%}"


def _gaps(found: Mapping[Place, Standing]) -> str | None:
    """Which places the overall figures rest on without knowing."""
    unknown = [_named(place) for place, each in found.items() if place != OVERALL and each.attainment is None]
    return f"no data: {', '.join(map(str, unknown))}" if unknown else None


def _named(place: Place | None) -> str | None:
    return " → ".join(region for region in place if region) if place and place != OVERALL else None


def _reason(error: Exception) -> str:
    """What is wrong with a query; not what the data are that it stumbled over."""
    said = isinstance(
        error, duckdb.ParserException | duckdb.CatalogException | duckdb.BinderException | ValueError
    )
    return f"its query fails: {str(error).partition(chr(10))[0] if said else type(error).__name__}"


def slo_minutes(
    reader: Reader, settings: Settings, name: str, since: datetime | None, until: datetime | None
) -> Iterator[Row]:
    """What an objective counted from slice to slice, and what that left of the budget of the span."""
    loaded = _loaded(settings)
    wanted = next((each for each in loaded.slos if each.name == name), None)
    if wanted is None:
        known = ", ".join(each.name for each in loaded.slos) or "none"
        raise ValueError(f"name is {name!r}: must be an SLO that can be evaluated ({known})")
    last = minute_of(datetime.now(UTC)) if until is None else minute_of(until)
    first = wanted.window.period(last)[0] if since is None else minute_of(since)
    counts = _counts(reader, settings, wanted, first, last)
    sober = _without_drills(reader, counts, first, last)
    without = with_overall(sober)
    for place, series in with_overall(counts).items():
        for row in _slices(series, without[place], wanted, _settled(settings)):
            yield {"region": place[0], "target_region": place[1], **row}


def _slices(series: Series, sober: Series, slo: Slo, settled: int) -> Iterator[Row]:
    """The slices with data."""
    size = slo.objective.slice
    slices, drills = series.by(size), ~sober.by(size).counted
    bad, units = spent(slices, slo.objective)
    left = 1 - np.cumsum(bad) / (float(slo.objective.budget) * max(units.sum(), 1))
    for at in np.flatnonzero(slices.valid + slices.unknown).tolist():
        minute = (slices.start + at) * size
        yield {
            "minute": time_of(minute),
            "good": int(slices.good[at]),
            "valid": int(slices.valid[at]),
            "unknown": int(slices.unknown[at]),
            "bad": float(bad[at]),
            "budget_left": float(left[at]),
            "drill": bool(drills[at]),
            "settled": minute + size <= settled,
        }


SLO = Answer(
    name="slo",
    doc=(
        "How every SLO stands: one row overall (without region), and one per region or pair of regions.\n"
        "  at   the moment looked at, or the last minute before it that is settled; default: now\n"
        "The SLOs are those of the folder that [slos] names, by default the shipped ones. Shares are 0 to 1."
    ),
    parameters=(Parameter("at", "TIMESTAMPTZ", "null"),),
    columns=(
        Column("slo", "VARCHAR", "name of the SLO; its file, if it cannot be evaluated"),
        Column("service", "VARCHAR", "what the SLO is about"),
        Column("region", "VARCHAR", "region, or the one that replication comes from; null is overall"),
        Column(
            "target_region", "VARCHAR", "region that replication goes to; null where it is not about a pair"
        ),
        Column("target", "DOUBLE", "share that must be good"),
        Column("window", "VARCHAR", "what the budget is for: 30d rolling"),
        Column(
            "since", "TIMESTAMPTZ", "first minute that counts: of the window, or the first with data in it"
        ),
        Column("until", "TIMESTAMPTZ", "end of the last minute that counts"),
        Column("good", "DOUBLE", "good events or slices, or the sum of the slices' ratios"),
        Column("total", "BIGINT", "of so many that are known"),
        Column("attainment", "DOUBLE", "good / total; null if too little is known to tell"),
        Column("coverage", "DOUBLE", "share of the slices that have data"),
        Column("budget", "DOUBLE", "share that may be bad"),
        Column("budget_left", "DOUBLE", "share of the budget that is left; negative if it is overspent"),
        Column(
            "burn_rates",
            "STRUCT(severity VARCHAR, long_minutes INTEGER, short_minutes INTEGER, factor DOUBLE, "
            '"long" DOUBLE, "short" DOUBLE, fires BOOLEAN)[]',
            "over four pairs of windows; a pair fires if both burn faster than its factor",
        ),
        Column("alert", "VARCHAR", "page or ticket, whichever fires is more urgent"),
        Column("minutes_left", "DOUBLE", "until the budget is spent at the rate of the shortest long window"),
        Column("low_traffic", "BOOLEAN", "too few events in that window for a page: it would be a ticket"),
        Column("worst_region", "VARCHAR", "overall: region or pair with the least budget left"),
        Column("state", "VARCHAR", "OK, WARNING (an alert fires), BREACHED (no budget left) or NO DATA"),
        Column("reason", "VARCHAR", "why there is no data; overall, of which regions"),
        Column(
            "drill_minutes", "BIGINT", "minutes in which a drill was on, or not yet over for half an hour"
        ),
        Column("attainment_without_drills", "DOUBLE", "as if there were no data of those minutes"),
        Column("budget_left_without_drills", "DOUBLE", "the same"),
        Column("state_without_drills", "VARCHAR", "the same"),
    ),
    answer=slo,
)

SLO_MINUTES = Answer(
    name="slo_minutes",
    doc=(
        "What an SLO counted, for a burn-down chart: one row per minute with data (or per slice, if its are "
        "longer) and region or pair, and overall.\n"
        "  name           name of the SLO, as slo() shows it\n"
        "  since, until   first instant and the one after the last; default: the SLO's window, until now"
    ),
    parameters=(Parameter("name", "VARCHAR"), SINCE, UNTIL),
    columns=(
        Column("minute", "TIMESTAMPTZ", "start of the minute or slice"),
        Column("region", "VARCHAR", "as in slo()"),
        Column("target_region", "VARCHAR", "as in slo()"),
        Column("good", "BIGINT", "events known to be good"),
        Column("valid", "BIGINT", "events known to be good or bad"),
        Column("unknown", "BIGINT", "events of which that is not known"),
        Column(
            "bad", "DOUBLE", "what it takes from the budget: bad events, or the share of a slice that is bad"
        ),
        Column("budget_left", "DOUBLE", "share of the span's budget that is left after it"),
        Column("drill", "BOOLEAN", "whether a drill was on, or not yet over for half an hour"),
        Column("settled", "BOOLEAN", "whether all its data should have arrived"),
    ),
    answer=slo_minutes,
)
