"""Users and sessions named in passing, in text that has no field for them: `… failed user_id=u-42`."""

from __future__ import annotations

import re
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from collector.columns import Parsed
from collector.fields import FieldMap
from collector.texts import put

# `name=value` and `"name": "value"`, as loggers write pairs; `name: value` only where the name ends in "id",
# for prose has colons too.
_HINT = r"""(?:{names})["'\\]{{0,4}} ?[=:]"""
_PAIR = (
    r"""(?<![\w.-])(?:{names})(?:["'\\]{{1,4}}+ ?: ?|=|(?<=[iI]d): ?)["'\\]{{0,4}}+"""
    r"""(?P<value>[^\s"'\\,;&<>()\[\]{{}}]{{1,200}})"""
)


def name_people(parsed: Parsed, fields: FieldMap) -> None:
    """Fill user_id and session_id, where they are empty, with the first value that the template names."""
    columns = {"user_id": _patterns(fields.user), "session_id": _patterns(fields.session)}
    silent = pc.indices_nonzero(pc.or_(parsed.user_id.is_null(), parsed.session_id.is_null()))
    either = "|".join(hint for hint, _ in columns.values())
    hits = pc.match_substring_regex(parsed.template.take(silent), either)
    rows = silent.filter(hits).to_numpy()
    templates = parsed.template.take(pa.array(rows)).to_pylist()
    for name, (_, pair) in columns.items() if templates else ():
        column = getattr(parsed, name)
        known = column.take(pa.array(rows)).to_pylist()
        told = [id or _named(pair, text) for id, text in zip(known, templates, strict=True)]
        setattr(parsed, name, put(column, rows, told))


def _named(pair: re.Pattern[str], template: str) -> str | None:
    found = pair.search(template)
    return (found and found["value"].rstrip(".:")) or None


@lru_cache(maxsize=64)
def _patterns(names: tuple[str, ...]) -> tuple[str, re.Pattern[str]]:
    """The RE2 expression that a whole column is asked, and the exact one for what it finds."""
    either = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return _HINT.format(names=either), re.compile(_PAIR.format(names=either))
