"""A change of state: what a row of `events` says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from collector.state.observation import Facts
from store.layout import content_id


@dataclass(frozen=True, slots=True)
class Change:
    """`region` is the one it is about, None if that is the poller's own."""

    kind: str
    state: str
    title: str
    region: str | None = None
    from_region: str | None = None
    to_region: str | None = None


def appeared(noun: str, subject: str, region: str | None = None, said: str = "") -> Change:
    """A subject is seen for the first time: so it stood when the changes began."""
    return Change("topology", "seen", f"{noun} {subject} is seen for the first time{said}.", region)


def gone(noun: str, subject: str, region: str | None = None) -> Change:
    return Change("topology", "gone", f"{noun} {subject} is gone.", region)


def differences(before: Facts, after: Facts) -> list[str]:
    """The names of facts that came, went or changed."""
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def sentence(noun: str, subject: str, before: Facts, after: Facts) -> str:
    """All the differences, for people."""
    said = [
        f"{name} went from {before.get(name, 'nothing')} to {after.get(name, 'nothing')}"
        for name in differences(before, after)
    ]
    return f"{noun} {subject}: {', '.join(said)}."


def state(before: Facts, after: Facts, otherwise: str) -> str:
    """The new value if one fact changed."""
    names = differences(before, after)
    return after.get(names[0], "gone") if len(names) == 1 else otherwise


def row(
    source: str, subject: str, change: Change, before: Facts | None, after: Facts | None, time: int
) -> dict[str, Any]:
    """A row of `events` at `time` (epoch µs): the facts as attributes, what they were under `previous`."""
    known, earlier = after or {}, before or {}
    previous = {f"previous.{name}": earlier[name] for name in differences(earlier, known) if name in earlier}
    attributes = {**known, **previous, "aws.state.source": source}
    account = attributes.pop("account_id", None) or earlier.get("account_id")
    said = [change.kind, change.state, *(f"{name}={value}" for name, value in sorted(attributes.items()))]
    identity = [source, subject, str(time), *said]
    return {
        "time": time,
        "region": change.region,
        "account_id": account,
        "kind": change.kind,
        "subject": subject,
        "state": change.state,
        "from_region": change.from_region,
        "to_region": change.to_region,
        "title": change.title,
        "event_id": content_id(part.encode("utf-8", "backslashreplace") for part in identity),
        "attributes": attributes,
    }
