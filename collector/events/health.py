"""AWS Health: what AWS says about its own services."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from collector import arn
from collector.events.event import Event, Row, canonical, region, required, told
from collector.moment import micros


def told_of(event: Event) -> Row:
    """One communication about an event of AWS Health. Raises ValueError.

    The same one is delivered to the impacted region and to a backup region, with the latter flagged, so
    eventArn and communicationId tell it apart (AWS Health user guide, "Public events"); a large one comes in
    pages, and one for an organization per account.
    """
    detail, health = event.detail, required(event.detail, "eventArn")
    code, service = required(detail, "eventTypeCode"), told(detail, "service") or "AWS"
    place = region(detail, "eventRegion") or arn.region_of(health) or event.region
    state = told(detail, "statusCode") or told(detail, "eventTypeCategory") or "unknown"
    communication = told(detail, "communicationId") or canonical(detail)
    account = told(detail, "affectedAccount") or event.account
    return event.row(
        "aws_health",
        service,
        state,
        f"AWS Health on {service} in {place or 'an unnamed region'}: {code} is {state}.",
        time=_time(event),
        region=place,
        account=account,
        identity=("health", health, communication, account or "", told(detail, "page") or ""),
    )


def _time(event: Event) -> int:
    """When it was said: the same in every region, as the time of delivery is not."""
    stamps = (told(event.detail, name) for name in ("lastUpdatedTime", "startTime"))
    return next((time for stamp in stamps if (time := _moment(stamp)) is not None), event.time)


def _moment(stamp: str | None) -> int | None:
    """ISO 8601, or "Sun, 05 Jun 2016 05:01:10 GMT" (RFC 5322)."""
    if not stamp or len(stamp) > 64:
        return None
    try:
        return micros(stamp) or micros(parsedate_to_datetime(stamp).isoformat())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
