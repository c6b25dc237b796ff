"""The section [traces]: what is pulled from X-Ray."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from regionscope.sections.base import Section


class TracesConfig(Section):
    """Whether X-Ray is asked for traces, and how far each run reads back into what the last one has read."""

    xray: bool = True
    overlap_minutes: Annotated[int, Field(ge=1, le=360)] = 10

    @property
    def overlap(self) -> timedelta:
        return timedelta(minutes=self.overlap_minutes)
