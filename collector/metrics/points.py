"""Data points, however CloudWatch hands them over, and the rows they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from collector.decode import Misfit
from collector.metrics.catalogue import Catalogue, Metric
from collector.signals import Signals
from store.layout import content_id, region_name
from store.schema import METRICS

# CloudWatch's units (API reference, MetricDatum) as UCUM.
_AMOUNTS = {"Count": "1", "Bytes": "By", "Bits": "bit"} | {
    f"{prefix}{amount}": f"{letter}{unit}"
    for prefix, letter in {"Kilo": "k", "Mega": "M", "Giga": "G", "Tera": "T"}.items()
    for amount, unit in {"bytes": "By", "bits": "bit"}.items()
}
UCUM: Mapping[str, str] = {
    "Seconds": "s",
    "Milliseconds": "ms",
    "Microseconds": "us",
    "Percent": "%",
    **_AMOUNTS,
    **{f"{amount}/Second": f"{unit}/s" for amount, unit in _AMOUNTS.items()},
}

PERIOD = 60  # seconds, of a metric the catalogue does not know: what AWS services publish and streams carry

_NOWHERE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Point:
    """What CloudWatch says of one metric and one period.

    `region` is whose CloudWatch said it. `time` is the period's start, epoch µs, `period_s` its length,
    unless the catalogue knows better. `values` are by statistic (sum, average, minimum, maximum,
    sample_count, p99 …), `unit` is CloudWatch's word, if it said one.
    """

    account: str | None
    region: str
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    time: int
    values: Mapping[str, float]
    unit: str | None = None
    period_s: int | None = None


def signals(
    points: Iterable[Point],
    catalogue: Catalogue,
    buckets: Mapping[str, str] = _NOWHERE,
    misfits: Iterable[Misfit] = (),
) -> Signals:
    """The points as rows of `metrics`, one per statistic. `buckets` are the regions of S3 buckets.

    The average is a row, too, where the catalogue wants it and sum and sample_count are told.

    A metric the catalogue does not know is kept, with all its dimensions and without a layer.
    """
    return Signals.of(METRICS, [row for point in points for row in _rows(point, catalogue, buckets)], misfits)


def series(
    account: str | None, region: str, full_name: str, statistic: str, dimensions: Mapping[str, str]
) -> str:
    """The id of a time series, the same whichever way its points come: 16 hex digits."""
    return _series(account or "", region, full_name, statistic, *chain(*sorted(dimensions.items())))


@lru_cache(maxsize=65_536)
def _series(*parts: str) -> str:
    return content_id(part.encode("utf-8", "backslashreplace") for part in parts)[:16]


def _rows(point: Point, catalogue: Catalogue, buckets: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    metric = catalogue.get((point.namespace, point.name))
    known = _described(metric, point, buckets) if metric else _undescribed(point)
    name = f"{point.namespace}/{point.name}"
    told = None if point.unit in (None, "None") else UCUM.get(point.unit, point.unit)
    common = known | {
        "time": point.time,
        "region": point.region,
        "account_id": point.account,
        "name": name,
        "period_s": metric.period_s if metric else point.period_s or PERIOD,
    }
    for statistic, value in _values(point, metric):
        yield common | {
            "value": value,
            "unit": "1" if statistic == "sample_count" else told or (metric.unit if metric else None),
            "statistic": statistic,
            "series": series(point.account, point.region, name, statistic, point.dimensions),
        }


def _values(point: Point, metric: Metric | None) -> Iterator[tuple[str, float]]:
    """What is said, and the average, if that is wanted and follows from it."""
    values = point.values
    yield from values.items()
    wanted = metric and "average" in metric.statistics and "average" not in values and "sum" in values
    if wanted and (count := values.get("sample_count")):
        yield "average", values["sum"] / count


def _described(metric: Metric, point: Point, buckets: Mapping[str, str]) -> dict[str, Any]:
    main = next((name for name in metric.resource if name in point.dimensions), None)
    source = _region_of(metric.source_region, point.dimensions, buckets)
    target = _region_of(metric.target_region, point.dimensions, buckets)
    return {
        "layer": metric.layer,
        "resource": point.dimensions[main] if main else None,
        "source_region": point.region if metric.published == "source region" else source,
        "target_region": point.region if metric.published in _AT_TARGET else target,
        "attributes": {name: value for name, value in point.dimensions.items() if name != main},
    }


def _undescribed(point: Point) -> dict[str, Any]:
    """A single dimension is what is measured; which of several is, nobody said."""
    only = next(iter(point.dimensions.values())) if len(point.dimensions) == 1 else None
    return {"resource": only, "attributes": dict(point.dimensions)}


_AT_TARGET = ("destination region", "secondary region")


def _region_of(
    dimension: str | None, dimensions: Mapping[str, str], buckets: Mapping[str, str]
) -> str | None:
    value = dimensions.get(dimension) if dimension else None
    if value and dimension and dimension.endswith("Bucket"):
        value = buckets.get(value)
    try:
        return region_name(value) if value else None
    except ValueError:  # "Global" and the like
        return None
