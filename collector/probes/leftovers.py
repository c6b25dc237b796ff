"""What probes may have left behind: written down before they write, struck out when it is surely gone.

DynamoDB cannot be searched for a prefix without reading the whole table, so the keys are remembered instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from collector.probes.probing import Job
from store import marks
from store.objects import Store

_CRASHED_S = 60  # after its timeout, a probe that did not report is taken for dead
_LATE_S = 900  # S3 promises to replicate within 15 minutes: so late may a copy turn up that nobody waits for
_MOST = 2000  # remembered; beyond, the oldest are left to the services' own expiry
_CLEANED = 100  # per run, the oldest first


class Leftover(NamedTuple):
    """A key of a resource of the region that writes, and when (epoch seconds) it may be cleaned up."""

    layer: str
    resource: str
    key: str
    due: int


@dataclass(frozen=True, slots=True)
class Leftovers:
    """A region's. A run that reads while another writes may forget what that one wrote down; it expires."""

    region: str
    items: tuple[Leftover, ...] = field(default=())

    @classmethod
    def read(cls, store: Store, region: str) -> Leftovers:
        kept = marks.read(store, f"probes/{region}") or {"items": []}
        return cls(region, tuple(Leftover(*item) for item in kept["items"]))

    def write(self, store: Store) -> None:
        latest = sorted(self.items, key=lambda item: item.due)[-_MOST:]
        marks.write(store, f"probes/{self.region}", {"items": latest})

    def due(self, now: int) -> list[Leftover]:
        """What may be cleaned up at epoch seconds `now`."""
        return sorted((item for item in self.items if item.due <= now), key=lambda item: item.due)[:_CLEANED]

    def plus(self, items: list[Leftover]) -> Leftovers:
        return replace(self, items=(*self.items, *items))

    def minus(self, items: list[Leftover]) -> Leftovers:
        gone = set(items)
        return replace(self, items=tuple(item for item in self.items if item not in gone))


def of(job: Job, now: int) -> list[Leftover]:
    """What a job that begins at epoch seconds `now` leaves if it dies."""
    due = now + int(job.probe.timeout_s) + _CRASHED_S
    return [Leftover(job.probe.layer, job.probe.name(job.pair[0]), key, due) for key in job.keys]


def late(item: Leftover) -> Leftover:
    """The same, to be cleaned up once more when whatever was on its way has arrived."""
    return item._replace(due=item.due + _LATE_S)
