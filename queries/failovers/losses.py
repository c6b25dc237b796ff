"""Which acknowledged writes of the old region the new one did not have, by the versions in the logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

NOTHING = "none"  # the version of what was not found

Fate = Literal["arrived", "lost", "delayed", "unknown"]


class Operation(NamedTuple):
    """A read or write that was answered; `time` is in epoch µs by the reference clock."""

    time: int
    served_by: str
    op: str
    key: str
    version: str
    based_on: str | None


@dataclass(frozen=True, slots=True)
class Losses:
    """Times at which writes were acknowledged that were not there after the promotion, epoch µs.

    `lost` never appeared, or were overwritten by somebody who had not seen them; `delayed` appeared later.
    `unknown` were not looked at again, and nothing else tells.
    """

    lost: tuple[int, ...] = ()
    delayed: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()


@dataclass(slots=True)
class _Key:
    """What is known of one key: who wrote which version when, on top of which other, and what was seen."""

    base: dict[str, str | None] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    candidates: list[Operation] = field(default_factory=list)
    seen: list[Operation] = field(default_factory=list)

    def descends(self, version: str, ancestor: str) -> bool | None:
        """Whether a version was written knowing another; None if the chain between them is not known."""
        current: str | None = version
        passed: set[str] = set()  # what claims to be based on itself is no chain
        while current is not None and current != ancestor:
            if current == NOTHING or _number(current) < _number(ancestor):
                return False
            if current not in self.base or current in passed:
                return None if _number(current) > _number(ancestor) else False
            passed.add(current)
            current = self.base[current]
        return current is not None


def losses(
    history: Iterable[Operation], old: str, new: str, fence: int, promoted: int, in_order: bool
) -> Losses:
    """What became of the writes that the old region acknowledged until it was fenced.

    `in_order`: the store replicates in the order of its writes, as Aurora does: what is older than a write
    that arrived has arrived, and what is newer than one that was lost is lost, also if nobody looked.
    """
    keys = _by_key(history, old, fence)
    fates = {
        (write.time, key, write.version): _fate(known, write, new, fence, promoted)
        for key, known in keys.items()
        for write in known.candidates
    }
    told: dict[Fate, list[int]] = {"arrived": [], "lost": [], "delayed": [], "unknown": []}
    for (time, *_), fate in fates.items():
        told[fate].append(time)
    if in_order:
        told = _in_order(told)
    return Losses(*(tuple(sorted(told[fate])) for fate in ("lost", "delayed", "unknown")))


def _by_key(history: Iterable[Operation], old: str, fence: int) -> Mapping[str, _Key]:
    keys: dict[str, _Key] = {}
    for operation in sorted(history):
        known = keys.setdefault(operation.key, _Key())
        if operation.op == "write":
            known.base[operation.version] = operation.based_on
            known.written[operation.version] = operation.time
            if operation.served_by == old and operation.time <= fence:
                known.candidates.append(operation)
        known.seen.append(operation)
    return keys


def _fate(key: _Key, write: Operation, new: str, fence: int, promoted: int) -> Fate:
    """By what the new region answered, or if nobody asked it, any region after the promotion."""
    after = [each for each in key.seen if each.time > write.time and each is not write]
    here = [each for each in after if each.served_by == new]
    relevant = here if any(each.time >= promoted for each in here) else after
    behind = False
    for operation in relevant:
        version = operation.based_on if operation.op == "write" else operation.version
        if version is None:
            continue
        descends = key.descends(version, write.version)
        if descends:
            if operation.served_by == new or operation.time >= promoted:
                return "delayed" if behind else "arrived"
        elif operation.time >= promoted and descends is False:
            if key.written.get(version, fence + 1) <= fence and not key.descends(write.version, version):
                return "arrived"  # of two writes at once the other one won, as on any day
            behind = True
    return "lost" if behind else "unknown"


def _in_order(told: Mapping[Fate, Sequence[int]]) -> dict[Fate, list[int]]:
    newest = max(told["arrived"], default=0)
    oldest = min(told["lost"], default=None)
    unknown = [time for time in told["unknown"] if time > newest]
    inferred = [time for time in unknown if oldest is not None and time >= oldest]
    return {
        "arrived": list(told["arrived"]),
        "lost": [*told["lost"], *inferred],
        "delayed": list(told["delayed"]),
        "unknown": [time for time in unknown if oldest is None or time < oldest],
    }


def _number(version: str) -> int:
    """How many writes a version has behind it, itself included: the N of N@region."""
    digits = version.partition("@")[0]
    return int(digits) if digits.isdecimal() else 0
