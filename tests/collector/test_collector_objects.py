from __future__ import annotations

from typing import Any

import boto3
import pytest

from collector.columns import Source
from collector.envelope import Reference
from collector.objects import Fetch, Gone, source

ALB = "AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/03/01/"


@pytest.mark.parametrize(
    ("path", "account", "region"),
    [
        (
            ALB + "123456789012_elasticloadbalancing_eu-west-1_app.shop.4f_20260301T1205Z_1.2.3.4_x.log.gz",
            "123456789012",
            "eu-west-1",
        ),
        (f"prefix/{ALB}x.log.gz", "123456789012", "eu-west-1"),
        (
            "AWSLogs/o-a1b2c3/123456789012/CloudTrail/us-east-1/2026/03/01/x.json.gz",
            "123456789012",
            "us-east-1",
        ),
        (
            "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=ap-southeast-1/year=2026/x",
            "123456789012",
            "ap-southeast-1",
        ),
        ("AWSLogs/123456789012/vpcdnsquerylogs/vpc-1/2026/x.log.gz", "123456789012", None),
        (
            "downloads/123456789012_vpcflowlogs_us-gov-west-1_fl-1_20260301T1205Z_x.log.gz",
            "123456789012",
            "us-gov-west-1",
        ),
        ("E2EXAMPLE.2026-03-01-12.a1b2.gz", None, None),
        ("AWSLogs/../etc/passwd", None, None),
    ],
)
def test_a_path_tells_account_and_region_where_aws_put_them_there(
    path: str, account: str | None, region: str | None
) -> None:
    assert source("s3://logs", "key", path) == Source("s3://logs", "key", account, region)


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="access-logs")
    client.put_bucket_versioning(Bucket="access-logs", VersioningConfiguration={"Status": "Enabled"})
    return client


def reference(**facts: Any) -> Reference:
    return Reference("access-logs", "a key/ü.log", b"notice", "us-east-1", **facts)


def test_an_object_is_fetched_as_it_was_when_the_notification_was_sent(bucket: Any) -> None:
    old = bucket.put_object(Bucket="access-logs", Key="a key/ü.log", Body=b"old")
    new = bucket.put_object(Bucket="access-logs", Key="a key/ü.log", Body=b"new")
    fetch = Fetch()
    assert fetch(reference()) == b"new"
    assert fetch(reference(version_id=old["VersionId"], etag="whatever")) == b"old"
    assert fetch(reference(etag=new["ETag"].strip('"'))) == b"new"
    with pytest.raises(Gone, match=r"s3://access-logs/a key/ü.log: PreconditionFailed"):
        fetch(reference(etag=old["ETag"].strip('"')))


def test_an_object_that_is_no_longer_there_is_gone(bucket: Any) -> None:
    bucket.put_object(Bucket="access-logs", Key="a key/ü.log", Body=b"x")
    bucket.delete_object(Bucket="access-logs", Key="a key/ü.log")
    with pytest.raises(Gone, match="NoSuchKey"):
        Fetch()(reference())
    with pytest.raises(Gone, match="NoSuchBucket"):
        Fetch()(Reference("nowhere", "x", b"notice", "us-east-1"))
