from __future__ import annotations

from collections.abc import Callable

import pytest

from collector.patterns import detectors
from collector.scrub import Scrubber, needed, suspects
from store.zone import KINDS, Kind


def named(kind: Kind, value: str) -> str:
    return f"<{kind} {value}>"


@pytest.fixture
def scrub() -> Callable[[list[str]], list[str]]:
    return lambda texts: list(Scrubber(detectors(KINDS), named)(texts))


def test_texts_scrubbed_together_are_as_if_scrubbed_alone(scrub: Callable[[list[str]], list[str]]) -> None:
    texts = [
        "bob@example.com",
        "+49 151",
        "12345678",
        "4111 1111",
        "1111 1111",
        "",
        "10.0.0",
        ".1",
        "\\",
        "nx@y.org",
    ]

    assert scrub(texts) == [scrub([text])[0] for text in texts]
    assert scrub(texts)[0] == "<email bob@example.com>"
    assert scrub(texts)[1:3] == ["+49 151", "12345678"]


def test_a_text_that_holds_the_separator_costs_only_time(scrub: Callable[[list[str]], list[str]]) -> None:
    assert scrub(["a\x1eb", "bob@example.com", "\x1e"]) == ["a\x1eb", "<email bob@example.com>", "\x1e"]


def test_texts_without_a_value_are_handed_back_as_they_are(scrub: Callable[[list[str]], list[str]]) -> None:
    texts = ["nothing", "to see"]

    assert Scrubber(detectors(KINDS), named)(texts) is texts


def test_what_a_label_gave_away_is_known_without_it() -> None:
    scrub = Scrubber(detectors(["phone"]), named)

    assert scrub(["phone: 0151 2345678"]) == ["phone: <phone 01512345678>"]
    assert scrub(["0151 2345678", "order 0151 2345678"]) == ["<phone 01512345678>", "order 0151 2345678"]


def test_only_the_texts_with_a_value_need_a_detector_and_only_the_right_one() -> None:
    wanted = [detector for detector in detectors(KINDS) if not detector.common]

    found = needed(["nothing", "\ud800", "card 4111111111111111", "Bearer abc, +49 30 901820"], wanted)

    assert {at: [detector.kind for detector in those] for at, those in found.items()} == {
        2: ["card"],
        3: ["bearer", "phone"],
    }


def test_a_text_is_suspected_if_any_detector_may_find_something() -> None:
    texts = ["nothing", "bob@example.com", "\ud800", "192.0.2.17", "card 4111111111111111"]

    assert suspects(texts, detectors(KINDS)) == [1, 3, 4]
    assert suspects(texts, detectors(["email"])) == [1]
    assert suspects(texts, ()) == []
    assert suspects([], detectors(KINDS)) == []
