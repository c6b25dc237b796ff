"""The catalogue: what is known of each metric; the data is in catalogue.toml, and users add theirs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Layer = Literal[
    "edge", "routing", "compute", "session", "file", "database", "cache", "auth", "queue", "collector"
]
Published = Literal[
    "region",  # where the resource is
    "source region",  # where replication comes from
    "destination region",  # where it goes to
    "secondary region",  # the same, of a database or cache with one writer
    "us-east-1",  # there only, whatever region it is about
    "pushed",  # not by CloudWatch: another cloud's, by OTLP
]

HOME = "us-east-1"  # where Route 53 and CloudFront publish

_STATISTIC = re.compile(r"sum|average|minimum|maximum|sample_count|p[1-9]\d?(?:\.\d{1,2})?")


def _is_statistic(value: str) -> str:
    if not _STATISTIC.fullmatch(value):
        raise ValueError("must be sum, average, minimum, maximum, sample_count, or a percentile such as p99")
    return value


def _whole_minutes(value: int) -> int:
    if value < 60 or value % 60:
        raise ValueError("must be a multiple of 60, at least 60")
    return value


def _unlike(values: tuple[str, ...]) -> tuple[str, ...]:
    if len({*values}) < len(values):
        raise ValueError("must not name one twice")
    return values


Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[\x21-\x7e][\x20-\x7e]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Statistic = Annotated[str, AfterValidator(_is_statistic)]
Names = Annotated[tuple[Name, ...], AfterValidator(_unlike)]


class Metric(BaseModel):
    """One metric of a namespace, in CloudWatch's own unit written as UCUM.

    `dimensions` are the sets of dimensions wanted where a metric is published in several; none of them there,
    or none named, means whatever ListMetrics tells. `resource` are the dimensions that say what is measured,
    the first present wins. Of replication, one region is where it is published; `source_region` or
    `target_region` is the dimension that names the other, by a bucket in it if its name ends in Bucket.
    `absence` is what no point means: "zero" where AWS does not publish zeros, else "unknown".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: Name
    name: Name
    statistics: Annotated[tuple[Statistic, ...], Field(min_length=1), AfterValidator(_unlike)]
    unit: Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[!-~]+$")]
    layer: Layer
    published: Published = "region"
    period_s: Annotated[int, AfterValidator(_whole_minutes)] = 60
    resource: Names = ()
    dimensions: tuple[Names, ...] = ()
    source_region: Name | None = None
    target_region: Name | None = None
    absence: Literal["zero", "unknown"] = "unknown"
    meaning: Text
    source: Text

    @property
    def full_name(self) -> str:
        """As in the column `name`."""
        return f"{self.namespace}/{self.name}"

    def asked_in(self, region: str) -> bool:
        """Whether the collector of a region asks its CloudWatch for it."""
        return self.published != "pushed" and (self.published != HOME or region == HOME)

    def wanted(self, sets: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
        """Of the dimensions it is published with, those to ask for."""
        names = {frozenset(each) for each in self.dimensions}
        return [each for each in sets if frozenset(each) in names] or [*sets]


Catalogue = Mapping[tuple[str, str], Metric]  # by namespace and name


@cache
def builtin() -> Catalogue:
    """The metrics of catalogue.toml."""
    content = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8"))
    return MappingProxyType(_keyed(Metric.model_validate(entry) for entry in content["metric"]))


def catalogue(extra: Iterable[Metric] = (), exclude: Sequence[str] = ()) -> Catalogue:
    """The built-in metrics and `extra`, which replace those of the same name, without the excluded.

    `exclude` are regular expressions that match a whole `full_name`.
    """
    left_out = re.compile("|".join(f"(?:{pattern})" for pattern in exclude) or "(?!)")
    every = {**builtin(), **_keyed(extra)}
    return {key: metric for key, metric in every.items() if not left_out.fullmatch(metric.full_name)}


def _keyed(metrics: Iterable[Metric]) -> dict[tuple[str, str], Metric]:
    return {(metric.namespace, metric.name): metric for metric in metrics}
