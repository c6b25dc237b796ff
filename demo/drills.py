"""The drill of every story: a GameDay in which replication between two regions is paused."""

from __future__ import annotations

from dataclasses import dataclass

BEGINS, LASTS, LONGEST = 0.40, 0.15, 120.0  # shares of the story; seconds


@dataclass(frozen=True, slots=True)
class Drill:
    """Between two moments (epoch seconds) nothing of the session table goes from `source` to `target`.

    That is what the FIS action aws:dynamodb:global-table-pause-replication does.
    """

    id: str
    source: str
    target: str
    start: float
    end: float


def drill(start: float, end: float) -> Drill:
    """The drill of a story that lasts from `start` to `end`."""
    begin = start + BEGINS * (end - start)
    lasting = min(LASTS * (end - start), LONGEST)
    return Drill("EXPd6ZgT4aWb1cQ7x", "eu-west-1", "ap-southeast-1", begin, begin + lasting)
