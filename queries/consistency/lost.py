"""Lost updates: acknowledged writes of one key that another region's write replaced without knowing them.

Which write knew which is followed through `based_on`. Where that is not logged, two writes of different
regions are suspected if they are closer in time than replication takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from queries.consistency.checker import NOT_FOUND, Operation

SETTLED = 1000  # ms after a write in which its own region shows it, whatever the mode

Status = Literal["confirmed", "suspected"]
Lag = Callable[[str, str], float | None]  # the longest that replication from region to region takes, ms


@dataclass(frozen=True, slots=True)
class Lost:
    """Two acknowledged writes, the lost one and the one that replaced it.

    `suspected`: it may be the other way round, or, where `based_on` is missing, the one knew the other.
    `skew_inversion`: the one that replaced it surely is the older; a clock is at fault.
    """

    lost: Operation
    winner: Operation
    status: Status
    skew_inversion: bool


def lost_updates(operations: Sequence[Operation], lag: Lag) -> list[Lost]:
    """The lost updates among the acknowledged operations of one key, each lost write once."""
    ordered = sorted(operations, key=_when)
    writes = {each.version: each for each in ordered if each.op == "write"}
    parents = {version: each.based_on or _first(version) for version, each in writes.items()}
    reads = [each for each in ordered if each.op == "read"]
    inverted = list(_inverted(writes, parents, reads))
    kept = {name: each for name, each in writes.items() if name not in {one.lost.version for one in inverted}}
    known = {parents[version] for version in kept}
    tips = [each for version, each in kept.items() if version not in known]
    if not tips:
        return inverted
    shown = _shown(tips, reads, lag)
    winner = shown or max(tips, key=_when)
    chain = _Chain(winner.version, writes, parents)
    certain = shown is not None or all(each is winner or _before(each, winner) for each in tips)
    rest = (each for version, each in kept.items() if version not in chain.place)
    return [*inverted, *(found for each in rest if (found := _judged(each, chain, certain, reads, lag)))]


def _first(version: str) -> str | None:
    """The first version of a key is based on nothing, and need not say so."""
    return NOT_FOUND if version.partition("@")[0] == "1" else None


def _when(operation: Operation) -> tuple[int, str]:
    return operation.at, operation.version


def _ancestors(version: str, parents: Mapping[str, str | None]) -> Iterator[str]:
    seen = {version}
    while (parent := parents.get(version)) is not None and parent not in seen:
        yield parent
        seen.add(parent)
        version = parent


def _inverted(
    writes: Mapping[str, Operation], parents: Mapping[str, str | None], reads: Sequence[Operation]
) -> Iterator[Lost]:
    """Writes whose own region went back, for good, to a version that they had replaced."""
    last = {each.region: each for each in reads}
    latest = {each.region: each for each in writes.values()}
    for region, write in latest.items():
        read = last.get(region)
        if read is None or write.end is None or read.start < write.end + SETTLED:
            continue
        if read.version in writes and read.version in _ancestors(write.version, parents):
            yield Lost(write, writes[read.version], "confirmed", skew_inversion=True)


def _shown(tips: Sequence[Operation], reads: Sequence[Operation], lag: Lag) -> Operation | None:
    """The one that stayed of the writes that no other is based on, if a read tells: in the region of another
    of them and after that one, or so late that all had arrived everywhere."""
    by_version = {each.version: each for each in tips}
    latest = {each.region: each for each in tips}
    settled = _settled(tips, lag)
    shown = None
    for read in reads:
        tip, rival = by_version.get(read.version), latest.get(read.region)
        if tip is None:
            continue
        replaced = rival is not None and rival.region != tip.region and _before(rival, read)
        if replaced or (settled is not None and read.start > settled):
            shown = tip
    return shown


def _settled(tips: Sequence[Operation], lag: Lag) -> float | None:
    """When the last of the writes has arrived everywhere; None if that is not known."""
    regions = {each.region for each in tips}
    lags = [lag(one, other) for one in regions for other in regions if one < other]
    known = [each for each in lags if each is not None]
    ends = [each.end for each in tips if each.end is not None]
    return max(ends) + max(known) if known and len(known) == len(lags) and len(ends) == len(tips) else None


class _Chain:
    """The versions that led to the one that stayed, oldest first."""

    def __init__(
        self, version: str, writes: Mapping[str, Operation], parents: Mapping[str, str | None]
    ) -> None:
        names = [version, *_ancestors(version, parents)][::-1]
        self.place = {name: number for number, name in enumerate(names)}
        self.writes = [writes.get(name) for name in names]
        self._parents = parents
        self._forks: dict[str, int | None] = {}

    def fork(self, version: str) -> int | None:
        """Where a version's own ancestors leave the chain; None if that is not known."""
        way = []
        for name in (version, *_ancestors(version, self._parents)):
            if name in self.place:
                self._forks[name] = self.place[name]
            way.append(name)
            if name in self._forks:
                break
        found = self._forks.get(way[-1])
        self._forks |= dict.fromkeys(way, found)
        return found

    def after(self, place: int, region: str) -> Operation | None:
        """The first write on the chain behind a place that another region made."""
        behind = self.writes[place + 1 :]
        return next((each for each in behind if each is not None and each.region != region), None)


def _judged(
    write: Operation, chain: _Chain, certain: bool, reads: Sequence[Operation], lag: Lag
) -> Lost | None:
    fork = chain.fork(write.version)
    if fork is not None:
        winner = chain.after(fork, write.region)
        status: Status = "confirmed" if certain else "suspected"
        return Lost(write, winner, status, _before(winner, write)) if winner else None
    rivals = [each for each in chain.writes if each is not None and each.region != write.region]
    close = [each for each in rivals if _gap(write, each) < (lag(write.region, each.region) or 0.0)]
    if not close:
        return None
    winner = min(close, key=lambda each: _gap(write, each))
    confirmed = _replaced(write, winner, reads)
    return Lost(write, winner, "confirmed" if confirmed else "suspected", _before(winner, write))


def _before(one: Operation, other: Operation) -> bool:
    return one.end is not None and one.end < other.start


def _gap(one: Operation, other: Operation) -> float:
    """The least time that can be between two writes, ms; 0 if their order is not known."""
    first, second = sorted((one, other), key=_when)
    return max(second.start - first.end, 0) if first.end is not None else 0


def _replaced(write: Operation, winner: Operation, reads: Sequence[Operation]) -> bool:
    """Whether the write's region shows the winner after it, and did not before."""
    there = [each for each in reads if each.region == write.region and each.version == winner.version]
    return bool(there) and all(_before(write, each) for each in there)
