"""Every answer that a session knows besides the macros in queries/sql."""

from __future__ import annotations

from queries.answers import Answer
from queries.consistency.conflicts import ANOMALIES, LOST_UPDATES
from queries.consistency.summary import CONSISTENCY
from queries.consistency.visibility import T_VISIBILITY
from queries.explain import EXPLAIN
from queries.failovers.answer import FAILOVERS
from queries.health import HEALTH
from queries.offsets import OFFSETS
from queries.slo.answer import SLO, SLO_MINUTES
from queries.slo.indicators import SLI_FAILOVER, SLI_READ_YOUR_WRITES
from queries.user.timeline import TIMELINE
from queries.user.trace import TRACE

ANSWERS: tuple[Answer, ...] = (
    TIMELINE,
    TRACE,
    OFFSETS,
    EXPLAIN,
    HEALTH,
    FAILOVERS,
    CONSISTENCY,
    LOST_UPDATES,
    ANOMALIES,
    T_VISIBILITY,
    SLI_READ_YOUR_WRITES,
    SLI_FAILOVER,
    SLO,
    SLO_MINUTES,
)
