"""Data points of OTLP as rows of `metrics`, one per statistic: opentelemetry/proto/metrics/v1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric as Message

from collector.attributes import Attributes, flattened, text
from collector.decode import Misfit
from collector.metrics import points
from collector.metrics.catalogue import Metric, builtin
from collector.moment import RULE, micros
from collector.otlp import cloudwatch, document
from collector.otlp.request import DAMAGED, Request, Write
from collector.otlp.values import mapping
from collector.signals import Signals
from store.layout import region_name
from store.schema import METRICS

Row = dict[str, Any]

_NO_RECORDED_VALUE = 1  # of DataPointFlags
_CUMULATIVE = 2  # of AggregationTemporality
_TEMPORALITIES = {1: "delta", _CUMULATIVE: "cumulative"}
_SOFTWARE = "telemetry."  # attributes of a resource that say nothing of what is measured


@dataclass(frozen=True, slots=True)
class Source:
    """A metric, the kind of data it holds, and what its resource and scope say."""

    metric: Any
    kind: str
    shared: Attributes

    @property
    def data(self) -> Any:
        return getattr(self.metric, self.kind)

    def alone(self, point: Any) -> bytes:
        """The metric with one of its points."""
        metric = Message()
        metric.CopyFrom(self.metric)
        data = getattr(metric, self.kind)
        del data.data_points[:]
        data.data_points.append(point)
        found: bytes = metric.SerializeToString()
        return found


def signals(request: Request, write: Write) -> list[Signals]:
    """The rows of a request's data points; a point that cannot be one is a misfit."""
    rows: list[Row] = []
    streamed: list[points.Point] = []
    misfits: list[Misfit] = []
    for place, raw in enumerate(request.records):
        try:
            source = _source(raw, request.shared[int(request.group[place])])
        except DecodeError:
            misfits.append(Misfit(write(request.alone(place)), DAMAGED, None))
            continue
        for data in source.data.data_points if source.kind else ():
            said = mapping(data.attributes)
            try:
                if point := cloudwatch.point(source.metric.unit, data, said, source.shared):
                    streamed.append(point)
                else:
                    rows += _rows(source, data, flattened(said))
            except ValueError as error:
                alone = request.alone(place, source.alone(data))
                misfits.append(Misfit(write(alone), str(error), None))
    found = [Signals.of(METRICS, rows, misfits)]
    return [*found, points.signals(streamed, builtin())] if streamed else found


def _source(raw: bytes, shared: Attributes) -> Source:
    metric = Message.FromString(raw)
    return Source(metric, metric.WhichOneof("data") or "", shared)


def _rows(source: Source, data: Any, own: Attributes) -> list[Row]:
    """The rows of a point, one per statistic. Raises ValueError, naming key, value and rule."""
    metric, shared = source.metric, source.shared
    names = own | {key: value for key, value in shared.items() if not key.startswith(_SOFTWARE)}
    account, region = shared.get("cloud.account.id"), _region(shared)
    common = _described(metric.name, own, shared) | _when(source, data)
    common |= {"region": region, "account_id": account, "name": metric.name}
    details = own | shared | _details(source)
    statistics = _statistics(source, data)
    rows = [
        common
        | {
            "value": value,
            "unit": "1" if statistic == "sample_count" else metric.unit or None,
            "statistic": statistic,
            "series": points.series(account, region or "", metric.name, statistic, _texts(names)),
            "attributes": details,
        }
        for statistic, value in statistics.items()
    ]
    rows[-1]["attributes"] = details | _distribution(data)
    return rows


def _texts(attributes: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value or "" for name, value in attributes.items()}


def _region(shared: Attributes) -> str | None:
    try:
        return region_name(shared.get("cloud.region") or "")
    except ValueError:  # then it remains an attribute
        return None


def _when(source: Source, data: Any) -> Row:
    """Start and length of the period; of what adds up since a process began, the instant it was read."""
    start, end = data.start_time_unix_nano, data.time_unix_nano
    temporality = getattr(source.data, "aggregation_temporality", None)
    period = end - start if start and temporality != _CUMULATIVE else 0
    time = micros(start if period > 0 else end)
    if time is None:
        raise ValueError(f"timeUnixNano is {end}: {RULE}")
    return {"time": time, "period_s": round(period / 1e9) or None if 0 < period < 2**61 else None}


def _statistics(source: Source, data: Any) -> dict[str, float | None]:
    if source.kind == "summary":
        return {**cloudwatch.summary(data)}
    if source.kind in ("gauge", "sum"):
        value = getattr(data, data.WhichOneof("value") or "as_double")
        missing = data.flags & _NO_RECORDED_VALUE
        return {"last" if source.kind == "gauge" else "sum": None if missing else float(value)}
    known = {"sum": "sum", "min": "minimum", "max": "maximum"}
    told = {name: getattr(data, field) for field, name in known.items() if data.HasField(field)}
    return {**told, "sample_count": float(data.count)}


def _details(source: Source) -> Attributes:
    """What the kind of data says of all its points."""
    temporality = getattr(source.data, "aggregation_temporality", 0)
    found: Attributes = {}
    if temporality:
        found["aggregationTemporality"] = _TEMPORALITIES.get(temporality, str(temporality))
    if getattr(source.data, "is_monotonic", False):
        found["isMonotonic"] = "true"
    return found


_APART = {
    *("attributes", "startTimeUnixNano", "timeUnixNano"),
    *("count", "sum", "min", "max", "asDouble", "asInt", "quantileValues"),
}


def _distribution(data: Any) -> Attributes:
    """Buckets, exemplars and flags, under their names in OTLP/JSON; on the last row alone, for their size."""
    told = document.plain(data)
    return {name: text(value) for name, value in told.items() if name not in _APART}


def _described(name: str, own: Attributes, shared: Attributes) -> Row:
    """What the catalogue knows; an attribute it is about, or else the service, is what is measured."""
    metric = _known().get(name)
    main = next((key for key in metric.resource if own.get(key)), None) if metric else None
    return {
        "layer": metric.layer if metric else None,
        "resource": own.get(main) if main else shared.get("service.name"),
        "source_region": own.get(metric.source_region or "") if metric else own.get("SourceRegion"),
        "target_region": own.get(metric.target_region or "") if metric else own.get("TargetRegion"),
    }


@cache
def _known() -> Mapping[str, Metric]:
    return {metric.full_name: metric for metric in builtin().values()}
