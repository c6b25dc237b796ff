"""GetMetricData: the points of many series, page by page, and of which series they are all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collector.metrics.discovery import Query
from collector.refusal import REFUSALS, member, reason

BATCH = 500  # queries per call (API reference, GetMetricData)
TRIES = 2  # of a series that AWS answers with InternalError, or only in part

_STATS = {
    "sum": "Sum",
    "average": "Average",
    "minimum": "Minimum",
    "maximum": "Maximum",
    "sample_count": "SampleCount",
}


@dataclass(slots=True)
class Answer:
    """Points by the start of their period (epoch s), and how AWS said it is done."""

    points: dict[int, float] = field(default_factory=dict)
    status: str = "no answer"

    @property
    def complete(self) -> bool:
        return self.status == "Complete"


@dataclass(slots=True)
class Fetched:
    """An answer per query; `requests` are the metrics requested, as they are billed."""

    answers: list[Answer]
    requests: int = 0
    problems: list[str] = field(default_factory=list)

    def pending(self) -> list[int]:
        """The queries that are not answered in full, by their place."""
        return [number for number, answer in enumerate(self.answers) if not answer.complete]


def fetch(cloudwatch: Any, queries: Sequence[Query], start: int, end: int) -> Fetched:
    """What CloudWatch has of up to 500 series from `start` to before `end`, epoch s.

    Raises nothing of AWS's: what came before a failure is in the answers, and they are not complete.
    """
    fetched = Fetched([Answer() for _ in queries])
    for _ in range(TRIES):
        pending = fetched.pending()
        if not pending:
            return fetched
        asked = {f"q{number}": (queries[number], fetched.answers[number]) for number in pending}
        try:
            _ask(cloudwatch, asked, start, end, fetched)
        except REFUSALS as error:
            fetched.problems.append(f"GetMetricData of {len(fetched.pending())} series: {reason(error)}")
            return fetched
    statuses = Counter(fetched.answers[number].status for number in fetched.pending())
    fetched.problems += [f"GetMetricData of {count} series: {status}" for status, count in statuses.items()]
    return fetched


def _ask(
    cloudwatch: Any, asked: dict[str, tuple[Query, Answer]], start: int, end: int, fetched: Fetched
) -> None:
    request: dict[str, Any] = {
        "MetricDataQueries": [_query(id, query) for id, (query, _) in asked.items()],
        "StartTime": datetime.fromtimestamp(start, UTC),
        "EndTime": datetime.fromtimestamp(end, UTC),
    }
    while True:
        page = cloudwatch.get_metric_data(**request)
        fetched.requests += len(asked)
        for result in member(page, "MetricDataResults"):
            _, answer = asked[result["Id"]]
            times = (int(moment.timestamp()) for moment in result["Timestamps"])
            answer.points |= dict(zip(times, result["Values"], strict=True))
            answer.status = result["StatusCode"]
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _query(id: str, query: Query) -> dict[str, Any]:
    """No unit: with another than the metric's own, nothing would come back."""
    metric = {
        "Namespace": query.metric.namespace,
        "MetricName": query.metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in query.dimensions.items()],
    }
    stat = _STATS.get(query.statistic, query.statistic)
    return {"Id": id, "MetricStat": {"Metric": metric, "Period": query.metric.period_s, "Stat": stat}}
