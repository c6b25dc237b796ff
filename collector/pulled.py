"""What a run that asks AWS did, for its caller and for operators."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import Any

from collector.accounting import Accounting


@dataclass(slots=True)
class Pulled:
    """What was recorded; `problems` are sentences on what AWS refused: the next run asks for it again."""

    accounting: Accounting = field(default_factory=Accounting)
    problems: list[str] = field(default_factory=list)

    def report(self, log: logging.Logger, message: str, region: str, **told: Any) -> None:
        """Write the run's one log line."""
        problems = {"problems": self.problems} if self.problems else {}
        line = {"message": message, "region": region, **told, **problems}
        log.log(logging.ERROR if self.problems else logging.INFO, json.dumps(line))
