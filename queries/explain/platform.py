"""Reasons that lie in the platform: a region that is out, a failover, a deployment, a drill, a new error.

What only happened at the same time is a coincidence: it comes after the code, unless errors rose with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from queries.explain.counts import Rise
from queries.explain.records import Event, Evidence, Reason
from queries.explain.requests import LONGEST, only_answered
from queries.explain.situation import MINUTE, RECENT, Situation

CONFIRMED, MATCHED, LIKELY, COINCIDENCE = 0.93, 0.85, 0.55, 0.3
MOVING = timedelta(minutes=15)  # before an error: a failover that began then may still be in progress
DECIDED = timedelta(minutes=5)  # after an error: a failover that began then may be due to the same trouble
DEPLOYED = timedelta(minutes=30)  # before an error: what was deployed since then was deployed just before
DRILLED = timedelta(hours=6)  # before an error: a drill that began then may still be on
OPEN = timedelta(hours=24)  # before an error: a notice of AWS that was opened then may still be open
KNOWN = timedelta(hours=1)  # what was not seen for so long is new

_OVER = frozenset({"completed", "stopped", "failed", "cancelled", "closed", "healthy", "seen", "gone"})
_UNAVAILABLE = re.compile(
    r"read.?only|unavailable|unreachable|not (?:available|reachable|the (?:primary|writer|leader))|refused"
    r"|reset|no (?:answer|connection|route|primary|writer)|connect|time[ds]?.?out|fail(?:ing)?.?over|demoted",
    re.IGNORECASE,
)
_REGION = re.compile(r"\b[a-z]{2,3}(?:-[a-z]{2,12}){1,2}-\d\b")


def failover(situation: Situation) -> Reason | None:
    """A role was moving between regions, and what the request needed of it was not to be had."""
    moves = list(situation.events("failover", "switchover", within=MOVING, after=DECIDED))
    if not moves or situation.time > moves[0].time + MINUTE:
        return None
    told, rise = (
        tuple(event.evidence() for event in moves[:3]),
        situation.rise(situation.around.counts.regions),
    )
    what = f"A {moves[-1].kind} of {moves[-1].subject}{_way(moves[-1])} was in progress"
    if _is_unavailable(situation) and rise.grown:
        sentence = f"{what}, and what the request needed of it was not available."
        return Reason("failover", CONFIRMED, sentence, (*told, _how_often(situation, rise)))
    if rise.grown:
        sentence = f"{what}, and errors of this kind rose with it."
        return Reason("failover", LIKELY, sentence, (*told, _how_often(situation, rise)))
    return Reason("failover", COINCIDENCE, f"{what}; nothing ties the error to it.", told)


def _way(event: Event) -> str:
    source = f" from {event.from_region}" if event.from_region else ""
    return source + (f" to {event.to_region}" if event.to_region else "")


def _is_unavailable(situation: Situation) -> bool:
    """Whether the error says that something could not be reached, or not be written to."""
    said = (f"{one.error_type or ''} {one.message[:LONGEST]}" for one in situation.error.records)
    return any(_UNAVAILABLE.search(text) for text in said)


def regional_outage(situation: Situation) -> Reason | None:
    """The request's region failed before any function ran, or another that it called was out of reach."""
    error = situation.error
    if only_answered(error) and (error.status or 0) >= 500:
        return _out(situation, situation.region)
    if not _is_unavailable(situation):
        return None
    others = (_out(situation, region) for region in _called(situation) if region != situation.region)
    return next((reason for reason in others if reason), None)


def _out(situation: Situation, region: str) -> Reason | None:
    """Whether a region was out: it failed much, or answered nothing any more, or others say so."""
    signs, failures = tuple(_signs(situation, region)), situation.failures(region)
    silent = _fell_silent(situation, region)
    if not (failures.grown or silent):
        sentence = f"{region} was in trouble, but did not fail more requests than before."
        return Reason("regional_outage", COINCIDENCE, sentence, signs) if signs else None
    what = "answered nothing any more" if silent else "failed much of what it was asked, more than before"
    rose = Evidence("logs", situation.time, region, None, "silent" if silent else f"5xx: {failures}")
    return Reason(
        "regional_outage", CONFIRMED if signs else MATCHED, f"{region} was out: it {what}.", (*signs, rose)
    )


def _signs(situation: Situation, region: str) -> Iterator[Evidence]:
    """What others say of a region in trouble: a health check that fails, a notice of AWS still open."""
    for point in situation.metrics("HealthCheckStatus"):
        if point.target_region == region:
            yield point.evidence(f"health check {point.resource} of {region} failed in this minute")
            break
    over = set()
    for event in situation.events("aws_health", "health_check", within=OPEN):
        if event.region == region and event.subject not in over:
            over.add(event.subject)
            if event.state not in _OVER:
                yield event.evidence()


def _fell_silent(situation: Situation, region: str) -> bool:
    """Whether a region that had answered some requests in each minute answers none, now or from now on.

    In the minute in which it falls silent it still answered some. The next one is known if others did.
    """
    counts, time = situation.around.counts, situation.time
    before = counts.requests({region}, time - 6 * RECENT, time) / (6 * RECENT / MINUTE)
    following = time.replace(second=0, microsecond=0) + MINUTE
    silent = counts.requests({region}, time - MINUTE, time + MINUTE) == 0 or (
        counts.requests({region}, following, following + MINUTE) == 0
        and counts.requests(set(counts.regions) - {region}, following, following + MINUTE) > 0
    )
    return before >= 5 and silent


def _called(situation: Situation) -> list[str]:
    """The regions that the request called, by its operations and spans, or that its error names."""
    error, known = situation.error, situation.around.counts.regions
    named = (
        name for one in error.records for name in _REGION.findall(one.message[:LONGEST]) if name in known
    )
    served = (one.served_by for one in error.operations)
    return list(dict.fromkeys((*served, *(span.region for span in error.spans), *named)))


def deployment(situation: Situation) -> Reason | None:
    """A new version of what served the request had been deployed there just before."""
    deployed = [
        event
        for event in situation.events("deployment", within=DEPLOYED)
        if event.region == situation.region and event.subject in situation.error.services
    ]
    for event in deployed:  # the latest may be the one that takes back another
        rise = _since(situation, event)
        if rise.grown and (rise.local or rise.elsewhere is None):
            sentence = (
                f"{_told(situation, event)}, and errors of this kind rose with it, there more than elsewhere."
            )
            return Reason("deployment", MATCHED, sentence, (event.evidence(), _how_often(situation, rise)))
    if not deployed:
        return None
    sentence = f"{_told(situation, deployed[0])}; errors of this kind have not risen since."
    return Reason("deployment", COINCIDENCE, sentence, (deployed[0].evidence(),))


def _told(situation: Situation, event: Event) -> str:
    return f"{event.subject} was deployed in {event.region} {_ago(situation.time - event.time)} before"


def _since(situation: Situation, event: Event) -> Rise:
    """How errors of this kind have risen since an event, against the hour before it and the other regions."""
    counts, main = situation.around.counts, situation.error.main
    here, others = {situation.region}, set(counts.regions) - {situation.region}
    start, until = event.time.replace(second=0, microsecond=0), situation.time + RECENT
    now = counts.errors(main.pattern, here, start, until, main.service)
    before = counts.errors(main.pattern, here, start - KNOWN, start, main.service)
    elsewhere = counts.errors(main.pattern, others, start, until, main.service)
    return Rise(now, before.expected(now.requests), elsewhere.expected(now.requests))


def drill(situation: Situation) -> Reason | None:
    """An experiment was on in a region that the request had to do with."""
    over, concerned = set(), {situation.region, *_called(situation)}
    for event in situation.events("drill", within=DRILLED):
        if event.subject in over:
            continue
        over.add(event.subject)
        if event.state not in _OVER and concerned & {event.region, event.from_region, event.to_region}:
            sentence = f"A drill was on in {event.region}, {event.subject}: it may have been made to fail."
            return Reason("drill", COINCIDENCE, sentence, (event.evidence(),))
    return None


def new_fingerprint(situation: Situation) -> Reason | None:
    """Errors of this kind are new: none in the hour before the first, though there were requests."""
    counts, main = situation.around.counts, situation.error.main
    first = counts.first(main.pattern, main.service)
    if first is None or situation.time - first > KNOWN:
        return None
    if not counts.requests(counts.regions, first - KNOWN, first - KNOWN / 2):
        return None  # nobody knows what there was
    ago = _ago(situation.time - first)
    sentence = f"A new kind of error of {main.service or 'its service'}: first seen {ago} before."
    return Reason("new_fingerprint", COINCIDENCE, sentence, (main.evidence(f"fingerprint {main.pattern}"),))


def _how_often(situation: Situation, rise: Rise) -> Evidence:
    main = situation.error.main
    return Evidence("logs", situation.time, situation.region, main.event_id, f"errors of this kind: {rise}")


def _ago(age: timedelta) -> str:
    seconds = max(age.total_seconds(), 0)
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
