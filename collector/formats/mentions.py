"""Users and sessions named in passing, in text that has no field for them: `… failed user_id=u-42`."""

from __future__ import annotations

import re
from functools import lru_cache

import pyarrow.compute as pc

from collector.columns import Parsed
from collector.fields import FieldMap
from collector.texts import arrow

# `name=value` and `"name": "value"`, as loggers write pairs; `name: value` only where the name ends in "id",
# for prose has colons too.
_HINT = r"""(?:{names})["'\\]{{0,4}} ?[=:]"""
_PAIR = (
    r"""(?<![\w.-])(?:{names})(?:["'\\]{{1,4}}+ ?: ?|=|(?<=[iI]d): ?)["'\\]{{0,4}}+"""
    r"""(?P<value>[^\s"'\\,;&<>()\[\]{{}}]{{1,200}})"""
)


def name_people(parsed: Parsed, fields: FieldMap) -> None:
    """Fill user_id and session_id, where they are empty, with the first value that the template names."""
    columns = (parsed.user_id, _patterns(fields.user)), (parsed.session_id, _patterns(fields.session))
    silent = [
        row for row, ids in enumerate(zip(parsed.user_id, parsed.session_id, strict=True)) if None in ids
    ]
    either = "|".join(hint for _, (hint, _) in columns)
    texts = arrow([parsed.template[row] for row in silent])
    for at in pc.indices_nonzero(pc.match_substring_regex(texts, either)).to_pylist():
        row = silent[at]
        for column, (_, pair) in columns:
            found = pair.search(parsed.template[row]) if column[row] is None else None
            if found:
                column[row] = found["value"].rstrip(".:") or None


@lru_cache(maxsize=64)
def _patterns(names: tuple[str, ...]) -> tuple[str, re.Pattern[str]]:
    """The RE2 expression that a whole column is asked, and the exact one for what it finds."""
    either = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return _HINT.format(names=either), re.compile(_PAIR.format(names=either))
