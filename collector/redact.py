"""Redaction before anything leaves the region: what its residency zone does not let out.

Values of the zone's kinds become `<kind:pseudonym>` in every text of the row. Where identities are
pseudonyms, so do the ids of user and session, and their columns hold the bare pseudonym. Equal values have
equal pseudonyms in the whole zone; an e-mail address has one and the same as an id and in text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

from collector.columns import Parsed
from collector.identity import Identity
from collector.patterns import Detector, detectors
from collector.placeholder import placeholder
from collector.scrub import Scrubber, needed, suspects
from store.zone import Kind, Zone, canonical, pseudonym


# What was pseudonymised lately: the next batch is from the same users.
@lru_cache(maxsize=2**15)
def _identity(kind: str, key: bytes, value: str) -> Identity:
    return Identity(kind, value, pseudonym(key, canonical(value)))


@lru_cache(maxsize=2**15)
def _placeholder(key: bytes, kind: Kind, value: str) -> str:
    return placeholder(kind, pseudonym(key, value))


def redact(
    parsed: Parsed,
    body: list[str],
    regions: Sequence[str],
    zone_of: Callable[[str], Zone],
    key_of: Callable[[Zone], bytes],
) -> None:
    """Redact in place; all sequences are parallel. If KeyUnavailable is raised, nothing has been changed."""
    by_zone = _rows_by_zone(regions, zone_of)
    keys = {zone: key_of(zone) for zone in by_zone}
    for zone, rows in by_zone.items():
        if zone.redact:
            _redact_values(parsed, body, rows, detectors(zone.redact), keys[zone])
        if zone.identities == "pseudonym":
            _redact_identities(parsed, body, rows, keys[zone])


def _rows_by_zone(regions: Sequence[str], zone_of: Callable[[str], Zone]) -> dict[Zone, list[int]]:
    """The rows of every zone that is not open."""
    by_region: dict[str, list[int]] = defaultdict(list)
    for row, region in enumerate(regions):
        by_region[region].append(row)
    by_zone: dict[Zone, list[int]] = defaultdict(list)
    for region, rows in by_region.items():
        zone = zone_of(region)
        if not zone.open:
            by_zone[zone] += rows
    return by_zone


def _redact_values(
    parsed: Parsed, body: list[str], rows: Sequence[int], wanted: Sequence[Detector], key: bytes
) -> None:
    """Only bodies are searched: what a part of a message holds, the message holds."""
    common = [detector for detector in wanted if detector.common]
    rare = [detector for detector in wanted if not detector.common]
    scrubber = partial(Scrubber, placeholder_of=partial(_placeholder, key))
    suspected = [rows[at] for at in suspects([body[row] for row in rows], wanted)]
    special = needed([body[row] for row in suspected], rare)
    for at, found in special.items():
        present = {*found, *common}
        _scrub(parsed, body, [suspected[at]], scrubber([each for each in wanted if each in present]))
    _scrub(parsed, body, [row for at, row in enumerate(suspected) if at not in special], scrubber(common))


def _scrub(parsed: Parsed, body: list[str], rows: Sequence[int], scrub: Scrubber) -> None:
    """Scrub the rows' bodies, and where that changed one, the row's other texts."""
    messages = [body[row] for row in rows]
    changed = []
    for row, before, after in zip(rows, messages, scrub(messages), strict=True):
        if after != before:
            body[row] = after
            changed.append(row)
    texts = list({text for row in changed for text in _texts(parsed, row) if text})
    scrubbed: dict[str | None, str | None] = dict(zip(texts, scrub(texts), strict=True))
    scrubbed |= {None: None, "": ""}
    for row in changed:
        _rewrite(parsed, row, lambda texts: tuple(map(scrubbed.__getitem__, texts)))


def _redact_identities(parsed: Parsed, body: list[str], rows: Sequence[int], key: bytes) -> None:
    """An id that is part of the row's other id comes after it."""
    users, sessions = parsed.user_id, parsed.session_id
    within = {row for row in rows if sessions[row] and (sessions[row] or "") in (users[row] or "")}
    _redact_ids(parsed, body, sorted(within), "user", users, key)
    _redact_ids(parsed, body, rows, "session", sessions, key)
    _redact_ids(parsed, body, [row for row in rows if row not in within], "user", users, key)


def _redact_ids(
    parsed: Parsed, body: list[str], rows: Sequence[int], kind: str, ids: list[str | None], key: bytes
) -> None:
    known = {value: _identity(kind, key, value) for value in {ids[row] for row in rows} if value}
    for row in rows:
        if value := ids[row]:
            identity = known[value]
            ids[row] = identity.pseudonym
            without = identity.cut(body[row])
            if without is None or value in parsed.attribute_values[row] or value in parsed.template[row]:
                body[row] = identity.text(body[row])
                _rewrite(parsed, row, identity.texts)
            else:
                body[row] = without


def _columns(parsed: Parsed) -> tuple[list[Any], ...]:
    """The columns with text of the message, but those of ids."""
    return parsed.template, parsed.service, parsed.severity_text, parsed.request_id, parsed.error_type


def _texts(parsed: Parsed, row: int) -> list[str | None]:
    """Every text of the row but its body."""
    columns = [column[row] for column in _columns(parsed)]
    return [*columns, *parsed.attribute_keys[row], *parsed.attribute_values[row]]


def _rewrite(parsed: Parsed, row: int, scrub: Callable[[Sequence[Any]], tuple[Any, ...]]) -> None:
    """Replace every text of the row but its body."""
    columns = _columns(parsed)
    for column, text in zip(columns, scrub([column[row] for column in columns]), strict=True):
        column[row] = text
    keys = parsed.attribute_keys[row]
    parsed.attribute_keys[row] = _distinct(keys, scrub(keys))
    parsed.attribute_values[row] = scrub(parsed.attribute_values[row])


def _distinct(before: Sequence[str], keys: Sequence[str]) -> Sequence[str]:
    """The keys, numbered where two have become one: a map has each only once."""
    if keys == before or len(set(keys)) == len(keys):
        return keys
    return tuple(f"{key}#{place}" if key in keys[:place] else key for place, key in enumerate(keys))
