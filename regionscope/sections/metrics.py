"""The section [metrics]: what is pulled from CloudWatch, and how often."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field, model_validator

from collector.metrics.catalogue import Catalogue, Metric, catalogue
from regionscope.sections.base import Pattern, Section


class MetricsConfig(Section):
    """Metrics whose name with its namespace matches one of `exclude` (whole name) are not pulled.

    `extra` are metrics of one's own; they replace built-in ones of the same name.
    """

    enabled: bool = True
    interval_minutes: Annotated[int, Field(ge=1)] = 1
    exclude: tuple[Pattern, ...] = ()
    extra: tuple[Metric, ...] = ()

    @model_validator(mode="after")
    def _once_each(self) -> MetricsConfig:
        names = Counter(metric.full_name for metric in self.extra)
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"extra names {', '.join(twice)} more than once: must name each metric once")
        return self

    def catalogue(self) -> Catalogue:
        """The metrics that are known, without the excluded."""
        return catalogue(self.extra, self.exclude)
