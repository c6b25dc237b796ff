"""ECS and EC2, where they say something about health."""

from __future__ import annotations

from collector import arn
from collector.events.event import Event, Row, required, told

# Why a task stopped although nobody wanted it to (ECS API reference, Task.stopCode).
_BROKEN = {"TaskFailedToStart", "EssentialContainerExited", "SpotInterruption", "TerminationNotice"}


def service(event: Event) -> Row:
    """An ECS service reaches or misses its steady state. Raises ValueError."""
    return _service(event, "compute")


def deployment(event: Event) -> Row:
    """An ECS deployment begins, completes or fails. Raises ValueError."""
    return _service(event, "deployment")


def _service(event: Event, kind: str) -> Row:
    state = required(event.detail, "eventName")
    name = _last(event.resource or required(event.detail, "clusterArn"))
    return event.row(kind, name, state, f"ECS service {name}: {state}.")


def task(event: Event) -> Row | None:
    """An ECS task that stopped for a reason that is an error; None for all others. Raises ValueError."""
    id, code = required(event.detail, "taskArn"), told(event.detail, "stopCode")
    if required(event.detail, "lastStatus") != "STOPPED" or code not in _BROKEN or _succeeded(event):
        return None
    group = told(event.detail, "group") or _last(id)
    reason = told(event.detail, "stoppedReason") or code
    return event.row("compute", group, code, f"ECS task of {group} stopped: {reason.rstrip('.')}.")


def _succeeded(event: Event) -> bool:
    """A job that is done stops as well."""
    listed = event.detail.get("containers")
    containers = listed if isinstance(listed, list) else []
    exits = [each.get("exitCode") for each in containers if isinstance(each, dict)]
    return bool(exits) and all(code == 0 for code in exits)


def instance(event: Event) -> Row:
    """An EC2 instance starts or stops, or is about to be interrupted. Raises ValueError."""
    id = told(event.detail, "instance-id") or told(event.detail, "instance_id")
    id = id or _last(event.resource or required(event.detail, "instance-id"))
    action = told(event.detail, "instance-action")  # of a spot instance, two minutes ahead
    state = action or required(event.detail, "state")
    said = f"will {action} in two minutes" if action else f"is {state}"
    return event.row("compute", id, state, f"Instance {id} {said}.")


def _last(name: str) -> str:
    return arn.name_of(name).rpartition("/")[2]
