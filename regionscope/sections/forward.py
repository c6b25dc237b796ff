"""[forward]: the other backend that gets every record too, by OTLP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from regionscope.sections.base import KeyReference, Section, matching
from store.zone import resolve_key

Endpoint = Annotated[str, matching(r"https?://[^\s/?#]+[^\s?#]*", "must be an http:// or https:// URL")]


class ForwardConfig(Section):
    """Off without an `endpoint`. `headers` refer to secrets; `tables` says what is forwarded."""

    endpoint: Endpoint | None = None
    headers: dict[str, KeyReference] = {}
    tables: tuple[Literal["logs", "spans", "metrics", "events", "probes"], ...] = ("logs", "spans", "metrics")

    def secrets(self) -> Mapping[str, str]:
        """The headers themselves. Raises KeyUnavailable."""
        return {name: resolve_key(reference).decode() for name, reference in self.headers.items()}
