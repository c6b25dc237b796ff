"""[otlp]: where the OTLP intake listens, and whom it lets in."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Annotated

from pydantic import Field

from regionscope.sections.base import KeyReference, Section
from store.zone import resolve_key


class OtlpConfig(Section):
    """`token` refers to the bearer token; without one, only IAM or the loopback address guards the intake."""

    token: KeyReference | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 4318  # OTLP/HTTP's own; 0 is any free one
    max_body_bytes: Annotated[int, Field(ge=1024, le=2**30)] = 16 * 2**20  # much more than SDKs send

    def secret(self) -> Callable[[], bytes] | None:
        """What yields the token, looked up once it is needed. It raises KeyUnavailable."""
        return cache(partial(resolve_key, self.token)) if self.token else None
