"""Stack traces of Python, Node.js and Java: the frame nearest to the error that is the application's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 65_536  # characters of a text that are looked at: what is around the error is near its ends

_PYTHON = re.compile(r'File \\?"([^"\\\n]{1,400})\\?", line (\d{1,7}), in ([^\s\\"]{1,200})')
_JAVA = re.compile(
    r"\bat (?:[\w.@-]{1,100}/)?([\w.$]{1,300})\.([\w$<>]{1,200})\(([\w$]{1,200}\.\w{1,10}):(\d{1,7})\)"
)
_NODE = re.compile(
    r"\bat (?:async )?(?:([^\s()]{1,200})(?: \[as [^\]\s]{1,100}\])? )?"
    r"\(?(?:file://)?([^\s():]{1,400}\.[cm]?[jt]sx?):(\d{1,7}):\d{1,7}"
)
_LIBRARY = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|node_modules|lib/python[\d.]*|var/runtime|var/lang|opt/python|opt/nodejs)/"
    r"|^<|^node:|^internal/"
)
_JAVA_LIBRARY = re.compile(
    r"(?:java|javax|jakarta|jdk|sun|kotlin|kotlinx|scala|reactor|com\.sun|com\.amazonaws|com\.fasterxml|com\.zaxxer"
    r"|software\.amazon|io\.(?:netty|micrometer|opentelemetry)|org\.(?:apache|eclipse|hibernate|postgresql"
    r"|springframework))\."
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a stack trace; `place` is a file, without the folder functions are deployed to."""

    place: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.place} line {self.line}, in {self.function}"


def own_frame(text: str) -> Frame | None:
    """The application's own frame nearest to where the error was raised; None if the text has none."""
    return next((frame for frame in _frames(text) if frame is not None), None)


def _frames(text: str) -> Iterator[Frame | None]:
    """The application's frames of whichever language, innermost first: Python names that one last."""
    head, tail = text[:LONGEST], text[-LONGEST:]
    for place, line, function in reversed(_PYTHON.findall(tail)):
        yield None if _LIBRARY.search(place) else Frame(_short(place), int(line), function)
    for package, function, file, line in _JAVA.findall(head):
        known = _JAVA_LIBRARY.match(package + ".")
        yield None if known else Frame(f"{package} ({file})", int(line), function)
    for function, place, line in _NODE.findall(head):
        yield None if _LIBRARY.search(place) else Frame(_short(place), int(line), function or "the module")


def _short(place: str) -> str:
    return place.removeprefix("/var/task/")
