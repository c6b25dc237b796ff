"""Reasons that the failed request shows itself: turned away, let down by what it called, or the code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from queries.explain.frames import own_frame
from queries.explain.records import Error, Evidence, Reason, Record, Span
from queries.explain.situation import Situation

SHOWN, CORROBORATED, PLAUSIBLE = 0.95, 0.85, 0.5
CODE_WITH_FRAME, CODE = 0.6, 0.45
TOO_MANY = 429
MOST_OF_IT = 0.8  # the share of a request's time that a call took which may have made it time out

_THROTTLED = re.compile(
    r"throttl|too ?many ?requests|(?:rate|limit|quota|throughput) ?(?:limit )?exceeded|slow ?down\b",
    re.IGNORECASE,
)
_TIMED_OUT = re.compile(r"time[ds]?[ -]?out", re.IGNORECASE)
LONGEST = 2_000  # characters of a message in which words are looked for


def throttling(situation: Situation) -> Reason | None:
    """The request was turned away: a quota, a usage plan, or no concurrency left for it."""
    error = situation.error
    throttles = tuple(
        point.evidence(f"{point.name} {point.resource or ''}: {point.value:.0f} in this minute")
        for point in situation.metrics("Throttle")
        if point.region == error.main.region
    )[:2]
    if told := _told_throttled(error):
        sentence = f"Throttled in {error.main.region}: the request was one too many" + (
            " while functions there had no concurrency left." if throttles else " for its limit."
        )
        return Reason("throttling", SHOWN, sentence, (told, *throttles))
    if throttles and only_answered(error) and (error.status or 0) >= 500:
        sentence = (
            f"Throttled in {error.main.region}: no function ran for this request, and functions there were "
            "throttled in the same minute (burst concurrency)."
        )
        answered = error.main.evidence(f"answered {error.status}, and no function logged the request")
        return Reason("throttling", CORROBORATED, sentence, (answered, *throttles))
    return None


def _told_throttled(error: Error) -> Evidence | None:
    for record in error.records:
        if record.http_status == TOO_MANY:
            return record.evidence("answered 429 Too Many Requests")
        if _THROTTLED.search(record.error_type or "") or _THROTTLED.search(record.message[:LONGEST]):
            return record.evidence(f"says that it was throttled ({record.error_type or record.http_status})")
    for span in error.spans:
        if span.throttled or span.http_status == TOO_MANY:
            return span.evidence(f"{span.peer or span.name} answered that it throttles")
    return None


def only_answered(error: Error) -> bool:
    """Whether nothing but the front of the region tells of the request: no function ran for it."""
    return all(record.http_status is not None for record in error.records) and not any(
        span.parent is not None for span in error.spans
    )


def dependency(situation: Situation) -> Reason | None:
    """What the request called failed: the deepest failing span is a call, or another service's."""
    spans = situation.error.spans
    deepest = deepest_failing(spans)
    if deepest is None:
        return _waited(situation.error)
    called = deepest.peer or deepest.service or deepest.name
    root = next((span for span in spans if span.parent is None), None)
    if deepest.kind not in ("CLIENT", "PRODUCER") and (root is None or deepest.region == root.region):
        return _waited(situation.error)
    sentence = f"{called} failed, which the request called from {deepest.region}: {_outcome(deepest)}."
    confidence = PLAUSIBLE if _was_refused(deepest) else CORROBORATED
    return Reason("dependency", confidence, sentence, tuple(_chain(deepest, spans)))


def deepest_failing(spans: Sequence[Span]) -> Span | None:
    """The end of the chain of failing spans from the first one down; of several, the last to begin."""
    depth: dict[str, int] = {}
    by_id = {span.span_id: span for span in spans}
    failing = [span for span in spans if span.failed]
    for span in failing:
        depth[span.span_id] = sum(1 for _ in _up(span, by_id))
    return max(failing, key=lambda span: (depth[span.span_id], span.time), default=None)


def _up(span: Span, by_id: Mapping[str, Span]) -> Iterator[Span]:
    """The failing spans above a span, from it upwards."""
    seen = {span.span_id}
    above = by_id.get(span.parent or "")
    while above is not None and above.failed and above.span_id not in seen:
        yield above
        seen.add(above.span_id)
        above = by_id.get(above.parent or "")


def _chain(deepest: Span, spans: Sequence[Span]) -> Iterator[Evidence]:
    by_id = {span.span_id: span for span in spans}
    for span in (deepest, *_up(deepest, by_id)):
        yield span.evidence(
            f"{span.service or 'a service'}: {span.peer or span.name} failed, {_outcome(span)}"
        )


def _outcome(span: Span) -> str:
    took = f" after {span.duration.total_seconds():.1f} s" if span.duration is not None else ""
    status = f"HTTP {span.http_status}" if span.http_status else None
    return f"{span.error_type or status or 'error'}{took}"


def _was_refused(span: Span) -> bool:
    """Whether the one called blames the caller, as a failed condition does."""
    return span.http_status is not None and 400 <= span.http_status < 500


def _waited(error: Error) -> Reason | None:
    """A request that timed out while it waited for one call nearly all of its time."""
    if not any(_TIMED_OUT.search(f"{one.error_type} {one.message[:LONGEST]}") for one in error.records):
        return None
    whole = max((span.duration for span in error.spans if span.duration), default=timedelta(0))
    calls = [span for span in error.spans if span.kind == "CLIENT" and span.duration and whole]
    longest = max(calls, key=lambda span: span.duration or whole, default=None)
    if longest is None or longest.duration is None or longest.duration < MOST_OF_IT * whole:
        return None
    called = longest.peer or longest.name
    sentence = (
        f"The request timed out while it waited for {called}, {_seconds(longest)} of {_seconds_of(whole)}."
    )
    waited = longest.evidence(f"call of {called} took {_seconds(longest)}")
    return Reason("dependency", CORROBORATED, sentence, (waited, error.main.evidence("timed out")))


def _seconds(span: Span) -> str:
    return _seconds_of(span.duration or timedelta(0))


def _seconds_of(duration: timedelta) -> str:
    return f"{duration.total_seconds():.1f} s"


def code(situation: Situation) -> Reason:
    """Nothing else is known: where in the code to look."""
    main = situation.error.main
    told = next(((record, frame) for record in situation.error.records if (frame := _frame(record))), None)
    if told is None:
        said = main.error_type or (f"HTTP {main.http_status}" if main.http_status else "an error")
        sentence = f"No platform cause found: look at the code of {main.service or 'the service'} ({said})."
        return Reason("code", CODE, sentence, (main.evidence(said),))
    record, frame = told
    sentence = f"No platform cause found: look at the code, {frame} ({record.error_type or 'error'})."
    return Reason("code", CODE_WITH_FRAME, sentence, (record.evidence(f"raised at {frame}"),))


def _frame(record: Record) -> str | None:
    frame = own_frame(record.stack)
    return str(frame) if frame else None
