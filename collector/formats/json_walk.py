"""Walks through JSON text value by value, each with the very characters it is written in."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

_DECODER = json.JSONDecoder(strict=False)
_SPACE = re.compile(r"[ \t\r\n\x1e\ufeff]*")  # also record separators (RFC 7464) and byte order marks


@dataclass(slots=True)
class Walk:
    """A position in JSON text. Each step raises ValueError or RecursionError if no readable JSON comes."""

    text: str
    position: int = 0

    def peek(self) -> str:
        """The next character that is no space, empty at the end."""
        self.position = _SPACE.match(self.text, self.position).end()  # type: ignore[union-attr]
        return self.text[self.position : self.position + 1]

    def value(self) -> tuple[Any, str]:
        """The next value and its characters."""
        self.peek()
        start = self.position
        value, self.position = _DECODER.raw_decode(self.text, start)
        return value, self.text[start : self.position]

    def elements(self) -> Iterator[tuple[Any, str]]:
        """Go through the array that comes next; its elements."""
        self._past("[")
        while self.peek() not in ("]", ""):
            yield self.value()
            if self.peek() != "]":
                self._past(",")
        self._past("]")

    def opened(self, arrays: Container[str]) -> Iterator[tuple[Any, str]]:
        """Go through the object that comes next; the elements of those members that are named arrays.

        An object without any of them is given itself.
        """
        self.peek()
        start, members, found = self.position, {}, False
        self._past("{")
        while self.peek() == '"':
            name, _ = self.value()
            self._past(":")
            if name in arrays and self.peek() == "[":
                found = True
                yield from self.elements()
            else:
                members[name], _ = self.value()
            if self.peek() != "}":
                self._past(",")
        self._past("}")
        if not found:
            yield members, self.text[start : self.position]

    def _past(self, expected: str) -> None:
        if self.peek() != expected:
            raise ValueError(f"{expected} is missing")
        self.position += 1
