"""Reasons that lie in replication: what a request read had not arrived yet, or had been overwritten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from queries.explain.records import Evidence, Operation, Reason
from queries.explain.situation import Situation
from queries.explain.versions import Key

LOCAL_ONLY = "local_only"  # the state of a file that only its own region has
CERTAIN, UNSURE = 0.9, 0.5
TABS = timedelta(seconds=5)  # in which two tabs of one session may learn of the same loss

_MISTAKE = (
    re.compile(  # the exceptions by which Python, JavaScript and Java themselves say that code is wrong
        r"(?:Attribute|Import|Index|Key|ModuleNotFound|Name|Overflow|Range|Recursion|Reference|Syntax|Type"
        r"|UnboundLocal|Unicode(?:De|En)code|Value|ZeroDivision)Error|java\.lang\.\w+Exception"
    )
)


def stale_read(situation: Situation) -> Reason | None:
    """The request read a key before a write of another region had arrived: a broken read-your-writes."""
    for read in _reads(situation):
        if write := _missed(situation, read):
            return _stale(situation, read, write)
    return None


def local_only(situation: Situation) -> Reason | None:
    """The request did not find what only another region has, by what was noted of its state."""
    for read in _reads(situation):
        if read.found:
            continue
        noted = [one for one in situation.same_key(read) if one.state and situation.precedes(one, read)]
        latest = max(noted, key=lambda one: one.time, default=None)
        if latest and latest.state == LOCAL_ONLY and latest.written_in not in (None, read.served_by):
            sentence = (
                f"The file is {LOCAL_ONLY} in {latest.written_in}: it had not been replicated to "
                f"{read.served_by}, where this request looked for it."
            )
            found = latest.evidence(f"{latest.store}: {LOCAL_ONLY} in {latest.written_in}")
            return Reason("local_only", CERTAIN, sentence, (_read(read), found, *situation.lag(latest, read)))
    return None


def lost_update(situation: Situation) -> Reason | None:
    """The request found that a write was overwritten by one that did not know it: the last writer won."""
    for read in _reads(situation):
        key = situation.key(read)
        winner = key.writes.get(read.version or "")
        if winner is None or _missed(situation, read):
            continue
        for write in situation.writes_before(read):
            if _is_lost(key, write, winner) and _is_news(key, write, read):
                return _lost(situation, read, write, winner)
    return None


def _reads(situation: Situation) -> Iterator[Operation]:
    """The reads of the request whose outcome is known, the last first: it is what the error followed."""
    for one in reversed(situation.error.operations):
        if one.op == "read" and one.version:
            yield one


def _missed(situation: Situation, read: Operation) -> Operation | None:
    """The latest write elsewhere that the read should have seen and did not."""
    key, seen = situation.key(read), read.version
    assert seen
    for write in situation.writes_before(read):
        assert write.version
        if write.served_by == read.served_by or (read.found and key.follows(seen, write.version)):
            continue
        if not read.found or key.follows(write.version, seen) or _wins(key, write, seen):
            return write
    return None


def _is_lost(key: Key, write: Operation, winner: Operation) -> bool:
    """Whether of two writes in different regions, which did not know each other, this one was lost."""
    assert write.version
    assert winner.version
    knew = key.follows(winner.version, write.version) or key.follows(write.version, winner.version)
    return not knew and write.served_by != winner.served_by and not _wins(key, write, winner.version)


def _wins(key: Key, write: Operation, other: str) -> bool:
    """Whether a write prevails over a version that did not know it, and that it did not know."""
    assert write.version
    if survivor := key.survivor(write.version, other, write.time):
        return survivor == write.version
    rival = key.writes.get(other)
    return rival is not None and rival.time < write.time


def _is_news(key: Key, write: Operation, read: Operation) -> bool:
    """Whether the loss can have been unknown: nobody there, nor where the write was made, had read past it.

    But for what another tab of the same session has read just now.
    """
    before = [one for one in key.operations if one.time < read.started]
    seen = max((one.time for one in before if one.version == write.version), default=write.time)
    places = (write.served_by, read.served_by)
    return not any(
        seen < one.time < read.started - TABS and one.served_by in places and _is_past(key, write, one)
        for one in before
    )


def _is_past(key: Key, write: Operation, one: Operation) -> bool:
    """Whether an operation saw a version that did not know a write, and that the write did not know."""
    if not one.version or not one.found:
        return False
    assert write.version
    return not (key.follows(one.version, write.version) or key.follows(write.version, one.version))


def _stale(situation: Situation, read: Operation, write: Operation) -> Reason:
    whose = "The user's own write" if write.session_id == read.session_id else "A write"
    what = f"the older version {read.version}" if read.found else "nothing"
    sentence = (
        f"Stale read of {read.store}: {read.served_by} still had {what}. {whose} ({write.version}) was "
        f"acknowledged in {write.served_by} {_after(write, read)}, and had not arrived."
    )
    found = write.evidence(f"{write.store}: version {write.version} written in {write.served_by}")
    evidence = (_read(read), found, *situation.lag(write, read))
    return Reason("stale_read", _confidence(situation, read), sentence, evidence)


def _lost(situation: Situation, read: Operation, write: Operation, winner: Operation) -> Reason:
    sentence = (
        f"Lost update of {read.store}: {write.version}, written in {write.served_by}, was overwritten by "
        f"{winner.version}, which did not know it: the last writer won."
    )
    writes = (
        one.evidence(f"{one.store}: wrote {one.version}, based on {one.based_on}") for one in (write, winner)
    )
    return Reason("lost_update", _confidence(situation, read), sentence, (_read(read), *writes))


def _confidence(situation: Situation, read: Operation) -> float:
    """Less if the request went on with the version that it had found, or failed by a mistake in the code."""
    error = situation.error
    calls = (span for span in error.spans if span.kind == "CLIENT" and span.region == read.region)
    later = error.operations[-1] is not read or any(span.time >= read.time for span in calls)
    mistaken = _MISTAKE.fullmatch(error.main.error_type or "")
    return UNSURE if read.found and (later or mistaken) else CERTAIN


def _read(read: Operation) -> Evidence:
    what = f"version {read.version}" if read.found else "nothing"
    return read.evidence(f"{read.store}: {what} found in {read.served_by}")


def _after(write: Operation, read: Operation) -> str:
    seconds = (read.started - write.time).total_seconds()
    return f"{seconds:.1f} s before" if seconds >= 0 else "at about the same time"
