"""The ground truth of a story: what really happened to each request, and what each incident did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demo.aftermath import Aftermath
from demo.requests import milliseconds, record
from demo.shop import Simulation


class Truth:
    """Told once, from the first request to the last; then what the incidents did is known as well."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._aftermaths = [Aftermath(incident) for incident in simulation.incidents]

    def requests(self) -> Iterator[dict[str, Any]]:
        """One JSON object per line of ground-truth.jsonl.

        All times are true; `clock_offset_ms` is how far the clock of the request's region was ahead of them
        when it came.
        """
        for request in self._simulation.requests():
            for aftermath in self._aftermaths:
                aftermath.observe(request)
            ahead = self._simulation.clocks.offset(request.region, request.start)
            yield record(request) | {"clock_offset_ms": milliseconds(ahead)}

    def incidents(self) -> list[dict[str, Any]]:
        """One JSON object per line of incidents.jsonl, once all requests are told."""
        return [aftermath.record(self._simulation.clocks) for aftermath in self._aftermaths]
