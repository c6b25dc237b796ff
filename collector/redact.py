"""Redaction before anything leaves the region: what the residency zone of an event's region does not let out.

Values of the zone's kinds become `<kind:pseudonym>` in every text of the row. Where identities are pseudonyms, so
do the ids of user and session, and their columns hold the bare pseudonym. Equal values have equal pseudonyms in
the whole zone; an e-mail address has one and the same as an id and in text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collector.columns import Parsed
from collector.identity import Identity, canonical
from collector.patterns import Detector, detectors
from collector.placeholder import placeholder, quoted
from collector.texts import arrow
from store.zone import Kind, Zone, pseudonym

Texts = Callable[[Sequence[Any]], tuple[Any, ...]]

_NUMBERS: frozenset[Kind] = frozenset(("card", "phone"))  # kinds that JSON may hold as a number


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
        pseudonym_of = cache(partial(pseudonym, keys[zone]))
        if zone.redact:
            _redact_values(parsed, body, rows, detectors(zone.redact), pseudonym_of)
        if zone.identities == "pseudonym":
            _redact_identities(parsed, body, rows, pseudonym_of)


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
    parsed: Parsed,
    body: list[str],
    rows: Sequence[int],
    wanted: tuple[Detector, ...],
    pseudonym_of: Callable[[str], str],
) -> None:
    @cache
    def placeholder_of(kind: Kind, value: str) -> str:
        return placeholder(kind, pseudonym_of(value))

    @cache
    def scrubber(present: int) -> _Scrubber:
        return _Scrubber([each for bit, each in enumerate(wanted) if present >> bit & 1], placeholder_of)

    for at, present in _present([body[row] for row in rows], wanted).items():
        row, scrub = rows[at], scrubber(present)
        seen: dict[str | None, str] = {}
        body[row] = scrub.text(body[row], seen)
        _rewrite(parsed, row, partial(scrub.texts, seen=seen), scrub.keys)


class _Scrubber:
    """Takes the values that some detectors find out of texts.

    `seen` are the values found in a row so far and their placeholders. An attribute that is one of them is known
    without another search, and known though the label it followed in the message is no part of it.
    """

    def __init__(self, detectors: Sequence[Detector], placeholder_of: Callable[[Kind, str], str]) -> None:
        self._detectors, self._placeholder_of = detectors, placeholder_of
        self._keys: dict[tuple[str, ...], tuple[Any, ...]] = {}
        self._marked = re.compile(
            "|".join(re.escape(mark) for each in detectors for mark in each.marks)
        ).search

    def text(self, text: str, seen: dict[str | None, str]) -> str:
        for detector in self._detectors:
            parts: list[str] = []
            done = 0
            for start, end, canonical in detector.find(text):
                stand_in = self._placeholder_of(detector.kind, canonical)
                seen[text[start:end]] = seen[canonical] = stand_in
                parts += (text[done:start], stand_in)
                done = end
            if parts:
                text = "".join((*parts, text[done:]))
                text = quoted(text) if detector.kind in _NUMBERS else text
        return text

    def texts(self, texts: Sequence[str | None], seen: dict[str | None, str]) -> tuple[str | None, ...]:
        unseen = "\n".join([text for text in texts if text and text not in seen])
        if any(next(detector.find(unseen), None) for detector in self._detectors):
            return tuple([seen.get(text) or (text and self.text(text, seen)) for text in texts])
        return tuple([seen.get(text, text) for text in texts])

    def keys(self, keys: Sequence[str]) -> tuple[Any, ...]:
        """Rows share their keys."""
        keys = tuple(keys)
        if keys not in self._keys:
            self._keys[keys] = self.texts(keys, {})
        return self._keys[keys]


def _present(texts: Sequence[str], wanted: Sequence[Detector]) -> dict[int, int]:
    """Which messages, by position, may hold a value, and which detectors they need, as bits.

    Only whole messages are searched, because what is in a part of a message is in the message.
    """
    present: dict[int, int] = defaultdict(int)

    def search(column: pa.StringArray, positions: pa.Array, among: Sequence[int]) -> None:
        hint = "|".join(wanted[bit].hint for bit in among)
        hits = pc.indices_nonzero(pc.match_substring_regex(column, hint))
        if not len(hits):
            return
        column, positions = column.take(hits), positions.take(hits)
        if len(among) == 1:
            for position in positions.to_pylist():
                present[position] |= 1 << among[0]
            return
        common = [[bit] for bit in among if wanted[bit].common]
        rare = [bit for bit in among if not wanted[bit].common]
        for part in filter(None, [*common, rare] if common else [[bit] for bit in rare]):
            search(column, positions, part)

    search(arrow(texts), pa.array(range(len(texts)), pa.int32()), range(len(wanted)))
    return present


def _redact_identities(
    parsed: Parsed, body: list[str], rows: Sequence[int], pseudonym_of: Callable[[str], str]
) -> None:
    users, sessions = _Identities("user", pseudonym_of), _Identities("session", pseudonym_of)
    for row in rows:
        user, session = parsed.user_id[row], parsed.session_id[row]
        if user:
            parsed.user_id[row] = users[user].pseudonym
        if session:
            parsed.session_id[row] = sessions[session].pseudonym
        if user and session and session in user:  # then the user's first, or a part of it would be gone
            _redact_identity(parsed, body, row, users[user])
            user = None
        if session:
            _redact_identity(parsed, body, row, sessions[session])
        if user:
            _redact_identity(parsed, body, row, users[user])


class _Identities(dict[str, Identity]):
    """Every id of one kind, made when first asked for."""

    def __init__(self, kind: str, pseudonym_of: Callable[[str], str]) -> None:
        self._kind, self._pseudonym_of = kind, pseudonym_of

    def __missing__(self, value: str) -> Identity:
        identity = self[value] = Identity(self._kind, value, self._pseudonym_of(canonical(value)))
        return identity


def _redact_identity(parsed: Parsed, body: list[str], row: int, identity: Identity) -> None:
    without = identity.cut(body[row])
    if without is None:
        body[row] = identity.text(body[row])
        _rewrite(parsed, row, identity.texts, identity.texts)
        return
    body[row] = without
    if identity.value in parsed.attribute_values[row] or identity.value in parsed.template[row]:
        _rewrite(parsed, row, identity.texts, identity.texts)


def _rewrite(parsed: Parsed, row: int, texts: Texts, keys: Texts) -> None:
    """Every text of the row but its body, as `texts` makes it, and the keys of attributes as `keys` does."""
    columns = parsed.template, parsed.service, parsed.severity_text, parsed.request_id, parsed.error_type
    values = parsed.attribute_values[row]
    rewritten = texts([*values, *[column[row] for column in columns]])
    parsed.attribute_values[row] = rewritten[: len(values)]
    for column, text in zip(columns, rewritten[len(values) :], strict=True):
        column[row] = text
    parsed.attribute_keys[row] = keys(parsed.attribute_keys[row])
