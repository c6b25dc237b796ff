"""CloudWatch metric streams in the format OpenTelemetry 1.0: each metric of a minute is a Summary.

docs.aws.amazon.com/AmazonCloudWatch, "Translations with OpenTelemetry 1.0.0 format". Firehose hands over
requests after their lengths as varints, some of them in one record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.metrics.catalogue import builtin
from collector.metrics.points import Point
from collector.moment import RULE, micros
from store.layout import region_name

_UNITS = {"{Count}": "Count", "1": "None"}  # all others of CloudWatch's are UCUM already


def point(unit: str, data: Any, said: Mapping[str, Any], shared: Mapping[str, str | None]) -> Point | None:
    """What a data point says in CloudWatch's own terms; None if it is not CloudWatch's.

    `said` are the point's attributes, `shared` those of its resource. Raises ValueError, naming key, value
    and rule.
    """
    namespace, name, dimensions = (said.get(key) for key in ("Namespace", "MetricName", "Dimensions"))
    if not (isinstance(namespace, str) and isinstance(name, str) and hasattr(data, "quantile_values")):
        return None
    time = micros(data.start_time_unix_nano)
    if time is None:
        raise ValueError(f"startTimeUnixNano is {data.start_time_unix_nano}: {RULE}")
    if not isinstance(dimensions or {}, dict):
        raise ValueError("Dimensions must be an object of texts")
    return Point(
        account=shared.get("cloud.account.id"),
        region=region_name(shared.get("cloud.region") or ""),
        namespace=namespace,
        name=name,
        dimensions={key: str(value) for key, value in (dimensions or {}).items()},
        time=time,
        values=_values(data, builtin().get((namespace, name))),
        unit=_UNITS.get(unit, unit) or None,
        period_s=(data.time_unix_nano - data.start_time_unix_nano) // 10**9 or None,
    )


def _values(data: Any, metric: Any) -> dict[str, float]:
    values = summary(data)
    if metric and "average" in metric.statistics and data.count:
        values["average"] = data.sum / data.count
    return values


def summary(data: Any) -> dict[str, float]:
    """The statistics of a Summary's point, by name."""
    quantiles = {_quantile(each.quantile): each.value for each in data.quantile_values}
    return {"sum": data.sum, "sample_count": float(data.count), **quantiles}


def _quantile(quantile: float) -> str:
    return {0.0: "minimum", 1.0: "maximum"}.get(quantile, f"p{quantile * 100:.10g}")


def requests(data: bytes) -> list[bytes] | None:
    """The requests in a record of a metric stream; None if it is none, to its last byte."""
    found, position = [], 0
    while position < len(data):
        size, position = _varint(data, position)
        if not 0 < size <= len(data) - position or data[position] != _RESOURCE_METRICS:
            return None
        found.append(data[position : position + size])
        position += size
    return found or None


def framed(request: bytes) -> bytes:
    """A request as a record of a metric stream."""
    size, length = len(request), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*length, size]) + request


_RESOURCE_METRICS = 0x0A  # the tag that a request of metrics begins with


def _varint(data: bytes, position: int) -> tuple[int, int]:
    size = 0
    for place, byte in enumerate(data[position : position + 5]):
        size |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return size, position + place + 1
    return 0, position
