"""What is known of one key of a replicated store: who wrote which version on which, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from queries.explain.records import NOTHING, Operation

FAR = 64  # versions that are walked back; what a request saw and what its user wrote lie closer


class Key:
    """The logged operations on one key in all regions, in the order of their ends."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = sorted(operations, key=lambda one: one.time)
        self.writes = {one.version: one for one in self.operations if one.op == "write" and one.version}

    def follows(self, later: str, earlier: str) -> bool:
        """Whether a version was written knowing another, or is the same.

        Where the writes in between are not known, the number decides: what a region writes counts from the
        highest that it knows.
        """
        version: str | None = later
        for _ in range(FAR):
            if version == earlier:
                return True
            if version is None or version not in self.writes:
                break
            version = self.writes[version].based_on
        return version is not None and version != NOTHING and _number(version) > _number(earlier)

    def survivor(self, one: str, other: str, since: datetime) -> str | None:
        """Which of two versions that did not know each other was the last to be seen; None is unknown."""
        for last in reversed(self.operations):
            seen = last.version if last.op == "read" else last.based_on
            if last.time > since and seen and seen != NOTHING:
                of_one, of_other = self.follows(seen, one), self.follows(seen, other)
                return None if of_one == of_other else one if of_one else other
        return None


def _number(version: str) -> int:
    digits = version.partition("@")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 20 else -1
