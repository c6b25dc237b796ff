"""The stamped item of a probe, and the only keys that a probe may write or delete."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from collector.probes.settings import Pair

PREFIX = "regionscope-probe/"
_KEY = re.compile(re.escape(PREFIX) + r"[a-z0-9-]+/[a-z0-9-]+/\d+(-echo)?")


class ForeignKey(ValueError):
    """Somebody tried to write or delete what is no probe's."""


def own(key: str) -> str:
    """The key, if it is a probe's: every key on its way to a write or a delete comes through here."""
    if not _KEY.fullmatch(key):
        raise ForeignKey(f"key {key[:80]!r}: must be {PREFIX}<writer>/<reader>/<minute>[-echo]")
    return key


def key_of(writer: str, reader: str, minute: int) -> str:
    """The key of the probe of a pair of regions in that minute since 1970, which both sides know."""
    return own(f"{PREFIX}{writer}/{reader}/{minute}")


def echo_of(key: str) -> str:
    """The key of the answer to the item of that key."""
    return own(f"{key}-echo")


def regions_of(key: str) -> Pair:
    """The writer's region and the reader's, as the key names them."""
    writer, reader, _ = own(key).removeprefix(PREFIX).split("/")
    return writer, reader


@dataclass(frozen=True, slots=True)
class Echo:
    """What the answering region knows, by its own clock.

    `held` is the time in seconds from the read that showed the item to the beginning of the answer's write;
    `held_at_most` counts from the last read that did not show it, None if there was none. `seen` and `sent`
    are epoch µs.
    """

    held: float
    held_at_most: float | None
    seen: int
    sent: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """An item: `id` tells it from any other that had its key before. `expires` is epoch seconds."""

    key: str
    id: str
    expires: int
    echo: Echo | None = None

    def text(self) -> str:
        """What is written, the same in every layer."""
        echo = [self.echo.held, self.echo.held_at_most, self.echo.seen, self.echo.sent] if self.echo else None
        return json.dumps({"id": self.id, "expires": self.expires, "echo": echo}, separators=(",", ":"))

    @classmethod
    def read(cls, key: str, text: str) -> Stamp | None:
        """The item of that key; None if the text is none of a probe."""
        try:
            told: Any = json.loads(text)
            echo = Echo(*told["echo"]) if told["echo"] else None
            return cls(key, told["id"], told["expires"], echo)
        except (ValueError, TypeError, KeyError):
            return None
