"""The book of one source of state: what its subjects were when last seen, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from collector.state.change import Change, row
from collector.state.observation import Facts, Observation
from store.layout import content_id

Describe = Callable[[str, Facts | None, Facts | None], Change]


REFRESH = 5 * 60_000_000  # µs after which a poller says again that it sees what it saw
ALIVE = 12 * 60_000_000  # µs for which it counts as seeing that: two times it may have failed to say so

_MISSING = ""  # the view of a poller that sees the subject no more


class View(NamedTuple):
    """The digest of the facts that a region's poller saw last, and when (epoch µs)."""

    digest: str
    time: int


@dataclass(slots=True)
class Entry:
    """The facts as of the last change, and each poller's view of them.

    Pollers share a subject, and AWS may answer them differently for a while. That the facts changed may say
    who saw them as they stand here; anybody else, who may lag behind, only if no poller alive still does.
    """

    facts: Facts
    views: dict[str, View] = field(default_factory=dict)

    def changed(self, digest: str, region: str, time: int) -> bool:
        """Whether it is news that the poller of a region sees something else."""
        known, own = _digest(self.facts), self.views.get(region)
        if digest == known:
            return False
        return (own is not None and own.digest == known) or known not in self.others(region, time)

    def others(self, region: str, time: int) -> set[str]:
        """What the other pollers see that are alive."""
        return {
            view.digest
            for place, view in self.views.items()
            if place != region and view.digest != _MISSING and time - view.time < ALIVE
        }

    def enter(self, digest: str, region: str, time: int) -> bool:
        """Note a poller's view. False if that is known."""
        own = self.views.get(region)
        if own and own.digest == digest and time - own.time < REFRESH:
            return False
        self.views[region] = View(digest, time)
        return True


@dataclass(slots=True)
class Book:
    """`pending` are rows of `events` that are decided but perhaps not stored yet."""

    entries: dict[str, Entry] = field(default_factory=dict)
    pending: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def opened(cls, value: dict[str, Any]) -> Self:
        entries = {
            subject: Entry(facts, {region: View(*view) for region, view in views.items()})
            for subject, (facts, views) in value.get("entries", {}).items()
        }
        return cls(entries, value.get("pending", []))

    def value(self) -> dict[str, Any]:
        """As a ledger keeps it."""
        entries = {subject: (entry.facts, entry.views) for subject, entry in self.entries.items()}
        return {"entries": entries, "pending": self.pending}

    def note(self, source: str, describe: Describe, observation: Observation, region: str, time: int) -> bool:
        """Enter what the poller of a region saw at `time` (epoch µs). False if all of it is known."""
        entered = False
        for subject, before, after in [
            *self._seen(observation, region, time),
            *self._missed(observation, region, time),
        ]:
            entered = True
            if before != after:
                told = row(source, subject, describe(subject, before, after), before, after, time)
                self.pending.append({**told, "region": told["region"] or region})
        return entered

    def _seen(self, observation: Observation, region: str, time: int) -> Iterator[_News]:
        for subject, facts in observation.subjects.items():
            digest, entry = _digest(facts), self.entries.get(subject)
            if entry is None:
                self.entries[subject] = Entry(facts, {region: View(digest, time)})
                yield subject, None, facts
                continue
            before = entry.facts
            if entry.changed(digest, region, time):
                entry.facts = facts
                entry.views[region] = View(digest, time)
                yield subject, before, facts
            elif entry.enter(digest, region, time):
                yield subject, before, before

    def _missed(self, observation: Observation, region: str, time: int) -> Iterator[_News]:
        """A subject is gone once no poller alive sees it; who never saw it cannot tell."""
        if not observation.complete:
            return
        for subject, entry in list(self.entries.items()):
            if region not in entry.views or subject in {*observation.subjects, *observation.unknown}:
                continue
            if not entry.others(region, time):
                del self.entries[subject]
                yield subject, entry.facts, None
            elif entry.enter(_MISSING, region, time):
                yield subject, entry.facts, entry.facts


_News = tuple[str, Facts | None, Facts | None]  # a subject, as it was and as it is


def _digest(facts: Facts) -> str:
    parts = (part for pair in sorted(facts.items()) for part in pair)
    return content_id(part.encode("utf-8", "backslashreplace") for part in parts)[:16]
