"""[health]: from when on a region or a service is degraded or down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from regionscope.sections.base import RegionName, Section

if TYPE_CHECKING:
    from queries.settings import HealthRules

Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
CheckId = Annotated[str, Field(min_length=1, max_length=64)]


class HealthConfig(Section):
    """The limits of queries.settings.HealthRules, which explains them and has those that are absent here."""

    degraded_errors: Share | None = None
    down_errors: Share | None = None
    degraded_throttles: Share | None = None
    degraded_log_errors: Share | None = None
    degraded_p99_ms: Positive | None = None
    degraded_headroom: Share | None = None
    judged_from: Annotated[int, Field(ge=1)] | None = None
    stale_after_s: Positive | None = None
    concurrency: Annotated[int, Field(ge=1)] | None = None
    checks: dict[CheckId, RegionName] = {}

    def rules(self) -> HealthRules:
        """As the answers take them."""
        from queries.settings import HealthRules  # collectors read this file too, without DuckDB

        return HealthRules(**self.model_dump(exclude_none=True))
