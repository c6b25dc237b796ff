"""What a run that asks AWS did, for its caller and for operators."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field

from collector.accounting import Accounting

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Polled:
    """What was recorded; `problems` are sentences for operators."""

    accounting: Accounting = field(default_factory=Accounting)
    problems: list[str] = field(default_factory=list)

    def report(self, message: str, region: str) -> None:
        """Write the run's one log line."""
        line = {"message": message, "region": region, "stored": self.accounting.stored}
        told = line | ({"problems": self.problems} if self.problems else {})
        _log.log(logging.ERROR if self.problems else logging.INFO, json.dumps(told))
