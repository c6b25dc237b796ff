"""S3 objects and files of logs: fetching the one a notification tells of, and what its name says."""

from __future__ import annotations

import re
from typing import Any

from collector.columns import Source
from collector.envelope import Reference


class Gone(Exception):
    """The object is no longer there, or no longer as the notification tells."""


# Keys under which AWS delivers logs, such as AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/…, also
# with an organisation's id or as Hive partitions, and their names: 123456789012_WAFLogs_eu-west-1_…
_NAME = r"(?P<region>[a-z]{2,3}(?:-[a-z]+)+-\d)"
_FOLDERS = re.compile(
    r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?(?:aws-account-id=)?(?P<account>\d{12})/[^/]+/(?:(?:aws-region=)?"
    + _NAME
    + "/)?"
)
_FILE = re.compile(r"(?:^|/)(?P<account>\d{12})_[A-Za-z]+_" + _NAME + "_[^/]*$")


def source(group: str, name: str, path: str) -> Source:
    """What the lines of a file or object share: where it lies, its name, and what AWS put into its path."""
    match = _FILE.search(path) or _FOLDERS.search(path)
    known = match.groupdict() if match else {}
    return Source(group, name, known.get("account"), known.get("region"))


class Fetch:
    """Gets objects from S3, in each notification's region, as they were when the notification was sent."""

    def __init__(self) -> None:
        self._clients: dict[str | None, Any] = {}

    def __call__(self, reference: Reference) -> bytes:
        """The object's bytes. Raises Gone, or what boto3 raises when it is worth another try."""
        from botocore.exceptions import ClientError

        wanted = {"VersionId": reference.version_id} if reference.version_id else {}
        if reference.etag and not reference.version_id:
            wanted = {"IfMatch": f'"{reference.etag}"'}
        try:
            answer = self._client(reference.region).get_object(
                Bucket=reference.bucket, Key=reference.key, **wanted
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in ("NoSuchKey", "NoSuchVersion", "NoSuchBucket", "PreconditionFailed", "404", "412"):
                raise Gone(f"s3://{reference.bucket}/{reference.key}: {code}") from None
            raise
        return bytes(answer["Body"].read())

    def _client(self, region: str | None) -> Any:
        if region not in self._clients:
            import boto3

            self._clients[region] = boto3.client("s3", region_name=region)
        return self._clients[region]
