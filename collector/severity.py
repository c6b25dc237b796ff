"""Severity as OpenTelemetry numbers, from the words and numbers of the common loggers.

Constants: OpenTelemetry logs data model, "Severity Fields" and appendix B.
"""

from __future__ import annotations

TRACE, DEBUG, INFO, NOTICE, WARN, ERROR, FATAL = 1, 5, 9, 10, 13, 17, 21

_WORDS = {
    TRACE: "trace verbose finest finer silly",
    DEBUG: "debug fine config",
    INFO: "info information informational",
    NOTICE: "notice",
    WARN: "warn warning",
    ERROR: "error err severe",
    FATAL: "fatal critical crit alert panic dpanic emerg emergency",
}
_PINO = {10: TRACE, 20: DEBUG, 30: INFO, 40: WARN, 50: ERROR, 60: FATAL}  # also bunyan
_SYSLOG = dict(enumerate((FATAL, FATAL, FATAL, ERROR, WARN, NOTICE, INFO, DEBUG)))  # RFC 5424; GELF

_WORD = {word: level for level, words in _WORDS.items() for word in words.split()}
_WORD |= {  # OpenTelemetry's own short names, such as ERROR2
    f"{name}{step}": _WORD[name] + step - 1
    for name in ("trace", "debug", "info", "warn", "error", "fatal")
    for step in (2, 3, 4)
}
# Every spelling a logger uses, so that the usual case is one look-up.
_KNOWN: dict[object, int] = {
    spelling: level for word, level in _WORD.items() for spelling in (word, word.upper(), word.title())
}

WORDS = tuple(sorted(_WORD, key=len, reverse=True))  # longest first: for a regex's alternatives


def number(level: object) -> int | None:
    """The severity a logger calls `level`: a word in any case, or pino's and bunyan's 10 to 60.

    Any other number from 1 to 24 is taken for OpenTelemetry's own.
    """
    if type(level) is str:
        known = _KNOWN.get(level)
        return known if known is not None or len(level) > 20 else _unusual(level.strip())
    if type(level) is int:
        return _PINO.get(level) or otel(level)
    return None


def otel(level: object) -> int | None:
    """An OpenTelemetry severity number, 1 to 24, as it is."""
    return level if type(level) is int and 1 <= level <= 24 else None


def syslog(level: object) -> int | None:
    """The severity of syslog's 0 (emergency) to 7 (debug)."""
    return _SYSLOG.get(level) if type(level) is int else None


def of_status(status: int) -> int:
    """The severity of a request answered with this HTTP status."""
    return ERROR if status >= 500 else WARN if status >= 400 else INFO


def _unusual(word: str) -> int | None:
    if word.isascii() and word.isdigit():
        return _PINO.get(int(word))
    return _WORD.get(word.lower())
