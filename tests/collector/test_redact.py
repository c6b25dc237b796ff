from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.columns import Parsed, Source
from collector.fields import FieldMap
from collector.formats import parse
from collector.redact import redact
from collector.texts import arrow
from store.zone import KINDS, KeyUnavailable, Kind, Zone, pseudonym

KEY = b"0123456789abcdef0123456789abcdef"
OPEN = Zone("open")
TEXTS = Zone("texts", "keep", KINDS, "env:KEY")
IDS = Zone("ids", "pseudonym", (), "env:KEY")
CLOSED = Zone("closed", "pseudonym", KINDS, "env:KEY")

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1LTQyIn0.c2lnbmF0dXJl"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

VALUES: dict[Kind, tuple[str, ...]] = {
    "email": ("bob@example.com", "ann.lee+tag@mail.example.org"),
    "phone": ("+49 151 12345678", "+12125550123", "(212) 555-0123"),
    "card": ("4111111111111111", "5555 5555 5555 4444"),
    "iban": ("DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19"),
    "ip": ("192.0.2.17", "2001:db8::1"),
    "jwt": (JWT,),
    "aws_key": ("AKIAIOSFODNN7EXAMPLE",),
}


def holder(kind: str, value: str) -> str:
    return f"<{kind}:{pseudonym(KEY, value)}>"


def redacted(
    messages: Sequence[str], zone: Zone, change: Callable[[Parsed], None] = lambda _: None
) -> tuple[Parsed, list[str]]:
    parsed = parse(messages, [Source()] * len(messages), FieldMap())
    change(parsed)
    body = list(messages)
    redact(parsed, body, ["eu-west-1"] * len(body), lambda _: zone, lambda _: KEY)
    return parsed, body


def everything(parsed: Parsed, body: list[str], row: int = 0) -> str:
    """Every text of a row, one per line."""
    columns = (getattr(parsed, field.name)[row].as_py() for field in dataclasses.fields(Parsed))
    texts = [body[row]]
    for value in columns:
        texts += [*itertools.chain.from_iterable(value)] if isinstance(value, list) else [value]
    return "\n".join(str(text) for text in texts)


def attributes(parsed: Parsed, row: int = 0) -> dict[str, str | None]:
    return dict(parsed.attributes[row].as_py())


def test_a_value_gets_the_same_placeholder_in_body_attributes_and_template() -> None:
    message = json.dumps({"level": "INFO", "message": "mail to Bob@Example.com", "to": "bob@example.com"})

    parsed, body = redacted([message], TEXTS)

    bob = holder("email", "bob@example.com")
    assert json.loads(body[0]) == {"level": "INFO", "message": f"mail to {bob}", "to": bob}
    assert attributes(parsed) == {"message": f"mail to {bob}", "to": bob}
    assert parsed.template.to_pylist() == [f"mail to {bob}"]


def test_ids_become_bare_pseudonyms_in_their_columns_and_placeholders_in_text() -> None:
    message = json.dumps(
        {"user_id": "u-42", "session_id": "s-1-u-42", "message": "u-42 came", "path": "/users/u-42/orders/7"}
    )

    parsed, body = redacted([message], IDS)

    user, session = holder("user", "u-42"), holder("session", "s-1-u-42")
    assert parsed.user_id.to_pylist() == [pseudonym(KEY, "u-42")]
    assert parsed.session_id.to_pylist() == [pseudonym(KEY, "s-1-u-42")]
    assert json.loads(body[0]) == {
        "user_id": user,
        "session_id": session,
        "message": f"{user} came",
        "path": f"/users/{user}/orders/7",
    }
    assert attributes(parsed)["path"] == f"/users/{user}/orders/7"
    assert parsed.template.to_pylist() == [f"{user} came"]


def test_an_id_that_contains_the_other_one_stays_whole() -> None:
    message = json.dumps({"user_id": "abc-def", "session_id": "abc", "message": "abc-def and abc"})

    parsed, body = redacted([message], IDS)

    user, session = holder("user", "abc-def"), holder("session", "abc")
    assert json.loads(body[0]) == {"user_id": user, "session_id": session, "message": f"{user} and {session}"}
    assert (parsed.user_id.to_pylist(), parsed.session_id.to_pylist()) == (
        [pseudonym(KEY, "abc-def")],
        [pseudonym(KEY, "abc")],
    )


@pytest.mark.parametrize("zone", [IDS, CLOSED], ids=lambda zone: zone.name)
def test_an_e_mail_address_has_one_pseudonym_as_an_id_and_in_text(zone: Zone) -> None:
    message = json.dumps({"user_id": "Bob@Example.com", "message": "mail for Bob@Example.com"})

    parsed, body = redacted([message], zone)

    assert parsed.user_id.to_pylist() == [pseudonym(KEY, "bob@example.com")]
    assert body[0].count(pseudonym(KEY, "bob@example.com")) == 2
    assert "Example.com" not in everything(parsed, body)


@pytest.mark.parametrize(
    "message",
    [
        '{"user_id":"jos\\u00e9-1","message":"for jos\\u00e9-1","note":"José"}',
        '{"user_id":"auth0|a/b","message":"for auth0|a\\/b","url":"/u/auth0%7Ca%2Fb"}',
        '{"user_id":"u-42","message":"{\\"by\\": \\"u-42\\"}"}',
        '{"message":"{\\"user_id\\": \\"a \\\\\\"b\\\\\\" c\\", \\"n\\": 1}"}',
        '{"user_id":"u.42(x)[y]*","message":"by u.42(x)[y]*"}',
        'level=info user_id=bob msg="bob came"',
        '10.0.0.1 - bob [10/Oct/2000:13:55:36 +0000] "GET /home/bob HTTP/1.1" 200 7 8d7e8c2e-0000',
    ],
)
def test_no_spelling_of_an_id_survives_anywhere_in_the_row(message: str) -> None:
    clear = parse([message], [Source()], FieldMap()).user_id[0].as_py()
    assert clear

    parsed, body = redacted([message], IDS)

    for spelling in (clear, json.dumps(clear)[1:-1], clear.replace("/", "%2F"), clear.replace("/", "\\/")):
        assert spelling not in everything(parsed, body)
    assert parsed.user_id[0].as_py() in body[0]


def test_a_number_in_json_becomes_a_string_so_that_the_body_stays_json() -> None:
    message = '{"user_id":12345678,"card":4111111111111111,"cards":[4111111111111111],"phone":1512345678}'

    parsed, body = redacted([message], CLOSED)

    card = holder("card", "4111111111111111")
    assert json.loads(body[0]) == {
        "user_id": holder("user", "12345678"),
        "card": card,
        "cards": [card],
        "phone": holder("phone", "1512345678"),
    }
    assert attributes(parsed) == {
        "card": card,
        "cards": f'["{card}"]',
        "phone": holder("phone", "1512345678"),
    }


def test_an_attribute_is_known_though_its_label_is_its_key() -> None:
    message = json.dumps({"message": "x", "phone": "0151 2345678", "aws_secret_access_key": SECRET})

    parsed, body = redacted([message], TEXTS)

    assert attributes(parsed)["phone"] == holder("phone", "01512345678")
    assert attributes(parsed)["aws_secret_access_key"] == holder("aws_key", SECRET)
    assert SECRET not in body[0]


def test_keys_are_redacted_and_stay_apart() -> None:
    message = json.dumps({"message": "x", "sent": {"bob@example.com": 1, "BOB@example.com": 2}})

    parsed, _ = redacted([message], TEXTS)

    assert len(attributes(parsed)) == len(parsed.attributes[0]) == 3
    assert "example.com" not in "".join(attributes(parsed)).lower()


def test_a_line_with_many_values_loses_them_all() -> None:
    values = [value for spellings in VALUES.values() for value in spellings]
    message = json.dumps(
        {"message": " | ".join(values), **{f"field{n}": value for n, value in enumerate(values)}}
    )

    parsed, body = redacted([message, message.replace("field", "other")], TEXTS)

    for row in (0, 1):
        assert not [value for value in values if value in everything(parsed, body, row)]
        assert len(json.loads(body[row])) == len(values) + 1


def test_one_value_written_in_several_ways_has_one_placeholder() -> None:
    _, body = redacted(
        [
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "+1 (212) 555-0123",
            "(212) 555-0123",
            "2001:DB8:0::1",
        ],
        TEXTS,
    )

    assert body == [
        *[holder("card", "4111111111111111")] * 2,
        *[holder("phone", "12125550123")] * 2,
        holder("ip", "2001:db8::1"),
    ]


def test_only_the_kinds_of_the_zone_are_replaced() -> None:
    _, body = redacted(["bob@example.com 192.0.2.17"], Zone("mails", "keep", ("email",), "env:KEY"))

    assert body == [f"{holder('email', 'bob@example.com')} 192.0.2.17"]


def test_each_row_is_redacted_by_the_zone_of_its_region() -> None:
    messages = ['{"user_id":"u-42","message":"bob@example.com"}'] * 3
    regions = ["eu-west-1", "us-east-1", "ap-southeast-1"]
    zones = dict(zip(regions, (CLOSED, OPEN, IDS), strict=True))
    keys = {CLOSED: KEY, IDS: b"another key of at least 16 bytes"}
    parsed, body = parse(messages, [Source()] * 3, FieldMap()), list(messages)

    redact(parsed, body, regions, zones.__getitem__, keys.__getitem__)

    assert parsed.user_id.to_pylist() == [pseudonym(KEY, "u-42"), "u-42", pseudonym(keys[IDS], "u-42")]
    assert ["bob@example.com" in text for text in body] == [False, True, True]
    assert body[1] == messages[1]


def test_without_its_key_a_zone_is_not_redacted_by_halves() -> None:
    def key_of(zone: Zone) -> bytes:
        if zone is CLOSED:
            raise KeyUnavailable("no key")
        return KEY

    messages = ['{"user_id":"u-42","message":"bob@example.com"}'] * 2
    parsed, body = parse(messages, [Source()] * 2, FieldMap()), list(messages)
    before = copy.deepcopy(parsed)

    with pytest.raises(KeyUnavailable):
        redact(
            parsed,
            body,
            ["us-east-1", "eu-west-1"],
            lambda region: {"us-east-1": IDS}.get(region, CLOSED),
            key_of,
        )

    assert (parsed, body) == (before, messages)


def test_an_open_zone_asks_for_no_key_and_changes_nothing() -> None:
    def key_of(zone: Zone) -> bytes:
        raise AssertionError(zone)

    messages = ['{"user_id":"u-42","message":"bob@example.com"}']
    parsed, body = parse(messages, [Source()], FieldMap()), list(messages)
    before = copy.deepcopy(parsed)

    redact(parsed, body, ["eu-west-1"], lambda _: OPEN, key_of)

    assert (parsed, body) == (before, messages)


def test_keys_that_rows_share_are_left_to_the_others() -> None:
    messages = ['{"to":"bob@example.com","user_id":"u-42"}', '{"to":"nobody","user_id":"u-43"}']

    parsed, _ = redacted(messages, TEXTS)

    assert attributes(parsed, 0) == {"to": holder("email", "bob@example.com")}
    assert attributes(parsed, 1) == {"to": "nobody"}


def test_lone_surrogates_and_separators_disturb_nothing() -> None:
    messages = ["\ud800 bob@example.com", "a\x1eb bob@example.com", "\x00 bob@example.com", "\x1e", ""]

    _, body = redacted(messages, CLOSED)

    bob = holder("email", "bob@example.com")
    assert body == [f"\ud800 {bob}", f"a\x1eb {bob}", f"\x00 {bob}", "\x1e", ""]


ALL = [value for spellings in VALUES.values() for value in spellings]
WORDS = st.sampled_from(ALL) | st.text(st.characters(codec="utf-8", exclude_characters="+"), max_size=6)
SEPARATORS = st.sampled_from([" ", ", ", "\n", '"', "\\", "=", "(", ")", "<", ";", "中"])
TEXT = st.lists(st.tuples(SEPARATORS, WORDS, SEPARATORS), max_size=12)


def joined(parts: list[tuple[str, str, str]]) -> str:
    return "".join("".join(part) for part in parts)


@given(TEXT)
def test_no_value_survives_that_stands_apart_from_other_words(parts: list[tuple[str, str, str]]) -> None:
    text = joined(parts)

    parsed, body = redacted([text, json.dumps({"message": text})], TEXTS)

    for value in {value for _, value, _ in parts}.intersection(ALL):
        assert value not in everything(parsed, body, 0)
        assert value not in everything(parsed, body, 1)
    assert set(json.loads(body[1])) == {"message"}


@given(TEXT.map(joined))
@settings(deadline=None)
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    _, once = redacted([text, json.dumps({"message": text})], TEXTS)

    _, twice = redacted(once, TEXTS)

    assert twice == once


@given(st.lists(TEXT.map(joined), min_size=1, max_size=4))
@settings(deadline=None)
def test_a_row_does_not_depend_on_the_rows_beside_it(texts: list[str]) -> None:
    messages = [*texts, *(json.dumps({"message": text, "user_id": "u-42"}) for text in texts)]

    together = redacted(messages, CLOSED)

    for row, message in enumerate(messages):
        assert everything(*redacted([message], CLOSED)) == everything(*together, row)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="@:.%\\"), max_size=60).filter(
        lambda text: not any(map(str.isdigit, text))
    )
)
def test_text_without_a_value_stays_byte_for_byte(text: str) -> None:
    message = text.replace("earer", "").replace("EARER", "")

    assert redacted([message], TEXTS)[1] == [message]


@pytest.mark.parametrize(
    "unit", ["a@", "1", "+1 ", "[", '{"a":', "\\", '"', "u-42 ", "4111 1111 1111 1111 ", "\\u00e9"]
)
def test_a_hostile_megabyte_takes_linear_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    parsed, body = Parsed.blank([text]), [text]
    parsed.user_id = arrow(["u-42"])

    start = time.process_time()
    redact(parsed, body, ["eu-west-1"], lambda _: CLOSED, lambda _: KEY)

    assert time.process_time() - start < 10  # a quadratic search would take hours
