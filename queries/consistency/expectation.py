"""What a store's mode makes of a guarantee that was not kept (reference slo-consistency.md, section 3.4)."""

from __future__ import annotations

from typing import Literal

_OF_SESSIONS = {"read_your_writes", "monotonic_reads", "causal"}


def expectation(guarantee: str, mode: str | None) -> Literal["violation", "measurement"] | None:
    """A violation of what the mode promises, or a measurement where it promises nothing; None is unknown.

    MREC and EVENTUAL promise nothing, SESSION what a session itself has done, MRSC and GLOBAL all.
    """
    if mode in ("MREC", "EVENTUAL"):
        return "measurement"
    if mode in ("MRSC", "GLOBAL"):
        return "violation"
    if mode == "SESSION":
        return "violation" if guarantee in _OF_SESSIONS else "measurement"
    return None
