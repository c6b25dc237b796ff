"""The APIs by which the shop's account is asked: X-Ray, CloudWatch metrics, DynamoDB, S3 and STS.

They answer as boto3's clients do, from the account as far as the story has been told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from demo.account import Account
from demo.logs import SEARCH_REGION
from demo.metrics import MINUTE, Series
from demo.regions import ACCOUNT, NAMES
from demo.xray_documents import Document

Answer = dict[str, Any]


def client(account: Account, region: str) -> Callable[[str], Any]:
    """Makes the clients of one region by the name of their service."""
    made = {
        "xray": XRay(account, region),
        "cloudwatch": CloudWatch(account, region),
        "dynamodb": DynamoDb(account),
        "s3": S3(account),
        "sts": Sts(),
    }
    return made.__getitem__


class _Client:
    def get_paginator(self, operation: str) -> _Paginator:
        return _Paginator(getattr(self, operation))


@dataclass(frozen=True, slots=True)
class _Paginator:
    """Of an operation that answers on one page."""

    operation: Callable[..., Answer]

    def paginate(self, **request: Any) -> Iterator[Answer]:
        yield self.operation(**request)


@dataclass(frozen=True, slots=True)
class XRay(_Client):
    account: Account
    region: str

    def get_trace_summaries(self, StartTime: datetime, EndTime: datetime, **_: Any) -> Answer:
        """The traces with a document that came in that time."""
        start, end = StartTime.timestamp(), EndTime.timestamp()
        summaries = [
            {"Id": id, "Revision": len(self._documents(id)), "IsPartial": False}
            for id in self._traces()
            if any(start <= one.time < end for one in self._documents(id))
        ]
        return {"TraceSummaries": summaries, "ApproximateTime": EndTime}

    def batch_get_traces(self, TraceIds: Sequence[str]) -> Answer:
        """The latest document of each segment of these traces."""
        known = [(id, self._documents(id)) for id in TraceIds]
        traces = [{"Id": id, "Segments": _segments(documents)} for id, documents in known if documents]
        return {"Traces": traces, "UnprocessedTraceIds": []}

    def get_trace_segment_destination(self) -> Answer:
        searched = self.region == SEARCH_REGION
        return {"Destination": "CloudWatchLogs" if searched else "XRay", "Status": "ACTIVE"}

    def _traces(self) -> Mapping[str, Sequence[Document]]:
        return self.account.traces.get(self.region, {})

    def _documents(self, id: str) -> list[Document]:
        return [one for one in self._traces().get(id, ()) if one.time <= self.account.now]


def _segments(documents: Iterable[Document]) -> list[Answer]:
    """A complete segment replaces the one that was in progress."""
    latest = {one.segment_id: one for one in sorted(documents, key=lambda one: one.time)}
    return [{"Id": id, "Document": one.json} for id, one in latest.items()]


@dataclass(frozen=True, slots=True)
class CloudWatch(_Client):
    account: Account
    region: str

    def list_metrics(self, Namespace: str) -> Answer:
        listed = (one for one in self.account.metrics.series(self.region) if one.namespace == Namespace)
        return {"Metrics": [{"MetricName": one.name, **_dimensions(one)} for one in listed]}

    def get_metric_data(
        self,
        MetricDataQueries: Sequence[Mapping[str, Any]],
        StartTime: datetime,
        EndTime: datetime,
    ) -> Answer:
        """Whole minutes from the start to before the end."""
        known = {_key(one.namespace, one.name, _dimensions(one)): one for one in self._series()}
        span = range(int(StartTime.timestamp()) // MINUTE * MINUTE, int(EndTime.timestamp()), MINUTE)
        return {"MetricDataResults": [self._result(query, known, span) for query in MetricDataQueries]}

    def _series(self) -> list[Series]:
        return self.account.metrics.series(self.region)

    def _result(self, query: Mapping[str, Any], known: Mapping[Any, Series], span: range) -> Answer:
        stat = query["MetricStat"]
        metric = stat["Metric"]
        series = known.get(_key(metric["Namespace"], metric["MetricName"], metric))
        points = {
            minute: point.statistic(stat["Stat"])
            for minute in span
            if series and (point := self.account.metrics.point(series, minute))
        }
        return {
            "Id": query["Id"],
            "Timestamps": [datetime.fromtimestamp(minute, UTC) for minute in points],
            "Values": list(points.values()),
            "StatusCode": "Complete",
        }


def _dimensions(series: Series) -> dict[str, list[dict[str, str]]]:
    return {"Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions]}


def _key(namespace: str, name: str, metric: Mapping[str, Any]) -> tuple[str, str, frozenset[tuple[str, str]]]:
    return namespace, name, frozenset((one["Name"], one["Value"]) for one in metric["Dimensions"])


class Sts:
    def get_caller_identity(self) -> Answer:
        return {"Account": ACCOUNT}


@dataclass(frozen=True, slots=True)
class DynamoDb:
    account: Account

    def scan(self, TableName: str, **_: Any) -> Answer:
        """The items of the file tracker, on one page."""
        items = [
            {
                "key": {"S": key},
                "state": {"S": "replicated" if file.replicated <= self.account.now else "local_only"},
                "updated_at": {"N": f"{file.written:.3f}"},
            }
            for key, file in self.account.files.items()
            if file.written <= self.account.now
        ]
        return {"Items": items, "Count": len(items)}


@dataclass(frozen=True, slots=True)
class S3:
    """The shop's buckets, which are named after their regions."""

    account: Account

    def head_bucket(self, Bucket: str) -> Answer:
        return {"ResponseMetadata": {"HTTPHeaders": {"x-amz-bucket-region": _region(Bucket)}}}

    def head_object(self, Bucket: str, Key: str) -> Answer:
        """How far the replication of an object has come, as its source and as a replica tell it."""
        file = self.account.files[Key]
        arrived = file.replicated <= self.account.now
        if file.region == _region(Bucket):
            return {"ReplicationStatus": "COMPLETED" if arrived else "PENDING"}
        if not arrived:
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")
        return {"ReplicationStatus": "REPLICA"}


def _region(bucket: str) -> str:
    return next(name for name in NAMES if bucket.endswith(name))
