"""What the names of AWS resources tell: region, account and name."""

from __future__ import annotations

import re

# All of them end in a point of the compass, which tells them from other names of such parts: my-orders-2.
_REGION = re.compile(
    r"(?<![a-z0-9-])(?:[a-z]{2}|us-gov|(?:us|eu)-iso[a-z]?|eusc-[a-z]{2})"
    r"-(?:central|(?:north|south)(?:east|west)?|east|west)-\d(?![a-z0-9-])"
)


def region_in(text: str | None) -> str | None:
    """The first name of a region in a text or an ARN; None if there is none."""
    found = _REGION.search(text) if text else None
    return found[0] if found else None


def region_of(arn: str | None) -> str | None:
    """The region of an ARN; None of a global resource's, and of what is no ARN."""
    return region_in(_part(arn, 3))


def account_of(arn: str | None) -> str | None:
    """The account of an ARN; None if it tells none."""
    return _part(arn, 4) or None


def name_of(arn: str) -> str:
    """What the resource is called within its type; of what is no ARN, all of it."""
    resource = arn.split(":", 5)[-1] if arn.startswith("arn:") else arn
    return re.split("[:/]", resource, maxsplit=1)[-1] or resource or arn


def _part(arn: str | None, number: int) -> str | None:
    parts = arn.split(":", 5) if arn and arn.startswith("arn:") else []
    return parts[number] if len(parts) == 6 else None
