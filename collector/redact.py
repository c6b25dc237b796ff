"""Redaction before anything leaves the region: what its residency zone does not let out.

Values of the zone's kinds become `<kind:pseudonym>` in every text of the row. Where identities are
pseudonyms, so do the ids of user and session, and their columns hold the bare pseudonym. Equal values have
equal pseudonyms in the whole zone; an e-mail address has one and the same as an id and in text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Sequence
from functools import lru_cache, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.columns import Parsed
from collector.excerpt import Excerpt, Text
from collector.identity import Identity
from collector.patterns import Detector, detectors
from collector.placeholder import placeholder
from collector.scrub import Scrubber, needed, suspects
from collector.texts import arrow
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
    """Redact in place; all are parallel. If KeyUnavailable is raised, nothing has been changed."""
    by_zone = _rows_by_zone(regions, zone_of)
    keys = {zone: key_of(zone) for zone in by_zone}
    excerpt = Excerpt(parsed)
    for zone, rows in by_zone.items():
        if zone.redact:
            _redact_values(excerpt, body, rows, detectors(zone.redact), keys[zone])
        if zone.identities == "pseudonym":
            _redact_identities(parsed, excerpt, body, rows, keys[zone])
    excerpt.put_back()


def _rows_by_zone(regions: Sequence[str], zone_of: Callable[[str], Zone]) -> dict[Zone, list[int]]:
    """The rows of every zone that is not open."""
    zones = {region: zone_of(region) for region in set(regions)}
    by_zone: dict[Zone, list[int]] = {zone: [] for zone in zones.values() if not zone.open}
    for row, region in enumerate(regions) if by_zone else ():
        if not zones[region].open:
            by_zone[zones[region]].append(row)
    return by_zone


def _redact_values(
    excerpt: Excerpt, body: list[str], rows: Sequence[int], wanted: Sequence[Detector], key: bytes
) -> None:
    """Only bodies are searched: what a part of a message holds, the message holds."""
    common = [detector for detector in wanted if detector.common]
    rare = [detector for detector in wanted if not detector.common]
    scrubber = partial(Scrubber, placeholder_of=partial(_placeholder, key))
    suspected = [rows[at] for at in suspects([body[row] for row in rows], wanted)]
    special = needed([body[row] for row in suspected], rare)
    changed: dict[int, Scrubber] = {}
    for at, found in special.items():
        present = {*found, *common}
        scrub = scrubber([each for each in wanted if each in present])
        changed |= _scrubbed(body, [suspected[at]], scrub)
    usual = [row for at, row in enumerate(suspected) if at not in special]
    changed |= _scrubbed(body, usual, scrubber(common))
    excerpt.take(list(changed))
    _scrub(excerpt, changed)


def _scrubbed(body: list[str], rows: Sequence[int], scrub: Scrubber) -> dict[int, Scrubber]:
    """Scrub the rows' bodies; the rows that this has changed."""
    messages = [body[row] for row in rows]
    changed: dict[int, Scrubber] = {}
    for row, before, after in zip(rows, messages, scrub(messages), strict=True):
        if after != before:
            body[row] = after
            changed[row] = scrub
    return changed


def _scrub(excerpt: Excerpt, changed: dict[int, Scrubber]) -> None:
    """Scrub the rows' other texts, each once."""
    by_scrubber: dict[Scrubber, list[int]] = defaultdict(list)
    for row, scrub in changed.items():
        by_scrubber[scrub].append(row)
    for scrub, rows in by_scrubber.items():
        distinct = list({text for row in rows for text in excerpt.texts[row] if text})
        known: dict[Text, Text] = {None: None, "": "", **dict(zip(distinct, scrub(distinct), strict=True))}
        for row in rows:
            excerpt.texts[row] = list(map(known.__getitem__, excerpt.texts[row]))


def _redact_identities(
    parsed: Parsed, excerpt: Excerpt, body: list[str], rows: Sequence[int], key: bytes
) -> None:
    """An id that is part of the row's other id comes after it."""
    users, sessions = parsed.user_id.to_pylist(), parsed.session_id.to_pylist()
    within = {row for row in rows if sessions[row] and sessions[row] in (users[row] or "")}
    repeated = _rows_with(parsed.attributes, {*users, *sessions} - {None})
    redacted = partial(_redacted, excerpt, body, parsed.template.to_pylist(), repeated, key)
    redacted("user", users, sorted(within))
    redacted("session", sessions, rows)
    redacted("user", users, [row for row in rows if row not in within])
    parsed.user_id, parsed.session_id = arrow(users), arrow(sessions)


def _redacted(
    excerpt: Excerpt,
    body: list[str],
    templates: Sequence[str],
    repeated: Container[int],
    key: bytes,
    kind: str,
    ids: list[Text],
    rows: Sequence[int],
) -> None:
    """`repeated` are the rows with an id as an attribute."""
    known = {value: _identity(kind, key, value) for value in {ids[row] for row in rows} if value}
    everywhere: dict[int, Identity] = {}
    for row in rows:
        if value := ids[row]:
            identity = known[value]
            ids[row] = identity.pseudonym
            without = identity.cut(body[row])
            if without is None or row in repeated or value in templates[row]:
                body[row] = identity.text(body[row])
                everywhere[row] = identity
            else:
                body[row] = without
    excerpt.take(list(everywhere))
    for row, identity in everywhere.items():
        excerpt.texts[row] = [text and identity.text(text) for text in excerpt.texts[row]]


def _rows_with(attributes: pa.MapArray, values: set[str]) -> set[int]:
    """The rows with one of these as an attribute."""
    found = pc.indices_nonzero(pc.is_in(attributes.items, arrow(list(values)))).to_numpy()
    return set((np.searchsorted(attributes.offsets.to_numpy(), found, "right") - 1).tolist())
