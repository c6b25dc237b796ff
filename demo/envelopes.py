"""The events that Lambda hands to a log collector: Kinesis, CloudWatch Logs, Firehose and S3."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_plus

from demo.regions import ACCOUNT
from demo.requests import moment

RECORD = 49_635_052_289_529_725_553_291_405_521_504_870_233_219_489_715_332_317_186  # the first one's number

Event = dict[str, Any]


def kinesis(region: str, records: Sequence[tuple[int, float, bytes]]) -> Event:
    """An event source mapping's batch; of each record its sequence number, arrival time and data."""
    return {"Records": [_kinesis_record(region, *record) for record in records]}


def _kinesis_record(region: str, number: int, arrival: float, data: bytes) -> Event:
    sequence = str(RECORD + number)
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            "sequenceNumber": sequence,
            "data": _base64(data),
            "approximateArrivalTimestamp": round(arrival, 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/regionscope-collector",
        "awsRegion": region,
        "eventSourceARN": f"arn:aws:kinesis:{region}:{ACCOUNT}:stream/regionscope-logs",
    }


def cloudwatch(data: bytes) -> Event:
    """A subscription filter that invokes the function itself."""
    return {"awslogs": {"data": _base64(data)}}


def firehose(region: str, what: str, records: Sequence[tuple[int, float, bytes]]) -> Event:
    """A batch of logs or metrics that Firehose wants transformed; per record its number, arrival, data."""
    stream = f"arn:aws:firehose:{region}:{ACCOUNT}:deliverystream/regionscope-{what}"
    first = hashlib.md5(records[0][2], usedforsecurity=False).hexdigest()
    return {
        "invocationId": f"{first[:8]}-{first[8:12]}-4{first[13:16]}-a{first[17:20]}-{first[20:]}",
        "deliveryStreamArn": stream,
        "region": region,
        "records": [
            {
                "recordId": f"{RECORD + number}000000",
                "approximateArrivalTimestamp": int(arrival * 1000),
                "data": _base64(data),
            }
            for number, arrival, data in records
        ],
    }


def s3(region: str, bucket: str, key: str, content: bytes, time: float) -> Event:
    """The notification of a new object."""
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": moment(time).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AIDAEXAMPLELOGDELIVERY"},
        "requestParameters": {"sourceIPAddress": "192.0.2.200"},
        "responseElements": {"x-amz-request-id": etag[:16].upper(), "x-amz-id-2": f"{etag}EXAMPLE="},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "regionscope",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "A3EXAMPLEOWNER"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": {
                "key": quote_plus(key, safe="/"),
                "size": len(content),
                "eTag": etag,
                "sequencer": f"{int(time * 1000):016X}",
            },
        },
    }
    return {"Records": [record]}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
