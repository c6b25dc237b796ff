"""Ledgers: of several that change one, each builds on what the others said."""

from __future__ import annotations

import threading

import pytest

from store import ledger
from store.commit import pending
from store.objects import Store
from store.verify import verify

NAME = "state/aurora"


def numbers(store: Store) -> list[str]:
    return sorted(item.path for item in store.list("marks"))


def test_a_ledger_nobody_wrote_says_nothing(store: Store) -> None:
    assert ledger.read(store, NAME) == (0, {})


def test_a_version_is_read_back_and_takes_the_place_of_the_one_before(store: Store) -> None:
    assert ledger.swap(store, NAME, 0, {"a": 1})
    assert ledger.swap(store, NAME, 1, {"a": 2, "ü\ud800": [None, 1.5]})

    assert ledger.read(store, NAME) == (2, {"a": 2, "ü\ud800": [None, 1.5]})
    assert numbers(store) == ["marks/state/aurora/000000000002.json"]


def test_who_has_not_seen_the_latest_version_changes_nothing(store: Store) -> None:
    ledger.swap(store, NAME, 0, {"by": "a"})

    assert not ledger.swap(store, NAME, 0, {"by": "b"})
    assert ledger.read(store, NAME) == (1, {"by": "a"})


def test_who_slept_while_its_number_was_taken_and_tidied_away_changes_nothing(store: Store) -> None:
    for number in range(3):
        ledger.swap(store, NAME, number, {"number": number + 1})

    assert not ledger.swap(store, NAME, 0, {"by": "the sleeper"})
    assert ledger.read(store, NAME) == (3, {"number": 3})
    assert ledger.swap(store, NAME, 3, {"number": 4})
    assert len(numbers(store)) == 1


def test_ledgers_of_different_names_do_not_meet(local_store: Store) -> None:
    for name in ("state", "state/dynamodb", "state/dynamodb/eu-west-1"):
        ledger.swap(local_store, name, 0, {"name": name})

    assert ledger.read(local_store, "state/dynamodb") == (1, {"name": "state/dynamodb"})


@pytest.mark.parametrize("damaged", [b"", b"[]", b'{"a"'])
def test_a_damaged_version_is_an_error_that_names_its_path(local_store: Store, damaged: bytes) -> None:
    local_store.put("marks/state/aurora/000000000007.json", damaged)

    with pytest.raises(ValueError, match=r"marks/state/aurora/000000000007\.json: damaged mark"):
        ledger.read(local_store, NAME)


def test_a_ledger_is_no_part_of_any_table(store: Store) -> None:
    ledger.swap(store, "logs", 0, {})

    assert pending(store) == []
    assert verify(store).problems == ()


def test_nothing_that_one_of_many_writers_added_is_lost(store: Store) -> None:
    def add(words: list[str]) -> None:
        for word in words:
            version = ledger.read(store, NAME)
            while word not in version.value.get("words", []):
                words_now = [*version.value.get("words", []), word]
                ledger.swap(store, NAME, version.number, {"words": words_now})
                version = ledger.read(store, NAME)

    told = [[f"{writer}-{number}" for number in range(5)] for writer in range(4)]
    threads = [threading.Thread(target=add, args=(words,)) for words in told]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ledger.read(store, NAME).value["words"]) == sorted(word for words in told for word in words)
