"""CloudWatch metric streams in the format JSON: a line through Firehose is a metric's minute."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from collector.decode import Misfit
from collector.metrics.catalogue import builtin
from collector.metrics.points import Point, signals
from collector.moment import RULE, micros
from collector.signals import Signals
from store.layout import region_name

_START = b'{"metric_stream_name":'
_KEYS = {"metric_stream_name", "namespace", "metric_name"}

# Further statistics a stream may be configured to carry (p99, tm98 …) keep CloudWatch's name.
_STATISTICS = {"min": "minimum", "max": "maximum", "sum": "sum", "count": "sample_count"}


class _Wrong(Exception):
    """The line is no data point. The message names key, value and rule."""


def read(value: Any, raw: bytes) -> Sequence[Signals] | None:
    """The rows of a line; None if it is none of a metric stream.

    Each statistic that is told is a row: the same series as if they had been pulled.
    """
    return [_signals([(value, raw)])] if _is_line(value) else None


def lines(data: bytes) -> Signals | None:
    """The rows of a payload, if it is nothing but lines of a metric stream: thousands at once.

    None otherwise, also for one that is broken anywhere; then its lines can be read one by one.
    """
    if not data.startswith(_START):
        return None
    found = [line for line in data.split(b"\n") if line.strip()]
    try:
        values = [orjson.loads(line) for line in found]
    except orjson.JSONDecodeError:
        return None
    return _signals(zip(values, found, strict=True)) if all(map(_is_line, values)) else None


def _is_line(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() >= _KEYS


def _signals(found: Iterable[tuple[Mapping[str, Any], bytes]]) -> Signals:
    points, misfits = [], []
    for line, raw in found:
        try:
            points.append(_point(line))
        except _Wrong as error:
            misfits.append(Misfit(raw, str(error), None))
    return signals(points, builtin(), misfits=misfits)


def _point(line: Mapping[str, Any]) -> Point:
    time = micros(line.get("timestamp"))
    if time is None:
        raise _wrong(line, "timestamp", RULE)
    return Point(
        account=_text(line, "account_id"),
        region=_region(line),
        namespace=_text(line, "namespace"),
        name=_text(line, "metric_name"),
        dimensions=_dimensions(line),
        time=time,
        values=_values(line),
        unit=line.get("unit") if isinstance(line.get("unit"), str) else None,
    )


def _text(line: Mapping[str, Any], key: str) -> str:
    value = line.get(key)
    if not isinstance(value, str) or not value:
        raise _wrong(line, key, "must be text")
    return value


def _region(line: Mapping[str, Any]) -> str:
    try:
        return region_name(_text(line, "region"))
    except ValueError:
        raise _wrong(line, "region", "must be a region's name, such as eu-west-1") from None


def _dimensions(line: Mapping[str, Any]) -> dict[str, str]:
    value = line.get("dimensions")
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise _wrong(line, "dimensions", "must be an object of texts")
    return value


def _values(line: Mapping[str, Any]) -> dict[str, float]:
    value = line.get("value")
    if not isinstance(value, dict) or not value or not all(map(_is_number, value.values())):
        raise _wrong(line, "value", "must be an object of finite numbers")
    return {_STATISTICS.get(name) or name: float(each) for name, each in value.items()}


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


def _wrong(line: Mapping[str, Any], key: str, rule: str) -> _Wrong:
    if key not in line:
        return _Wrong(f"{key} is missing: {rule}")
    value = line[key]
    shown = type(value).__name__ if isinstance(value, dict | list) else repr(value)[:80]
    return _Wrong(f"{key} is {shown}: {rule}")
