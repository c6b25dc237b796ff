"""What one look at AWS found of its subjects, and what it could not find out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from collector.refusal import REFUSALS, reason

Facts = dict[str, str]  # of one subject, flat; `account_id` is the account it belongs to


@dataclass(slots=True)
class Observation:
    """Facts by subject. `unknown` are those AWS would not tell about, which says nothing of their state.

    Unless `complete`, a subject that is not in here may be there all the same. `problems` are sentences for
    operators.
    """

    subjects: dict[str, Facts] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    complete: bool = True
    problems: list[str] = field(default_factory=list)

    def pages(self, what: str, pages: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The pages of a listing, as far as AWS answers."""
        try:
            yield from pages
        except REFUSALS as error:
            self.complete = False
            self.problems.append(f"{what}: {reason(error)}")

    def is_unknown(self, subject: str, problem: str) -> None:
        self.unknown.add(subject)
        self.problems.append(f"{subject}: {problem}")


def facts(**told: object) -> Facts:
    """The facts that are told, as texts; dots for double underscores in their names."""
    return {
        name.replace("__", "."): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in told.items()
        if value is not None
    }
