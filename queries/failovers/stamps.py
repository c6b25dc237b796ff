"""Stamps of the regions' clocks, corrected as far as the messages between them tell."""

from __future__ import annotations

from queries.answers import Reader
from queries.failovers.impact import moment
from queries.offsets import Clocks, clocks

HOUR = 3_600_000_000  # µs
MARGIN = 300_000_000  # µs before and after an hour, for messages of the neighbouring windows
ASSUMED = 1_000_000  # µs a clock is taken to be right within if no message tells: NTP keeps far below that


class Stamps:
    """Corrects stamps; the clocks of an hour are looked at when the first of its stamps is asked for."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._hours: dict[int, Clocks] = {}

    def offset(self, region: str, time: int) -> tuple[int, int]:
        """How far a region's clock was ahead of the reference clock, and the bound of that; all in µs."""
        hour = time // HOUR
        if hour not in self._hours:
            span = moment(hour * HOUR - MARGIN), moment((hour + 1) * HOUR + MARGIN)
            self._hours[hour] = clocks(self._reader, *span)
        found = self._hours[hour].offset(region, time)
        return (0, ASSUMED) if found is None else (round(found[0]), round(found[1]))

    def corrected(self, region: str, time: int) -> tuple[int, int]:
        """A stamp by the reference clock, and its bound."""
        ahead, bound = self.offset(region, time)
        return time - ahead, bound
