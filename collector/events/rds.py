"""RDS and Aurora: failovers, switchovers, and changes of what a cluster is made of.

They are sent with best effort, in no order, each region its own: every row stands alone.
"""

from __future__ import annotations

from collector import arn
from collector.events.event import Event, Row, moment, required, told
from collector.events.rds_messages import CATEGORIES, MEANINGS, OTHER, SILENT, Meaning


def changed(event: Event) -> Row | None:
    """An event of a cluster or an instance. Raises ValueError."""
    id, source = required(event.detail, "EventID"), required(event.detail, "SourceIdentifier")
    meaning = MEANINGS.get(id) or _other(event)
    if meaning is None:
        return None
    cluster = told(event.detail, "SourceArn") or event.resource
    date = event.detail.get("Date")
    time = moment("detail.Date", date) if date is not None else event.time
    region = arn.region_in(told(event.detail, "Message")) if meaning.region else None
    return event.row(
        meaning.kind,
        source,
        meaning.state,
        f"{_noun(event)} {source}: {meaning.sentence}.",
        time=time,
        region=arn.region_of(cluster) or event.region,
        account=event.account or arn.account_of(cluster),
        identity=("rds", cluster or source, id, str(time)),
        from_region=region if meaning.region == "from" else None,
        to_region=region if meaning.region == "to" else None,
    )


def _other(event: Event) -> Meaning | None:
    """What an event is whose id the table does not have."""
    listed = event.detail.get("EventCategories")
    categories = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    if categories == [SILENT]:
        return None
    kind = next((CATEGORIES[each] for each in categories if each in CATEGORIES), OTHER)
    said = (told(event.detail, "Message") or required(event.detail, "EventID")).strip().rstrip(".")
    return Meaning(kind, categories[0] if categories else "notification", said)


def _noun(event: Event) -> str:
    return "Instance" if event.type == "RDS DB Instance Event" else "Cluster"
