from __future__ import annotations

from typing import Any

import pytest
from collector_payloads import MS, OPEN

from collector import shaper
from collector.columns import Events, Source
from collector.envelope import Defect, Delivery, Failure
from collector.fields import FieldMap
from collector.shaper import Batch, Rows, Shaper
from store.zone import KeyUnavailable, Zone

TIME = MS * 1000
CLOSED = Zone("eu", "pseudonym", key="env:UNUSED")


def made(**settings: Any) -> Shaper:
    given: dict[str, Any] = {"zone_of": lambda region: OPEN, "key_of": lambda zone: b"0123456789abcdef"}
    return Shaper("eu-west-1", FieldMap(), **given | settings)


def batch(*messages: str, regions: dict[int, str] | None = None) -> Batch:
    """One delivery per message, named by its number."""
    found = Batch()
    for number, message in enumerate(messages):
        source = Source("g", "s", region=(regions or {}).get(number))
        found.add(Delivery(b"", f"item-{number}"), Events([source], [f"{number}"], [TIME], [message]))
    return found


def test_a_batch_becomes_rows_in_its_order() -> None:
    (rows,) = made().shape(batch("INFO a", "ERROR b"), TIME)
    assert isinstance(rows, Rows)
    assert rows.table["body"].to_pylist() == ["INFO a", "ERROR b"]
    assert rows.table["severity_number"].to_pylist() == [9, 17]
    assert len(set(rows.table["fingerprint"].to_pylist())) == 2
    assert rows.places.region == ["eu-west-1", "eu-west-1"]


def test_an_empty_batch_has_no_rows() -> None:
    assert list(made().shape(Batch(), TIME)) == []


def test_the_batch_itself_is_not_altered_by_redaction() -> None:
    given = batch('{"user_id":"u-4711"}')
    (rows,) = made(zone_of=lambda region: CLOSED).shape(given, TIME)
    assert isinstance(rows, Rows)
    assert given.events.message == ['{"user_id":"u-4711"}']
    assert "u-4711" not in rows.table["body"][0].as_py()


def test_items_of_a_locked_zone_fail_and_the_others_become_rows() -> None:
    def locked(zone: Zone) -> bytes:
        raise KeyUnavailable("no key")

    shaping = made(zone_of=lambda region: OPEN if region == "us-east-1" else CLOSED, key_of=locked)
    first, second, rows = shaping.shape(batch("a", "b", "c", regions={1: "us-east-1"}), TIME)
    assert [one.item for one in (first, second) if isinstance(one, Failure)] == ["item-0", "item-2"]
    assert isinstance(rows, Rows)
    assert rows.table["body"].to_pylist() == ["b"]


def test_a_key_that_comes_and_goes_fails_the_batch() -> None:
    answers = iter([KeyUnavailable("no key"), b"0123456789abcdef"])

    def flickering(zone: Zone) -> bytes:
        answer = next(answers)
        if isinstance(answer, bytes):
            return answer
        raise answer

    shaping = made(zone_of=lambda region: CLOSED, key_of=flickering)
    assert [type(one) for one in shaping.shape(batch("a", "b"), TIME)] == [Failure, Failure]


@pytest.mark.parametrize("step", ["parse", "redact", "fingerprints"])
def test_an_event_that_defeats_a_step_is_a_defect_and_the_others_become_rows(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(shaper, step)

    def fragile(given: Any, *rest: Any) -> Any:
        if "poison" in str(given):
            raise RecursionError
        return real(given, *rest)

    monkeypatch.setattr(shaper, step, fragile)
    found = list(made().shape(batch("a", "b", "poison", "c", "d"), TIME))
    (defect,) = (one for one in found if isinstance(one, Defect))
    assert (defect.delivery.payload, defect.delivery.event_id, defect.delivery.time) == (b"poison", "2", TIME)
    assert defect.reason == "RecursionError while shaping the row"
    bodies = [body for one in found if isinstance(one, Rows) for body in one.table["body"].to_pylist()]
    assert bodies == ["a", "b", "c", "d"]
