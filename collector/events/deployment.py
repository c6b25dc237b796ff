"""CodeDeploy's deployments."""

from __future__ import annotations

from collector.events.event import Event, Row, required, told


def changed(event: Event) -> Row:
    """A deployment, or its part on one instance, changes state. Raises ValueError."""
    id, state = required(event.detail, "deploymentId"), required(event.detail, "state")
    application, group = told(event.detail, "application"), told(event.detail, "deploymentGroup")
    subject = application or id
    title = f"Deployment {id} of {subject}{f' to {group}' if group else ''}: {state}."
    return event.row("deployment", subject, state, title)
