"""Moments as epoch microseconds: which numbers and texts are one, and which years are believed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

DAY = 86_400_000_000  # microseconds

EARLIEST = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
RULE = "must be a time between the years 2000 and 2100"

# A number's unit by its magnitude: the ranges of seconds, ms, µs and ns do not overlap within these years.
_SECONDS, _MILLIS, _NANOS = 10**10, 10**13, 10**16


def micros(value: object) -> int | None:
    """Epoch seconds, ms, µs or ns, or ISO 8601 text, as epoch µs; None if it is no time in 2000..2100."""
    if isinstance(value, str):
        moment = _from_text(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        moment = _from_number(value)
    else:
        return None
    return moment if moment is not None and EARLIEST <= moment < LATEST else None


def day_of(moment: int) -> date:
    """The UTC day of epoch µs."""
    return date(1970, 1, 1) + timedelta(days=moment // DAY)


def _from_number(value: float) -> int | None:
    if not 0 < value < 10**19:  # also NaN
        return None
    if value < _SECONDS:
        return round(value * 1_000_000)
    if value < _MILLIS:
        return round(value * 1000)
    return int(value) if value < _NANOS else int(value // 1000)


def _from_text(text: str) -> int | None:
    if text.isascii() and text.isdigit() and 10 <= len(text) <= 19:  # SQS sends numbers as text
        return _from_number(int(text))
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    stamped = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    try:
        return round(stamped.timestamp() * 1_000_000)
    except (OverflowError, ValueError):
        return None
