"""Quarantine: records that could not be read, kept whole with the reason until they are replayed.

One gzip file of JSON lines per delivery. A zone that replaces anything has its lines sealed: AES-256-GCM
under a key derived from the zone's own (HKDF-SHA256, RFC 5869). So is the reason, which may quote the record.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from store import layout
from store.objects import Store
from store.zone import KeyUnavailable, Zone, resolve_key

NONCE_BYTES = 12  # as NIST SP 800-38D recommends for GCM


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be read: why, its bytes as delivered, and what is needed to read it again."""

    reason: str
    payload: bytes
    context: dict[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One record in quarantine. `key` refers to the key of the zone that sealed it; None: it lies open."""

    path: str
    region: str
    day: date
    zone: str
    key: str | None
    content: str


def put(
    store: Store,
    zone: Zone,
    region: str,
    day: date,
    rejected: Sequence[Rejected],
    key: bytes | None = None,
) -> None:
    """Keep the records of one delivery; the same records again change nothing.

    `key` is the secret behind `zone.key`, looked up if not given. Raises KeyUnavailable rather than keep a
    record of a zone that replaces something in the clear.
    """
    if not rejected:
        return
    secret = None if zone.open else _derived(key or _key_of(zone))
    # The id depends on the key too: an id of the record alone would let a stranger confirm a guess of it.
    id = layout.content_id([secret or b"", *(part for one in rejected for part in _parts(one))])
    path = layout.quarantine_path(layout.region_name(region), day, id)
    store.put_new(path, _file([_line(zone, secret, one) for one in rejected]))


def paths(store: Store) -> list[str]:
    """The quarantine files, by region and day."""
    return sorted(item.path for item in store.list(layout.QUARANTINE) if layout.quarantined(item.path))


def entries(store: Store) -> Iterator[Entry]:
    """All records in quarantine, by region and day; sealed ones stay sealed. Raises ValueError as `read`."""
    for path in paths(store):
        yield from read(store, path)


def read(store: Store, path: str) -> list[Entry]:
    """The records of one quarantine file. Raises ValueError if it is damaged."""
    place = layout.quarantined(path)
    if place is None:
        raise ValueError(f"{path}: no quarantine file")
    try:
        lines = gzip.decompress(store.get(path)).decode("ascii").splitlines()
        heads = [json.loads(line) for line in lines]
        if not lines:
            raise EOFError
        return [
            Entry(path, *place, head["zone"], head.get("key"), line)
            for line, head in zip(lines, heads, strict=True)
        ]
    except (gzip.BadGzipFile, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: damaged quarantine file ({type(error).__name__})") from None


def reveal(entry: Entry, key: bytes | None = None) -> Rejected:
    """The record of an entry, as it was rejected. `key` is the zone's secret, looked up if not given.

    Raises KeyUnavailable if the secret cannot be had or is not the one that sealed the record.
    """
    content = json.loads(entry.content)
    if entry.key is not None:
        content = json.loads(_unsealed(content, _derived(key or resolve_key(entry.key)), entry))
    return Rejected(content["reason"], base64.b64decode(content["payload"]), content["context"])


def remove(store: Store, done: Iterable[Entry]) -> None:
    """Take records out of quarantine, once they are stored elsewhere; the others of their files stay."""
    contents: dict[str, set[str]] = {}
    for entry in done:
        contents.setdefault(entry.path, set()).add(entry.content)
    for path, gone in contents.items():
        try:
            rest = [entry.content for entry in read(store, path) if entry.content not in gone]
        except FileNotFoundError:
            continue  # another process took out the last of them
        if rest:
            store.put(path, _file(rest))
        else:
            store.delete([path])


def _parts(rejected: Rejected) -> Iterator[bytes]:
    """What makes two rejected records the same: not the reason, which a newer version may word otherwise."""
    yield rejected.payload
    yield json.dumps(rejected.context, sort_keys=True).encode()


def _line(zone: Zone, secret: bytes | None, rejected: Rejected) -> str:
    content = {
        "reason": rejected.reason,
        "payload": base64.b64encode(rejected.payload).decode(),
        "context": rejected.context,
    }
    if secret is None:
        return json.dumps({"zone": zone.name, **content})
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(secret).encrypt(nonce, json.dumps(content).encode(), zone.name.encode())
    box = {"nonce": base64.b64encode(nonce).decode(), "sealed": base64.b64encode(sealed).decode()}
    return json.dumps({"zone": zone.name, "key": zone.key, **box})


def _unsealed(box: dict[str, str], secret: bytes, entry: Entry) -> bytes:
    nonce, sealed = base64.b64decode(box["nonce"]), base64.b64decode(box["sealed"])
    try:
        return AESGCM(secret).decrypt(nonce, sealed, entry.zone.encode())
    except InvalidTag:
        raise KeyUnavailable(f"{entry.path}: key {entry.key!r} is not the one that sealed it") from None


def _file(lines: Sequence[str]) -> bytes:
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)


def _key_of(zone: Zone) -> bytes:
    if zone.key is None:
        raise KeyUnavailable(f"zone {zone.name!r} has no key, so its unreadable records cannot be kept")
    return resolve_key(zone.key)


def _derived(key: bytes) -> bytes:
    """The key of the quarantine: knowing it gives away neither the zone's key nor its pseudonyms."""
    return HKDF(SHA256(), length=32, salt=None, info=b"regionscope quarantine").derive(key)
