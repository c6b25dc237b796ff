"""Quarantine: whole records with their reason, sealed where the zone says so, until they are replayed."""

from __future__ import annotations

import gzip
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import quarantine
from store.objects import Store, open_store
from store.quarantine import Rejected, entries, put, remove, reveal
from store.zone import KeyUnavailable, Zone

DAY = date(2026, 3, 1)
OPEN = Zone("world")
SEALED = Zone("eu", identities="pseudonym", key="env:EU_KEY")
KEY = b"sixteen bytes or more"
RECORD = Rejected("not gzip: 'mia@example.com'", b"\x1f\x8bmia@example.com\0\xff", {"event": "kinesis"})


def test_a_record_comes_back_as_it_was_rejected(store: Store) -> None:
    put(store, OPEN, "eu-west-1", DAY, [RECORD])
    (entry,) = entries(store)
    assert (entry.region, entry.day, entry.zone, entry.key) == ("eu-west-1", DAY, "world", None)
    assert reveal(entry) == RECORD


def test_a_record_of_a_zone_that_replaces_something_lies_nowhere_in_the_clear(store: Store) -> None:
    put(store, SEALED, "eu-west-1", DAY, [RECORD], KEY)
    (path,) = quarantine.paths(store)
    raw = gzip.decompress(store.get(path))
    for secret in (b"mia", b"example.com", b"not gzip", b"kinesis", KEY):
        assert secret not in raw
    (entry,) = entries(store)
    assert (entry.zone, entry.key) == ("eu", "env:EU_KEY")
    assert reveal(entry, KEY) == RECORD


def test_the_key_is_found_by_its_reference(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EU_KEY", KEY.decode())
    put(store, SEALED, "eu-west-1", DAY, [RECORD])
    assert [reveal(entry) for entry in entries(store)] == [RECORD]


@pytest.mark.parametrize("zone", [SEALED, Zone("eu", redact=("email",))])
def test_without_the_key_nothing_is_kept_in_the_clear(zone: Zone) -> None:
    store = open_store("memory://")
    with pytest.raises(KeyUnavailable):
        put(store, zone, "eu-west-1", DAY, [RECORD])
    assert list(store.list()) == []


def test_another_key_opens_nothing_and_says_so(store: Store) -> None:
    put(store, SEALED, "eu-west-1", DAY, [RECORD], KEY)
    (entry,) = entries(store)
    with pytest.raises(KeyUnavailable, match="env:EU_KEY"):
        reveal(entry, b"another key of 16 bytes")


@pytest.mark.parametrize("zone", [OPEN, SEALED])
def test_the_same_delivery_again_is_kept_once(store: Store, zone: Zone) -> None:
    for _ in range(2):
        put(store, zone, "eu-west-1", DAY, [RECORD, RECORD], KEY)
    assert len(list(entries(store))) == 2
    assert len(quarantine.paths(store)) == 1


def test_a_guess_of_a_sealed_record_cannot_be_confirmed_by_its_name() -> None:
    names = []
    for key in (KEY, KEY + b"2"):
        store = open_store("memory://")
        put(store, SEALED, "eu-west-1", DAY, [RECORD], key)
        names += quarantine.paths(store)
    assert len(set(names)) == 2


def test_nothing_rejected_writes_nothing() -> None:
    store = open_store("memory://")
    put(store, OPEN, "eu-west-1", DAY, [])
    assert list(store.list()) == []


def test_a_hostile_region_is_refused() -> None:
    with pytest.raises(ValueError, match="lower-case"):
        put(open_store("memory://"), OPEN, "../etc", DAY, [RECORD])


def test_a_replayed_record_leaves_and_its_neighbours_stay(store: Store) -> None:
    records = [Rejected("why", bytes([n]), {}) for n in range(4)]
    put(store, SEALED, "eu-west-1", DAY, records, KEY)
    put(store, OPEN, "us-east-1", DAY, records)
    found = list(entries(store))
    remove(store, [found[1], found[3], *found[4:]])
    assert [reveal(entry, KEY) for entry in entries(store)] == [records[0], records[2]]
    for entry in found:
        remove(store, [entry])
    remove(store, found)
    assert quarantine.paths(store) == []


def test_a_damaged_file_is_an_error_that_names_it(store: Store) -> None:
    put(store, OPEN, "eu-west-1", DAY, [RECORD])
    (path,) = quarantine.paths(store)
    for damaged in (b"", b"x", store.get(path)[:-9], gzip.compress(b"{}\n"), gzip.compress(b"[1]\n")):
        store.put(path, damaged)
        with pytest.raises(ValueError, match=path):
            list(entries(store))


text = st.text(st.characters(codec=None))


@given(st.lists(st.builds(Rejected, text, st.binary(), st.dictionaries(text, text)), min_size=1, max_size=4))
def test_any_record_at_all_comes_back(records: list[Rejected]) -> None:
    for zone in (OPEN, SEALED):
        store = open_store("memory://")
        put(store, zone, "eu-west-1", DAY, records, KEY)
        assert [reveal(entry, KEY) for entry in entries(store)] == records
