"""What to probe: the resource of each region, which regions look for whose items, and how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

Layer = Literal["session", "file", "database", "cache"]
Mode = Literal["one_way", "echo"]
Engine = Literal["postgresql", "mysql"]
Pair = tuple[str, str]  # the writer's region, the reader's


@dataclass(frozen=True, slots=True)
class Probe:
    """One replicated resource.

    `resources` are, by region, a DynamoDB table, an S3 bucket, the ARN of an Aurora cluster or the URL of a
    cache. `folder` is where in the buckets; `database`, `engine` and `secrets` (ARNs by region) are the Data
    API's; `password` refers to that of the cache.
    """

    layer: Layer
    resources: Mapping[str, str]
    pairs: tuple[Pair, ...]
    mode: Mode = "one_way"
    timeout_s: float = 45.0
    interval_minutes: int = 1
    folder: str = ""
    database: str = ""
    engine: Engine = "postgresql"
    secrets: Mapping[str, str] = field(default_factory=dict)
    password: str | None = None

    def due(self, minute: int) -> bool:
        return minute % self.interval_minutes == 0

    def name(self, region: str) -> str:
        """The resource as people call it: the last part of an ARN, the host of a URL."""
        resource = self.resources[region]
        if "://" in resource:
            return urlsplit(resource).hostname or resource
        return resource.rpartition(":")[2].rpartition("/")[2] if resource.startswith("arn:") else resource
