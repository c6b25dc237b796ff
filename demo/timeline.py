"""Simulated time: processes that wait, resumed in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from functools import partial
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[float, None, T]  # something that takes time: yields each wait in seconds, returns a T


class Timeline:
    """The clock all processes share; `now` is in epoch seconds."""

    def __init__(self, start: float) -> None:
        self.now = start
        self._order = 0
        self._waiting: list[tuple[float, int, Callable[[], object]]] = []

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something later; what falls on one instant is done in the order in which it was asked for."""
        self._order += 1
        heapq.heappush(self._waiting, (self.now + seconds, self._order, action))

    def spawn(self, process: Steps[None]) -> None:
        """Start a process now."""
        self.after(0, partial(self._resume, process))

    def step(self) -> bool:
        """Move on to whatever comes next, and do it; False when nothing is left."""
        if not self._waiting:
            return False
        self.now, _, action = heapq.heappop(self._waiting)
        action()
        return True

    def _resume(self, process: Steps[None]) -> None:
        wait = next(process, None)
        if wait is not None:
            self.after(wait, partial(self._resume, process))
