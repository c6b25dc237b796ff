"""Metrics in an emulated CloudWatch, each test's in a namespace of its own, and what a store has of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import emulators
from botocore.awsrequest import AWSResponse
from collector_payloads import collector

from collector.metrics import catalogue
from collector.metrics.catalogue import Catalogue, Metric
from collector.metrics.pull import Metrics, pull
from queries import connect
from store.commit import sweep
from store.objects import Store

# CloudWatch refuses what is older than two weeks, so these tests happen now.
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def ago(*ages: int, value: float | None = None) -> dict[datetime, float]:
    """Points of so many minutes ago; the value of each is its age, unless one is given."""
    return {NOW - minutes(age): age if value is None else value for age in ages}


@dataclass
class Cloud:
    """CloudWatch of an emulator."""

    endpoint: str
    namespace: str = field(default_factory=lambda: f"Test/{uuid.uuid4().hex}")

    def client(self, region: str) -> Callable[[str], Any]:
        return partial(emulators.client, self.endpoint, region)

    def metric(self, name: str = "Errors", **told: Any) -> Metric:
        """A metric of the test's namespace."""
        facts = {"statistics": ("sum",), "unit": "1", "layer": "compute", "resource": ("Function",)}
        return Metric(
            **{"namespace": self.namespace, "name": name, "meaning": "m", "source": "s"} | facts | told
        )

    def like(self, namespace: str, name: str) -> Metric:
        """A built-in metric, in the test's namespace."""
        return catalogue.builtin()[namespace, name].model_copy(update={"namespace": self.namespace})

    def put(
        self,
        points: Mapping[datetime, float],
        region: str = "eu-west-1",
        name: str = "Errors",
        dimensions: Mapping[str, str] | None = None,
        unit: str = "Count",
    ) -> None:
        pairs = {"Function": "orders"} if dimensions is None else dimensions
        datum = {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": each} for key, each in pairs.items()],
            "Unit": unit,
        }
        data = [{**datum, "Timestamp": time, "Value": value} for time, value in points.items()]
        self.client(region)("cloudwatch").put_metric_data(Namespace=self.namespace, MetricData=data)

    def pull(self, store: Store, *metrics: Metric, at: datetime = NOW, region: str = "eu-west-1") -> Metrics:
        """One run of a region's collector."""
        known: Catalogue = {(metric.namespace, metric.name): metric for metric in metrics}
        return pull(collector(store, region, now=lambda: at), self.client(region), known)

    @contextmanager
    def failing(
        self, operation: str, act: Callable[[Any], Any], service: str = "cloudwatch"
    ) -> Iterator[None]:
        """Meanwhile `act` gets the calls of an operation: it answers, raises, or lets it pass with None."""
        events = self.client("eu-west-1")(service).meta.events
        name = f"before-send.{service}.{operation}"

        def handler(request: Any, **_: Any) -> Any:
            return act(request)

        events.register(name, handler)
        try:
            yield
        finally:
            events.unregister(name, handler)


def answer(status: int, body: bytes = b"", **headers: str) -> AWSResponse:
    """A response as it comes over the network."""

    class Raw:
        def stream(self, amt: int = 1024, decode_content: bool = False) -> Any:
            yield body

        def read(self) -> bytes:
            return body

    return AWSResponse(
        "http://127.0.0.1", status, {"content-type": "application/x-amz-json-1.0", **headers}, Raw()
    )


def rows(store: Store, order: str = "time, series") -> list[dict[str, Any]]:
    """All rows of `metrics`, once everything is committed."""
    assert not sweep(store).failed
    with connect(store) as session:
        relation = session.sql(f"from metrics order by {order}")
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def values(store: Store) -> list[tuple[datetime, float]]:
    return [(row["time"], row["value"]) for row in rows(store)]
