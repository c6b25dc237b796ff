"""A pair of S3 buckets with cross-region replication as the target of probes."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from collector.probes.stamp import Stamp, own
from collector.probes.target import Taken

_ABSENT = {"NoSuchKey", "404"}
_EXISTS = {"PreconditionFailed", "ConditionalRequestConflict"}


class Bucket:
    """Probes live under `folder`, which a rule of replication covers.

    What is deleted by its version is not deleted in the replica, so each bucket is cleaned by itself.
    """

    deletes_replicate = False
    shows_absence = True  # S3 reads are strongly consistent within their bucket

    def __init__(self, client: Any, name: str, folder: str) -> None:
        self._client = client
        self._name = name
        self._folder = folder

    def write(self, stamp: Stamp) -> None:
        key, body = self._folder + own(stamp.key), stamp.text().encode()
        try:
            self._client.put_object(Bucket=self._name, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] in _EXISTS:
                raise Taken from None
            raise

    def read(self, key: str) -> Stamp | None:
        try:
            answer = self._client.get_object(Bucket=self._name, Key=self._folder + key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise
        return Stamp.read(key, answer["Body"].read().decode("utf-8", "replace"))

    def delete(self, key: str) -> None:
        """Every version, and every marker of a deletion: a versioned bucket keeps nothing of a probe."""
        whole = self._folder + own(key)
        answer = self._client.list_object_versions(Bucket=self._name, Prefix=whole)
        for each in [*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())]:
            if each["Key"] == whole:  # the prefix of one key is another's, too: …/12 and …/123
                version = each["VersionId"]
                self._client.delete_object(Bucket=self._name, Key=whole, VersionId=version)
