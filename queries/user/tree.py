"""The spans of one trace as a tree: who caused whom, on one clock, and what the trace's time was spent on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from queries.answers import Row

ROUNDING = 1000.0  # µs by which what was waited for may seem to end later: some sources count milliseconds


@dataclass(slots=True, eq=False)
class Node:
    """A span, or the place of one that is missing: then `row` has only its id and those of its trace.

    `start` and `end` are µs by the clock of the trace's first span; the end of a span in progress, or a
    missing one, is that of the last span below it.
    """

    row: Row
    start: float
    end: float
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    missing: bool = False
    critical: bool = False
    own: float = 0.0  # µs in which nothing below it ran

    @property
    def lasted(self) -> bool:
        """Whether it is known when it ended."""
        return not self.missing and self.row["duration_ms"] is not None


def trees(spans: Sequence[Row], offset: Callable[[Row], float]) -> list[Node]:
    """The roots, in time order, of the spans of one trace. `offset` is how far a span's clock is ahead, µs.

    A span whose parent is nowhere gets one that is missing. Of spans that are each other's parents the first
    is a root, and of spans with the same id the first is the parent.
    """
    nodes = [_node(row, offset(row)) for row in spans]
    by_id: dict[str, Node] = {}
    for node in nodes:
        by_id.setdefault(node.row["span_id"], node)
    for node in nodes:
        id = node.row["parent_span_id"]
        if id is not None and by_id.get(id) is not node:
            node.parent = by_id.setdefault(id, _missing(id, node))
    _cut_circles(nodes)
    for node in nodes:
        if node.parent:
            node.parent.children.append(node)
    missing = [node for node in by_id.values() if node.missing]
    roots = [node for node in (*nodes, *missing) if node.parent is None]
    for root in roots:
        _measure(root)
    return sorted(roots, key=lambda root: root.start)


def _node(row: Row, offset: float) -> Node:
    start = row["us"] - offset
    return Node(row, start, start + (row["duration_ms"] or 0.0) * 1000)


def _missing(id: str, child: Node) -> Node:
    row = {"trace_id": child.row["trace_id"], "span_id": id, "parent_span_id": None, "region": None}
    return Node(row, child.start, child.start, missing=True)


def _cut_circles(nodes: Iterable[Node]) -> None:
    done: set[Node] = set()
    for node in nodes:
        path: dict[Node, None] = {}
        above: Node | None = node
        while above is not None and above not in done and above not in path:
            path[above] = None
            above = above.parent
        if above is not None and above in path:
            above.parent = None
        done.update(path)


def _measure(root: Node) -> None:
    """Ends, own times and the critical path of a tree."""
    order = list(walk(root))
    for node in reversed(order):
        node.children.sort(key=lambda child: child.start)
        if node.missing:
            node.start = min(child.start for child in node.children)
        if not node.lasted:
            node.end = max([node.start, *(child.end for child in node.children)])
        node.own = node.end - node.start - _covered(node)
    _follow(root)


def walk(root: Node) -> Iterator[Node]:
    """A tree from its root, every node before its children, which are in order."""
    left = [root]
    while left:
        node = left.pop()
        yield node
        left += reversed(node.children)


def _covered(node: Node) -> float:
    """How much of a node's time its children ran, µs."""
    covered, until = 0.0, node.start
    for child in node.children:
        covered += max(min(child.end, node.end) - max(child.start, until), 0.0)
        until = max(until, min(child.end, node.end))
    return covered


def _follow(root: Node) -> None:
    """Mark the critical path: from the end of a span back to its start through whatever ended last.

    What runs on after its parent ended was not waited for (as in Jaeger's critical path).
    """
    left = [(root, root.end)]
    while left:
        node, until = left.pop()
        node.critical = True
        for child in sorted(node.children, key=lambda child: child.end, reverse=True):
            if node.start < child.end <= until + ROUNDING:
                left.append((child, child.end))
                until = min(child.start, until)
