"""S3's notifications about the replication of objects (S3 user guide, "Event notification types").

They come as S3 notifications, not through EventBridge, from a bucket whose rule has replication metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from collector import arn
from collector.events.event import Row, moment, region, required, row, told

NAME = "s3:Replication:"

_SENTENCES = {
    "OperationFailedReplication": "was not replicated to {to}: {reason}",
    "OperationMissedThreshold": "is not replicated to {to} after 15 minutes",
    "OperationReplicatedAfterThreshold": "was replicated to {to} after more than 15 minutes",
    "OperationNotTracked": "is no longer tracked on its way to {to}",
}


def is_notification(value: Mapping[str, Any]) -> bool:
    """Whether this is a notification of one operation."""
    records = value.get("Records")
    return (
        isinstance(records, list)
        and len(records) == 1
        and (told(records[0], "eventName") or "").startswith(NAME)
        and told(records[0], "eventSource") == "aws:s3"
    )


def notification(value: Mapping[str, Any]) -> Row:
    """The object is an attribute; the subject is the bucket. Raises ValueError."""
    record = value["Records"][0]
    state = required(record, "eventName").removeprefix(NAME)
    bucket, key = required(record, "s3", "bucket", "name"), required(record, "s3", "object", "key")
    facts = record.get("replicationEventData")
    facts = facts if isinstance(facts, Mapping) else {}
    to = arn.name_of(told(facts, "destinationBucket") or "another bucket")
    sentence = _SENTENCES.get(state, f"{state} to {{to}}")
    version = told(record, "s3", "object", "versionId") or ""
    time = moment("eventTime", record.get("eventTime"))
    return row(
        time=time,
        region=region(record, "awsRegion"),
        account=arn.account_of(told(record, "s3", "bucket", "arn")),
        kind="replication_failure",
        subject=bucket,
        state=state,
        title=f"An object of {bucket} "
        + sentence.format(to=to, reason=told(facts, "failureReason") or "no reason was given")
        + ".",
        identity=("s3", bucket, key, version, state, to, str(time)),
        attributes={
            "aws.s3.bucket": bucket,
            "aws.s3.key": unquote_plus(key),
            "aws.s3": record["s3"],
            "replication": facts,
        },
    )
