"""Every answer that a session knows besides the macros in queries/sql."""

from __future__ import annotations

from queries.answers import Answer

ANSWERS: tuple[Answer, ...] = ()
