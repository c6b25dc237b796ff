"""A table that says of each file whether it is replicated: what it claims, within a bounded read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from collector.moment import micros

PAGES = 100  # of 1 MB that one run reads at most


@dataclass(frozen=True, slots=True)
class Tracker:
    """A DynamoDB table with an item per object of `source_bucket`, replicated to `target_bucket`.

    `key`, `state`, `since` and `fallback_reads` are names of attributes: the object's key, one of the words
    `local_only` and `replicated` (or others, which are only counted), since when (epoch or ISO 8601), and
    how often a reader had to go back to the source. `index` is one whose partition key is the state; without
    one the table is scanned. `sample` is how many objects of either state are checked with S3.
    """

    table: str
    source_bucket: str
    target_bucket: str
    target_region: str
    key: str
    state: str
    since: str
    fallback_reads: str | None
    local_only: str
    replicated: str
    index: str | None
    sample: int


@dataclass(slots=True)
class Claims:
    """What the items say. `objects` are counted by state, for the states that were read to the end.

    `oldest` is since when (epoch µs) the oldest local_only object is so. `samples` are keys by state.
    """

    complete: bool = True
    objects: Counter[str] = field(default_factory=Counter)
    oldest: int | None = None
    fallback_reads: int = 0
    unreadable: int = 0
    samples: dict[str, list[str]] = field(default_factory=dict)


def read(dynamodb: Any, tracker: Tracker, chance: Random) -> Claims:
    """With an index all local_only objects and the latest replicated ones, else all. Raises AWS's errors."""
    claims = Claims(objects=Counter({tracker.local_only: 0}))
    if tracker.index is None:
        claims.objects[tracker.replicated] = 0
        _tally(claims, tracker, _pages(dynamodb.scan, tracker, {}), chance)
        return claims
    _tally(claims, tracker, _pages(dynamodb.query, tracker, _of_state(tracker, tracker.local_only)), chance)
    latest = _of_state(tracker, tracker.replicated) | {"ScanIndexForward": False, "Limit": tracker.sample}
    keys = [_text(item, tracker.key) for item in _page(dynamodb.query, tracker, latest)["Items"]]
    claims.samples[tracker.replicated] = [key for key in keys if key]
    return claims


def _of_state(tracker: Tracker, state: str) -> dict[str, Any]:
    return {
        "IndexName": tracker.index,
        "KeyConditionExpression": "#state = :state",
        "ExpressionAttributeValues": {":state": {"S": state}},
    }


def _page(call: Any, tracker: Tracker, request: Mapping[str, Any]) -> dict[str, Any]:
    names = {"#key": tracker.key, "#state": tracker.state, "#since": tracker.since}
    if tracker.fallback_reads:
        names["#reads"] = tracker.fallback_reads
    answer: dict[str, Any] = call(
        TableName=tracker.table,
        ProjectionExpression=", ".join(names),
        ExpressionAttributeNames=names,
        **request,
    )
    return answer


def _pages(call: Any, tracker: Tracker, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    after: dict[str, Any] = {}
    for _ in range(PAGES):
        page = _page(call, tracker, {**request, **after})
        yield page
        if not page.get("LastEvaluatedKey"):
            return
        after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _tally(claims: Claims, tracker: Tracker, pages: Iterable[dict[str, Any]], chance: Random) -> None:
    last: dict[str, Any] = {}
    for last in pages:
        for item in last["Items"]:
            _count(claims, tracker, item, chance)
    claims.complete = not last.get("LastEvaluatedKey")


def _count(claims: Claims, tracker: Tracker, item: Mapping[str, Any], chance: Random) -> None:
    key, state, since = (_text(item, name) for name in (tracker.key, tracker.state, tracker.since))
    reads = _text(item, tracker.fallback_reads or "") or "0"
    time = _moment(since)
    if key is None or state is None or not reads.isdecimal() or (state == tracker.local_only and not time):
        claims.unreadable += 1
        return
    claims.objects[state] += 1
    claims.fallback_reads += int(reads)
    if state == tracker.local_only and time is not None:
        claims.oldest = time if claims.oldest is None else min(claims.oldest, time)
    if state in (tracker.local_only, tracker.replicated):
        _draw(claims.samples.setdefault(state, []), key, claims.objects[state], tracker.sample, chance)


def _draw(sample: list[str], key: str, number: int, size: int, chance: Random) -> None:
    """Keep each of the keys so far with the same probability (reservoir sampling, Vitter's algorithm R)."""
    if len(sample) < size:
        sample.append(key)
    elif (place := chance.randrange(number)) < size:
        sample[place] = key


def _text(item: Mapping[str, Any], name: str) -> str | None:
    """An attribute of DynamoDB's as text."""
    value = item.get(name) or {}
    found = value.get("S") or value.get("N")
    return found if isinstance(found, str) else None


def _moment(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return micros(float(text))
    except ValueError:
        return micros(text)
