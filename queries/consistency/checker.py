"""Whether the operations on one key can have happened one after the other, in an order that fits their times.

After Lu et al., Existential Consistency (SOSP 2015), and Elle: a node is a version with all that wrote or
read it, an edge says what came first, and versions that each came before the other are an anomaly.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

NOT_FOUND = "none"
STARTS = 64  # versions of a tangle from which its shortest cycle is looked for

Kind = Literal["garbage_read", "future_read", "causal", "linearizability"]


@dataclass(frozen=True, slots=True)
class Operation:
    """A read or a write of one key. It happened somewhere between `start` and `end`, both as wide as the
    clocks are uncertain; a write that was not acknowledged may happen at any time after (`end` None)."""

    id: str
    op: Literal["read", "write"]
    version: str
    start: int
    end: int | None
    session: str | None = None
    based_on: str | None = None
    region: str = ""  # that served it
    at: int = 0  # when it ended, as well as that is known


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What cannot have happened, and the operations that show it: each before the next, the last before all.

    A read of a version that nobody wrote (garbage), or not yet (future); an order that sessions and
    `based_on` alone contradict (causal), or only together with the times (linearizability).
    """

    kind: Kind
    operations: tuple[Operation, ...]


def check(operations: Sequence[Operation], known: Collection[str] = ()) -> list[Anomaly]:
    """The anomalies of one key. `known` are versions that are there though none of them wrote it."""
    writes = {each.version: each for each in operations if each.op == "write"}
    there = {*writes, *known, NOT_FOUND}
    garbage = [each for each in operations if each.op == "read" and each.version not in there]
    future = [
        (each, writes[each.version])
        for each in operations
        if each.op == "read" and each.version in writes and _before(each, writes[each.version])
    ]
    return [
        *(Anomaly("garbage_read", (each,)) for each in garbage),
        *(Anomaly("future_read", pair) for pair in future),
        *_contradictions([each for each in operations if each.version in there]),
    ]


def _before(one: Operation, other: Operation) -> bool:
    return one.end is not None and one.end < other.start


def _contradictions(operations: Sequence[Operation]) -> Iterator[Anomaly]:
    sessions: dict[str, list[Operation]] = {}
    for each in operations:
        if each.session is not None:
            sessions.setdefault(each.session, []).append(each)
    causal, timed = _Graph(operations), _Graph(operations)
    for own in sessions.values():
        causal.order(own)
        timed.order(own)
    timed.order(operations)
    explained: set[int] = set()
    for tangle in causal.tangles():
        explained |= tangle
        yield Anomaly("causal", causal.shortest_cycle(tangle))
    for tangle in timed.tangles():
        if explained.isdisjoint(tangle):
            yield Anomaly("linearizability", timed.shortest_cycle(tangle))


class _Graph:
    """Versions and what came first. Besides them it has points in time, one chain per ordered group: an
    operation leads to the point where it ends, and the last point before an operation starts leads to it. So
    the order of n operations takes n edges, not n².
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._nodes: dict[str, int] = {}
        self._edges: list[list[tuple[int, Operation | None]]] = []
        for each in operations:
            self._node(each.version)
        self._versions = len(self._edges)
        for each in operations:
            if each.based_on in self._nodes and each.based_on != each.version:
                self._edges[self._nodes[each.based_on]].append((self._nodes[each.version], each))
        self._after_nothing(operations)

    def _node(self, version: str) -> int:
        if version not in self._nodes:
            self._nodes[version] = len(self._edges)
            self._edges.append([])
        return self._nodes[version]

    def _after_nothing(self, operations: Iterable[Operation]) -> None:
        """What is not found has not been written yet: it comes before every version."""
        nothing = self._nodes.get(NOT_FOUND)
        if nothing is not None:
            writes = {self._nodes[each.version]: each for each in operations if each.op == "write"}
            self._edges[nothing] += [(node, each) for node, each in writes.items() if node != nothing]

    def order(self, group: Sequence[Operation]) -> None:
        """Let those of the group that ended before others started come before them."""
        first_ended: dict[int, tuple[int, Operation]] = {}
        last_started: dict[int, Operation] = {}
        for each in group:
            node = self._nodes[each.version]
            if each.end is not None and (node not in first_ended or each.end < first_ended[node][0]):
                first_ended[node] = each.end, each
            if node not in last_started or each.start > last_started[node].start:
                last_started[node] = each
        ended = sorted((end, node) for node, (end, _) in first_ended.items())
        point = len(self._edges)
        for number, (_, node) in enumerate(ended):
            self._edges[node].append((point + number, first_ended[node][1]))
            self._edges.append([(point + number + 1, None)] if number + 1 < len(ended) else [])
        for node, each in last_started.items():
            passed = bisect_left(ended, (each.start,)) - 1
            if passed >= 0:
                self._edges[point + passed].append((node, each))

    def tangles(self) -> Iterator[set[int]]:
        """The sets of two or more versions each of which came before all others."""
        for component in _components([[node for node, _ in edges] for edges in self._edges]):
            if sum(node < self._versions for node in component) > 1:
                yield component

    def shortest_cycle(self, tangle: set[int]) -> tuple[Operation, ...]:
        """The operations of the cycle through the fewest versions of the tangle."""
        starts = sorted(node for node in tangle if node < self._versions)[:STARTS]
        found = [self._cycle(start, tangle) for start in starts]
        _, operations = min(found, key=lambda cycle: cycle[0])
        return tuple(dict.fromkeys(operations))

    def _cycle(self, start: int, tangle: set[int]) -> tuple[int, list[Operation]]:
        """From a version back to it through another one: how many versions, and the operations on the way."""
        first = (start, False)
        came: dict[tuple[int, bool], tuple[tuple[int, bool], Operation | None]] = {}
        cost = {first: 0}
        queue = deque([first])
        while queue:
            at = queue.popleft()
            for node, operation in self._edges[at[0]]:
                if node not in tangle:
                    continue
                step = int(node < self._versions)
                then = (node, at[1] or (step == 1 and node != start))
                if then not in cost or cost[at] + step < cost[then]:
                    cost[then], came[then] = cost[at] + step, (at, operation)
                    (queue.append if step else queue.appendleft)(then)
        return cost[start, True], _operations(came, first, (start, True))


def _operations(
    came: dict[tuple[int, bool], tuple[tuple[int, bool], Operation | None]],
    first: tuple[int, bool],
    last: tuple[int, bool],
) -> list[Operation]:
    found: list[Operation] = []
    while last != first:
        last, operation = came[last]
        if operation is not None:
            found.append(operation)
    return found[::-1]


def _components(edges: Sequence[Sequence[int]]) -> Iterator[set[int]]:
    """The strongly connected components (Tarjan 1972, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    open_: set[int] = set()
    for root in range(len(edges)):
        if root in index:
            continue
        work = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        open_.add(root)
        while work:
            node, following = work[-1]
            for then in following:
                if then not in index:
                    index[then] = low[then] = len(index)
                    stack.append(then)
                    open_.add(then)
                    work.append((then, iter(edges[then])))
                    break
                if then in open_:
                    low[node] = min(low[node], index[then])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = set()
                    while node not in component:
                        component.add(stack.pop())
                    open_ -= component
                    yield component
