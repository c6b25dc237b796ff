"""Windows of time that an objective is about: the last so many days, or the calendar's."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 7 * 1440, "M": 30 * 1440, "Q": 90 * 1440, "Y": 365 * 1440}
LONGEST = 10 * MINUTES["Y"]
_MONTHS = {"M": 1, "Q": 3, "Y": 12}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Duration:
    """OpenSLO's duration-shorthand: `1m` is a minute, `1M` a month."""

    number: int
    unit: str

    @classmethod
    def of(cls, text: str) -> Duration:
        """Raises ValueError for what is none."""
        match = re.fullmatch(r"([1-9]\d{0,6})([mhdwMQY])", text, re.ASCII)
        if not match:
            raise ValueError("must be a number and m, h, d, w, M, Q or Y: 5m is minutes, 1M a month")
        found = cls(int(match[1]), match[2])
        if found.minutes > LONGEST:
            raise ValueError("must be at most 10 years")
        return found

    @property
    def minutes(self) -> int:
        """A month is taken for 30 days, a quarter for 90 and a year for 365."""
        return self.number * MINUTES[self.unit]

    def __str__(self) -> str:
        return f"{self.number}{self.unit}"

    def after(self, start: datetime, times: int) -> datetime:
        """`start`, by its own clock on the wall, and so many durations."""
        count = self.number * times
        if self.unit in _MONTHS:
            return _months_after(start, count * _MONTHS[self.unit])
        if self.unit in "mh":  # these are as long on the day when the clock changes
            return start.astimezone(UTC) + timedelta(minutes=count * MINUTES[self.unit])
        return start + timedelta(minutes=count * MINUTES[self.unit])


def _months_after(start: datetime, months: int) -> datetime:
    """The same day of another month, or its last one."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Window:
    """A rolling window; with an `anchor`, at which one of them begins in its time zone, a calendar's."""

    duration: Duration
    anchor: datetime | None = None

    def period(self, until: int) -> tuple[int, int]:
        """The first minute of the window, and the one after its last, if it is looked at when `until` begins.

        Minutes are numbers since the epoch. At the very end of a calendar window it is that window, complete.
        """
        if self.anchor is None:
            return until - self.duration.minutes, until
        times = (until - minute_of(self.anchor)) // self.duration.minutes
        while self._start(self.anchor, times) >= until:
            times -= 1
        while self._start(self.anchor, times + 1) < until:
            times += 1
        return self._start(self.anchor, times), self._start(self.anchor, times + 1)

    def _start(self, anchor: datetime, times: int) -> int:
        return minute_of(self.duration.after(anchor, times))

    def __str__(self) -> str:
        return (
            f"{self.duration} calendar, {self.anchor.tzinfo}" if self.anchor else f"{self.duration} rolling"
        )


def minute_of(time: datetime) -> int:
    """The number of the minute that a time is in."""
    return (time - EPOCH) // timedelta(minutes=1)


def time_of(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)
