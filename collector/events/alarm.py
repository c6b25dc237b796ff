"""CloudWatch alarms, by the three ways they tell of a change of state: the same change gives the same row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector import arn
from collector.events.event import Event, Row, moment, region, required, row, told


def changed(event: Event) -> Row:
    """Through EventBridge."""
    return _row(event.resource, event.detail, event.account, event.region, event.time, event.attributes())


def is_action(value: Mapping[str, Any]) -> bool:
    """Whether this is what an alarm whose action is a Lambda function hands it."""
    return isinstance(value.get("alarmData"), Mapping) and "alarmArn" in value


def action(value: Mapping[str, Any]) -> Row:
    """Raises ValueError."""
    data = value["alarmData"]
    time = moment("time", value.get("time"))
    attributes = {**data, "aws.event": {"source": told(value, "source")}}
    account = told(value, "accountId")
    return _row(told(value, "alarmArn"), data, account, region(value, "region"), time, attributes)


def is_message(value: Mapping[str, Any]) -> bool:
    """Whether this is what an alarm whose action is an SNS topic publishes."""
    return "AlarmName" in value and "NewStateValue" in value


def message(value: Mapping[str, Any]) -> Row:
    """Raises ValueError. Region is mostly written out there ("EU (Ireland)"): the ARN tells its name."""
    time = moment("StateChangeTime", value.get("StateChangeTime"))
    data = {
        "alarmName": required(value, "AlarmName"),
        "state": {"value": required(value, "NewStateValue"), "reason": told(value, "NewStateReason")},
        "previousState": {"value": told(value, "OldStateValue")},
    }
    alarm, place = told(value, "AlarmArn"), arn.region_in(told(value, "Region"))
    return _row(alarm, data, told(value, "AWSAccountId"), place, time, value)


def _row(
    alarm: str | None,
    data: Mapping[str, Any],
    account: str | None,
    place: str | None,
    time: int,
    attributes: Mapping[str, Any],
) -> Row:
    name, state = required(data, "alarmName"), required(data, "state", "value")
    if stamp := told(data, "state", "timestamp"):
        time = moment("state.timestamp", stamp)  # to the millisecond, as the other ways have it
    before = told(data, "previousState", "value")
    place = place or arn.region_of(alarm)
    return row(
        time=time,
        region=place,
        account=account or arn.account_of(alarm),
        kind="alarm",
        subject=name,
        state=state,
        title=f"Alarm {name} went from {before} to {state}." if before else f"Alarm {name} is {state}.",
        identity=("alarm", alarm or f"{account}:{place}:{name}", state, str(time)),
        attributes=attributes,
    )
