"""The roles a field can play: which column its values fill, and how they are converted to fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collector import severity
from collector.columns import Column, type_of
from collector.formats import stacktrace
from collector.moment import EARLIEST, LATEST, micros
from collector.texts import array_of, lengths
from collector.trace import span_id, trace_id, xray_trace_ids

Convert = Callable[[Sequence[Any]], Sequence[Any]]
Whole = Callable[[pa.StringArray], pa.Array | None]


@dataclass(frozen=True, slots=True)
class Role:
    """A column of Parsed, and the conversion into it: one value per value, None where one does not fit.

    A field that is `kept` stays an attribute as well, under the name `kept_as` if that is given. A `late`
    role is asked when no other gave the column a value. `whole` does what `convert` does with texts all at
    once, or gives None if it cannot.
    """

    column: str
    convert: Convert
    kept: bool = False
    kept_as: str | None = None
    late: bool = False
    whole: Whole = lambda texts: None

    def fill(self, values: Column) -> pa.Array:
        """The values converted, as an array of the column's type."""
        if not isinstance(values, pa.Array):
            return array_of(self.convert(values), type_of(self.column))
        found = self.whole(values)
        return by_value(self.convert, values, type_of(self.column)) if found is None else found


def by_value(convert: Convert, column: pa.Array, type: pa.DataType) -> pa.Array:
    """The column converted: what recurs, once."""
    coded = column.dictionary_encode()
    return array_of(convert(coded.dictionary.to_pylist()), type).take(coded.indices)


def _each(function: Callable[[Any], Any]) -> Convert:
    return lambda values: list(map(function, values))


def _each_text(function: Callable[[str], Any]) -> Convert:
    return lambda values: [function(value) if type(value) is str else None for value in values]


def _each_distinct(function: Callable[[Any], Any]) -> Convert:
    """For columns in which few values recur."""

    def convert(values: Sequence[Any]) -> list[Any]:
        if set(map(type, values)) != {str}:  # 1, 1.0 and True would be one key
            return list(map(function, values))
        known = {value: function(value) for value in set(values)}
        return list(map(known.__getitem__, values))

    return convert


def _texts(values: Sequence[Any]) -> Sequence[str | None]:
    if set(map(type, values)) == {str}:
        return values if all(values) else [value or None for value in values]
    return [_text(value) for value in values]


def _said(texts: pa.StringArray) -> pa.StringArray:
    """`_texts` of all."""
    if lengths(texts).all():
        return texts
    return pc.replace_with_mask(texts, pc.equal(texts, ""), pa.scalar(None, pa.string()))


def _text(value: object) -> str | None:
    if type(value) is str:
        return value or None
    return repr(value) if type(value) is int else None


# What Powertools and OpenTelemetry write where nobody named the service.
_UNNAMED = re.compile(r"service_undefined|unknown_service(?::.*)?")


def _service(value: object) -> str | None:
    return value if type(value) is str and value and not _UNNAMED.fullmatch(value) else None


_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+)+-\d")


def _region(text: str) -> str | None:
    return text if _REGION.fullmatch(text) else None


_STATUS: dict[object, int] = {spelling: code for code in range(100, 600) for spelling in (code, str(code))}

_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,12})?) ?(ns|us|µs|ms|s)?")
_MILLIS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3}


def _duration(value: object, unit: str | None) -> float | None:
    """Milliseconds of a number in `unit`, or of a text that may name its own; None if neither names one."""
    if type(value) is str:
        match = _DURATION.fullmatch(value)
        if not match:
            return None
        value, unit = float(match[1]), match[2] or unit
    if unit and (type(value) is int or type(value) is float) and 0 <= value < 1e15:
        return float(value) if unit == "ms" else round(value * _MILLIS[unit], 6)
    return None


def _durations(values: Sequence[Any]) -> Sequence[float | None]:
    if set(map(type, values)) == {float} and min(values) >= 0 and max(values) < 1e15:
        return values
    return [_duration(value, "ms") for value in values]


_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_EPOCH = re.compile(r"\d{10}\.\d{1,9}")
_CLF = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})")


def _time(value: object) -> int | None:
    if type(value) is str and value[2:3] == "/":
        match = _CLF.fullmatch(value)
        if not match or match[2] not in _MONTHS:
            return None
        value = f"{match[3]}-{_MONTHS.index(match[2]) // 3 + 1:02}-{match[1]}T{match[4]}{match[5]}"
    if type(value) is str and _EPOCH.fullmatch(value):
        value = float(value)
    return micros(value)


_any_times = _each_distinct(_time)


def _times(values: Sequence[Any]) -> Sequence[int | None]:
    """`_time` of each value; all at once where all are epoch ms."""
    if set(map(type, values)) == {int} and min(values) * 1000 >= EARLIEST and max(values) * 1000 < LATEST:
        return [value * 1000 for value in values]
    return _any_times(values)


def _moments(texts: pa.StringArray) -> pa.Int64Array | None:
    """`_time` of texts that all are ISO 8601 with a zone."""
    try:
        moments = texts.cast(pa.timestamp("us", "UTC")).view(pa.int64())
    except pa.ArrowException:
        return None
    bounds = pc.min_max(moments).as_py()
    believed = bounds["min"] is None or EARLIEST <= bounds["min"] <= bounds["max"] < LATEST
    return moments if believed else None


def _word(value: object) -> str | None:
    return value if type(value) is str and severity.number(value) else None


_FAILED = {"error": severity.ERROR, "failure": severity.ERROR, "timeout": severity.ERROR}

ROLES: dict[str, Role] = {
    "time": Role("time", _times, whole=_moments),
    "account_id": Role("account_id", _texts, whole=_said),
    "region": Role("region", _each_text(_region)),
    "service": Role("service", _each_distinct(_service)),
    "severity": Role("severity_number", _each_distinct(severity.number)),
    "otel_severity": Role("severity_number", _each(severity.otel)),
    "syslog_severity": Role("severity_number", _each(severity.syslog)),
    "severity_text": Role("severity_text", _each_distinct(_word)),
    "trace_id": Role("trace_id", _each_text(trace_id), whole=xray_trace_ids),
    "span_id": Role("span_id", _each_text(span_id)),
    "request_id": Role("request_id", _texts, whole=_said),
    "session_id": Role("session_id", _texts, whole=_said),
    "user_id": Role("user_id", _texts, whole=_said),
    "http_status": Role("http_status", _each(_STATUS.get)),
    "duration_ms": Role("duration_ms", _durations),
    "duration_s": Role("duration_ms", _each(lambda value: _duration(value, "s"))),
    "duration_with_unit": Role("duration_ms", _each(lambda value: _duration(value, None)), late=True),
    "error_type": Role("error_type", _texts, whole=_said),
    "stack": Role("error_type", _each_text(stacktrace.error_type), kept=True, late=True),
    "message": Role("template", _texts, kept=True, kept_as="message", whole=_said),
    "template": Role("template", lambda values: values, whole=lambda texts: texts),
    # Lambda's own status of an invocation says three things at once.
    "outcome": Role("severity_number", _each_text(_FAILED.get), kept=True),
    "timeout": Role("error_type", _each_text({"timeout": stacktrace.TIMED_OUT}.get), kept=True, late=True),
}
