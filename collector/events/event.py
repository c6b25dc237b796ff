"""An EventBridge event, and the row of `events` that a family of events makes of one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.attributes import flattened
from collector.moment import RULE, micros
from store.layout import content_id, region_name

Row = dict[str, Any]

_LONGEST_REGION = 32  # it becomes a folder's name


@dataclass(frozen=True, slots=True)
class Event:
    """EventBridge's envelope (EventBridge user guide, "Events"); `time` is epoch µs."""

    source: str
    type: str
    time: int
    id: str | None
    account: str | None
    region: str | None
    resources: Sequence[str]
    detail: Mapping[str, Any]

    @property
    def resource(self) -> str | None:
        return self.resources[0] if self.resources else None

    def row(self, kind: str, subject: str, state: str, title: str, **told: Any) -> Row:
        """A row about this event; `told` are arguments of `row` that the envelope does not know better."""
        known = {
            "time": self.time,
            "region": self.region,
            "account": self.account,
            "identity": self.identity(),
            "attributes": self.attributes(),
        }
        return row(kind=kind, subject=subject, state=state, title=title, **known | told)

    def attributes(self) -> dict[str, Any]:
        """The detail under its own names, and what of the envelope has no column."""
        about = {"id": self.id, "source": self.source, "type": self.type, "resources": self.resources or None}
        return {**self.detail, "aws.event": {name: value for name, value in about.items() if value}}

    def identity(self) -> tuple[str, ...]:
        """What the event says: its id may change on the way through other regions' buses."""
        return self.source, self.type, self.account or "", str(self.time), canonical(self.detail)


def opened(value: Mapping[str, Any]) -> Event:
    """The event in an envelope. Raises ValueError, naming key, value and rule."""
    detail, resources = value.get("detail"), value.get("resources")
    if not isinstance(detail, Mapping):
        raise ValueError("detail is missing: must be an object")
    return Event(
        source=required(value, "source"),
        type=required(value, "detail-type"),
        time=moment("time", value.get("time")),
        id=told(value, "id"),
        account=told(value, "account"),
        region=region(value, "region"),
        resources=[each for each in resources if isinstance(each, str)]
        if isinstance(resources, list)
        else [],
        detail=detail,
    )


def row(
    *,
    time: int,
    kind: str,
    subject: str,
    state: str,
    title: str,
    identity: Sequence[str],
    attributes: Mapping[str, Any],
    region: str | None = None,
    account: str | None = None,
    from_region: str | None = None,
    to_region: str | None = None,
) -> Row:
    """A row of `events`. `identity` is what the event has in common wherever and however it is delivered."""
    return {
        "time": time,
        "region": region,
        "account_id": account,
        "kind": kind,
        "subject": subject,
        "state": state,
        "from_region": from_region,
        "to_region": to_region,
        "title": title,
        "event_id": content_id(part.encode("utf-8", "backslashreplace") for part in identity),
        "attributes": flattened(attributes),
    }


def told(value: Any, *path: str) -> str | None:
    """The text at the end of the path; None if there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) and value else None


def required(value: Any, *path: str) -> str:
    """The text at the end of the path. Raises ValueError."""
    text = told(value, *path)
    if text is None:
        raise ValueError(f"{'.'.join(path)} is missing: must be text")
    return text


def region(value: Any, *path: str) -> str | None:
    """The region at the end of the path. Raises ValueError if it cannot be one's name."""
    text = told(value, *path)
    if text and len(text) > _LONGEST_REGION:
        raise ValueError(f"{'.'.join(path)} is {text[:40]!r}…: must be a region's name")
    return region_name(text) if text else None


def moment(name: str, value: Any) -> int:
    """A time in epoch µs. Raises ValueError."""
    time = micros(value)
    if time is None:
        raise ValueError(f"{name} is {str(value)[:40]!r}: {RULE}")
    return time


def canonical(value: Any) -> str:
    """The value as JSON that does not depend on the order of keys. Raises ValueError if nested too deep."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        raise ValueError("JSON is nested too deep") from None
