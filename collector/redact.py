"""Redaction before anything leaves the region: what the residency zone of an event's region does not let out.

Values of the zone's kinds become `<kind:pseudonym>` in every text of the row. Where identities are pseudonyms, so
do the ids of user and session, and their columns hold the bare pseudonym. Equal values have equal pseudonyms in
the whole zone; an e-mail address has one and the same as an id and in text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

from collector.columns import Parsed
from collector.identity import Identity, canonical
from collector.patterns import Detector, detectors
from collector.placeholder import placeholder
from collector.scrub import Scrubber, needed
from store.zone import Kind, Zone, pseudonym


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
    """Only bodies are searched first, because what a part of a message holds, the message holds."""
    common = [detector for detector in wanted if detector.common]
    rare = [detector for detector in wanted if not detector.common]
    scrubber = partial(Scrubber, placeholder_of=partial(_placeholder, key))
    special = needed([body[row] for row in rows], rare) if rare else {}
    for at, found in special.items():
        present = {*found, *common}
        scrub = scrubber([detector for detector in wanted if detector in present])
        body[rows[at]] = scrub([body[rows[at]]])[0]
        _rewrite(parsed, [rows[at]], scrub)
    if common:
        ordinary = [row for at, row in enumerate(rows) if at not in special]
        _redact_common(parsed, body, ordinary, scrubber(common))


def _redact_common(parsed: Parsed, body: list[str], rows: Sequence[int], scrub: Scrubber) -> None:
    messages = [body[row] for row in rows]
    changed = []
    for row, before, after in zip(rows, messages, scrub(messages), strict=True):
        if after != before:
            body[row] = after
            changed.append(row)
    _rewrite(parsed, changed, scrub)


def _redact_identities(parsed: Parsed, body: list[str], rows: Sequence[int], key: bytes) -> None:
    users, sessions = partial(_identity, "user", key), partial(_identity, "session", key)
    for row in rows:
        user, session = parsed.user_id[row], parsed.session_id[row]
        nested = user and session and session in user  # then the user's first, or a part of it would be gone
        if user and nested:
            parsed.user_id[row] = _redact_identity(parsed, body, row, users(user))
        if session:
            parsed.session_id[row] = _redact_identity(parsed, body, row, sessions(session))
        if user and not nested:
            parsed.user_id[row] = _redact_identity(parsed, body, row, users(user))


def _redact_identity(parsed: Parsed, body: list[str], row: int, identity: Identity) -> str:
    """Take the id out of the row's texts; its pseudonym remains for the column."""
    without = identity.cut(body[row])
    if without is None:
        body[row] = identity.text(body[row])
        _rewrite(parsed, [row], identity.texts)
        return identity.pseudonym
    body[row] = without
    if identity.value in parsed.attribute_values[row] or identity.value in parsed.template[row]:
        _rewrite(parsed, [row], identity.texts)
    return identity.pseudonym


def _rewrite(parsed: Parsed, rows: Sequence[int], scrub: Callable[[Sequence[str]], Sequence[str]]) -> None:
    """Scrub every text of these rows but their bodies."""
    values = parsed.attribute_values
    columns: tuple[list[Any], ...] = (
        parsed.template,
        parsed.service,
        parsed.severity_text,
        parsed.request_id,
        parsed.error_type,
    )
    texts = [[*values[row], *[column[row] for column in columns]] for row in rows]
    distinct = list(dict.fromkeys(text for of_row in texts for text in of_row if text))
    scrubbed = dict(zip(distinct, scrub(distinct), strict=True))
    for row, before in zip(rows, texts, strict=True):
        after = [text and scrubbed[text] for text in before]
        if after != before:
            values[row] = tuple(after[: -len(columns)])
            for column, text in zip(columns, after[-len(columns) :], strict=True):
                column[row] = text
    shapes = {keys: tuple(scrub(keys)) for keys in {tuple(parsed.attribute_keys[row]) for row in rows}}
    for row in rows:
        parsed.attribute_keys[row] = shapes[tuple(parsed.attribute_keys[row])]
