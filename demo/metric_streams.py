"""CloudWatch metric streams: each minute's points of a region as JSON lines or as OTLP 1.0 protobuf."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue, KeyValueList
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, Summary, SummaryDataPoint

from demo.metrics import MINUTE, Point, Series
from demo.regions import ACCOUNT
from demo.text import json

Points = Sequence[tuple[Series, Point]]

NAME = "regionscope"


def json_lines(points: Points, minute: int) -> bytes:
    """One JSON object per line; `minute` is when it began, epoch seconds."""
    return "".join(f"{_object(series, point, minute)}\n" for series, point in points).encode()


def _object(series: Series, point: Point, minute: int) -> str:
    return json(
        {
            "metric_stream_name": NAME,
            "account_id": ACCOUNT,
            "region": series.region,
            "namespace": series.namespace,
            "metric_name": series.name,
            "dimensions": dict(series.dimensions),
            "timestamp": minute * 1000,
            "value": {
                "max": point.statistic("Maximum"),
                "min": point.statistic("Minimum"),
                "sum": point.statistic("Sum"),
                "count": point.statistic("SampleCount"),
            },
            "unit": series.unit,
        }
    )


def otlp(points: Points, region: str, minute: int) -> bytes:
    """One ExportMetricsServiceRequest after its length as a varint."""
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    arn = f"arn:aws:cloudwatch:{region}:{ACCOUNT}:metric-stream/{NAME}"
    for key, value in (
        ("cloud.provider", "aws"),
        ("cloud.account.id", ACCOUNT),
        ("cloud.region", region),
        ("aws.exporter.arn", arn),
    ):
        resource.resource.attributes.append(_text(key, value))
    resource.scope_metrics.add().metrics.extend(_metric(series, point, minute) for series, point in points)
    data: bytes = request.SerializeToString(deterministic=True)
    return _varint(len(data)) + data


def _metric(series: Series, point: Point, minute: int) -> Metric:
    dimensions = KeyValueList(values=[_text(key, value) for key, value in series.dimensions])
    data = SummaryDataPoint(
        start_time_unix_nano=minute * 10**9,
        time_unix_nano=(minute + MINUTE) * 10**9,
        count=len(point.samples),
        sum=point.statistic("Sum"),
        quantile_values=[
            SummaryDataPoint.ValueAtQuantile(quantile=0.0, value=point.statistic("Minimum")),
            SummaryDataPoint.ValueAtQuantile(quantile=1.0, value=point.statistic("Maximum")),
        ],
        attributes=[
            _text("Namespace", series.namespace),
            _text("MetricName", series.name),
            KeyValue(key="Dimensions", value=AnyValue(kvlist_value=dimensions)),
        ],
    )
    name = f"amazonaws.com/{series.namespace}/{series.name}"
    return Metric(name=name, unit=_UNITS[series.unit], summary=Summary(data_points=[data]))


_UNITS = {
    "Count": "{Count}",
    "None": "1",
    "Percent": "%",
    "Milliseconds": "ms",
    "Seconds": "s",
    "Bytes": "By",
}


def _text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first (protocol buffers encoding)."""
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
