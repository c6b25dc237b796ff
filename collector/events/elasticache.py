"""ElastiCache: what it tells EventBridge, and the rest, which it tells an SNS topic only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from collector import arn
from collector.events.event import Event, Row, moment, required, row, told

MESSAGE = re.compile(r'\s*\{\s*"ElastiCache:')

# The first words of an event's name, and what it is (ElastiCache user guide, "Event notifications").
_KINDS = (("Failover", "failover"), ("CacheNodesRebooted", "compute"), ("CacheNodeReplace", "compute"))


def cache(event: Event) -> Row:
    """A cache is made, changed or near its limits. Raises ValueError."""
    name = arn.name_of(event.resource) if event.resource else required(event.detail, "cacheName")
    kind = "alarm" if event.type == "Cache Limit Approaching" else "topology"
    return event.row(kind, name, event.type, f"Cache {name}: {event.type}.")


def is_notification(value: Mapping[str, Any]) -> bool:
    """Whether this is a notification of SNS around a message of ElastiCache, which does not say when."""
    return bool(value.get("Type") == "Notification" and MESSAGE.match(told(value, "Message") or ""))


def notification(value: Mapping[str, Any]) -> list[Row]:
    """A row per event of the message. Raises ValueError."""
    topic, time = required(value, "TopicArn"), moment("Timestamp", value.get("Timestamp"))
    message = json.loads(required(value, "Message"))
    rows = []
    for name, subject in message.items():
        event = name.removeprefix("ElastiCache:")
        rows.append(
            row(
                time=time,
                region=arn.region_of(topic),
                account=arn.account_of(topic),
                kind=next((kind for words, kind in _KINDS if event.startswith(words)), "topology"),
                subject=required(message, name),
                state=event,
                title=f"Cache {subject}: {event}.",
                identity=("elasticache", topic, told(value, "MessageId") or str(time), name),
                attributes={"aws.event": {"source": "aws.elasticache", "resources": [topic]}},
            )
        )
    return rows
