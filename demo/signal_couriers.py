"""How metrics and events reach the collectors: as metric streams through Firehose, and by EventBridge."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from demo import envelopes, metric_streams
from demo.couriers import Delivery
from demo.events import Happening
from demo.metric_streams import Points
from demo.metrics import MINUTE, Metrics

STREAMED = 60.0  # seconds after which a metric stream has all of a minute
PULLED = "eu-west-1"  # has no metric stream: its collector asks CloudWatch


class MetricStream:
    """A CloudWatch metric stream of a region into Firehose."""

    def __init__(self, region: str, metrics: Metrics, start: float) -> None:
        self._region = region
        self._metrics = metrics
        self._minute = int(start // MINUTE * MINUTE)
        self._render: Callable[[Points, int], bytes] = (
            metric_streams.json_lines if region == "us-east-1" else self._otlp
        )

    def deliver(self, now: float, last: bool) -> Iterator[Delivery]:
        """The minutes that are over; all there are, if it is the last time."""
        while self._minute + MINUTE + STREAMED <= now or (last and self._minute <= now):
            points = [
                (series, point)
                for series in self._metrics.series(self._region)
                if (point := self._metrics.point(series, self._minute))
            ]
            if points:
                data = self._render(points, self._minute)
                event = envelopes.firehose(self._region, "metrics", [(self._minute, now, data)])
                yield Delivery(self._region, "firehose", event, now, 0, signals=len(points))
            self._minute += MINUTE

    def _otlp(self, points: Points, minute: int) -> bytes:
        return metric_streams.otlp(points, self._region, minute)


class Bus:
    """The event buses of all regions, each with a rule that invokes its collector."""

    def __init__(self, happenings: list[Happening]) -> None:
        self._waiting = happenings

    def deliver(self, now: float, last: bool) -> Iterator[Delivery]:
        """What has happened by now; everything, if it is the last time."""
        while self._waiting and (last or self._waiting[0].time <= now):
            told = self._waiting.pop(0)
            yield Delivery(told.region, "eventbridge", told.event, told.time, 0, signals=1)
