"""The section [state]: what is looked at for changes that AWS sends no event of; nothing by default."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from collector.state.tracker import Tracker
from collector.state.watched import Watched
from regionscope.sections.base import RegionName, Section, matching

TableName = Annotated[str, matching(r"[\w.-]{3,255}", "must be the name of a DynamoDB table")]
BucketName = Annotated[str, matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "must be the name of an S3 bucket")]
ZoneId = Annotated[
    str, matching(r"[A-Z0-9]{1,32}", "must be the id of a hosted zone, such as Z0123456789ABC")
]
CheckId = Annotated[
    str, matching(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "must be the id of a health check")
]
Name = Annotated[str, Field(min_length=1, max_length=255)]


class TrackerConfig(Section):
    """A table that says of each object whether it is replicated; see collector/state/tracker.py.

    `region` has the table and the source bucket.
    """

    region: RegionName
    table: TableName
    source_bucket: BucketName
    target_bucket: BucketName
    target_region: RegionName
    key: Name = "key"
    state: Name = "state"
    since: Name = "updated_at"
    fallback_reads: Name | None = None
    local_only: Name = "local_only"
    replicated: Name = "replicated"
    index: Name | None = None
    sample: Annotated[int, Field(ge=0, le=1000)] = 20

    @model_validator(mode="after")
    def _apart(self) -> TrackerConfig:
        if self.region == self.target_region:
            raise ValueError(f"target_region is {self.target_region!r}: must be another one than region")
        return self

    def tracker(self) -> Tracker:
        return Tracker(**self.model_dump(exclude={"region"}))


class StateConfig(Section):
    """`aurora` and `elasticache` are all global clusters and datastores of the account."""

    aurora: bool = False
    elasticache: bool = False
    tables: tuple[TableName, ...] = ()
    hosted_zones: tuple[ZoneId, ...] = ()
    health_checks: tuple[CheckId, ...] = ()
    trackers: tuple[TrackerConfig, ...] = ()

    def watched(self) -> Watched:
        """What every region's poller looks at."""
        return Watched(**self.model_dump(exclude={"trackers"}))

    def trackers_of(self, region: str) -> tuple[Tracker, ...]:
        """The trackers whose table is in a region."""
        return tuple(each.tracker() for each in self.trackers if each.region == region)
