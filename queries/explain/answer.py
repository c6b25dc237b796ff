"""explain(): the likely reasons of an error, or of all errors of a user, best first, with their evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from queries.answers import SINCE, UNTIL, Answer, Column, Parameter, Reader, Row
from queries.explain import platform, reading, replication, requests
from queries.explain.records import Reason
from queries.explain.situation import Situation
from queries.settings import Settings

RULES: tuple[Callable[[Situation], Reason | None], ...] = (
    requests.throttling,
    replication.local_only,
    replication.lost_update,
    replication.stale_read,
    platform.failover,
    platform.regional_outage,
    platform.deployment,
    requests.dependency,
    platform.drill,
    platform.new_fingerprint,
)


def reasons(situation: Situation) -> list[Reason]:
    """All reasons there is evidence for, best first; the code itself comes after the last that outdoes it."""
    found = sorted(
        (reason for rule in RULES if (reason := rule(situation))), key=lambda reason: -reason.confidence
    )
    code = requests.code(situation)
    if found and found[0].confidence > code.confidence:
        return found
    return [code, *found]


def _rows(
    reader: Reader,
    settings: Settings,
    id: str | None,
    user: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Iterator[Row]:
    if id is not None:
        situations = reading.of_request(reader, settings, id, since, until)
    elif user is not None:
        situations = reading.of_user(reader, settings, user, since, until)
    else:
        situations = reading.of_window(reader, settings, since, until)
    for situation in situations:
        main, found = situation.error.main, reasons(situation)
        yield {
            "time": main.time,
            "region": main.region,
            "service": main.service,
            "trace_id": main.trace_id or next((span.trace_id for span in situation.error.spans), None),
            "request_id": main.request_id,
            "user_id": next((one.user_id for one in situation.error.records if one.user_id), None),
            "http_status": situation.error.status,
            "error_type": main.error_type,
            "message": main.message,
            "event_id": main.event_id,
            "reason": found[0].name,
            "confidence": found[0].confidence,
            "sentence": found[0].sentence,
            "reasons": [_reason(reason) for reason in found],
        }


def _reason(reason: Reason) -> Row:
    names = ("table", "time", "region", "id", "says")
    evidence = [{name: getattr(one, name) for name in names} for one in reason.evidence]
    return {
        "name": reason.name,
        "confidence": reason.confidence,
        "sentence": reason.sentence,
        "evidence": evidence,
    }


_EVIDENCE = 'STRUCT("table" VARCHAR, "time" TIMESTAMPTZ, region VARCHAR, id VARCHAR, says VARCHAR)[]'
_REASONS = f"STRUCT(name VARCHAR, confidence DOUBLE, sentence VARCHAR, evidence {_EVIDENCE})[]"

EXPLAIN = Answer(
    name="explain",
    doc="Why errors happened: the likely reasons, best first, each with the rows it rests on. One row = one\n"
    "failed request, or an error that belongs to none, in time order (docs/explain.md has the reasons).\n"
    "  id             a request id, or a trace id in any form\n"
    "  user           the user in clear; all errors of theirs over all regions\n"
    "  since, until   first instant and the one after the last; default: all times of an id or a user, else\n"
    "                 the last hour",
    parameters=(Parameter("id", "VARCHAR", "null"), Parameter("user", "VARCHAR", "null"), SINCE, UNTIL),
    columns=(
        Column("time", "TIMESTAMPTZ", "when the error was logged, by the clock of its region"),
        Column("region", "VARCHAR", "where"),
        Column("service", "VARCHAR", "by what"),
        Column("trace_id", "VARCHAR", "of the failed request; null is unknown"),
        Column("request_id", "VARCHAR", "of the failed request, as the error record has it"),
        Column("user_id", "VARCHAR", "whose request it was, as the store has it"),
        Column("http_status", "INTEGER", "the status that was answered"),
        Column("error_type", "VARCHAR", "exception class or error code"),
        Column("message", "VARCHAR", "what the error record says"),
        Column("event_id", "VARCHAR", "the error record"),
        Column("reason", "VARCHAR", "the likeliest reason"),
        Column("confidence", "DOUBLE", "in it, between 0 and 1"),
        Column("sentence", "VARCHAR", "it, for people"),
        Column("reasons", _REASONS, "all reasons, best first; evidence names the rows they rest on"),
    ),
    answer=_rows,
)
