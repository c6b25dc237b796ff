from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.identity import Identity
from store.zone import canonical

PSEUDONYM = "0123456789abcdef" * 2
USER = f"<user:{PSEUDONYM}>"


def user(value: str) -> Identity:
    return Identity("user", value, PSEUDONYM)


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("user u-42 logged in", "user * logged in"),
        ("/users/u-42/orders", "/users/*/orders"),
        ('{"user":"u-42"}', '{"user":"*"}'),
        ('{"u-42":{"seen":true}}', '{"*":{"seen":true}}'),
        (r'{"message":"{\"user\":\"u-42\"}"}', r'{"message":"{\"user\":\"*\"}"}'),
        (r'{"message":"first\nu-42"}', r'{"message":"first\n*"}'),
        (r"CORP\u-42", r"CORP\*"),
        ("?q=%20u-42", "?q=%20*"),
        ("u-42,u-42", "*,*"),
        ("用户u-42登录", "用户*登录"),
        (r"\u7528\u6237u-42\u767b", r"\u7528\u6237*\u767b"),
        ("u-421 xu-42 u-42x u-42_x", "u-421 xu-42 u-42x u-42_x"),
    ],
)
def test_a_distinctive_id_is_replaced_where_it_is_a_whole_word(text: str, replaced: str) -> None:
    assert user("u-42").text(text) == replaced.replace("*", USER)


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ('{"user":42,"n":421}', '{"user":"*","n":421}'),
        ('{"user": "42"}', '{"user": "*"}'),
        ('{"42":1}', '{"*":1}'),
        ("user=42 n=7", "user=* n=7"),
        ("user: 42", "user: *"),
        ("42", "*"),
        ('{"m":"took 42 ms at 10:42, 42 times"}', '{"m":"took 42 ms at 10:42, 42 times"}'),
    ],
)
def test_a_short_number_is_replaced_only_where_it_is_a_whole_value(text: str, replaced: str) -> None:
    assert user("42").text(text) == replaced.replace("*", USER)


@pytest.mark.parametrize("value", ["12345678", "-5", "1.5", "true", "null"])
def test_json_stays_json_when_the_id_is_no_string_in_it(value: str) -> None:
    text = user(value).text(f'{{"user":{value},"others":[{value},1],"text":"{value}"}}')

    assert json.loads(text)["user"] == USER
    assert json.loads(text)["others"][1] == 1


@pytest.mark.parametrize("value", ["a.b(c)[d]*+?^$|{2}", r"\d+", "(", "a|b", "$1", r"\1"])
def test_an_id_is_no_regular_expression(value: str) -> None:
    assert user(value).text(f"id <{value}> aXb") == (
        f"id <{USER}> aXb" if len(value) > 2 else f"id <{value}> aXb"
    )


@given(
    st.text(min_size=3, max_size=12).filter(
        lambda value: not value.isdigit() and any(map(str.isalnum, value))
    ),
    st.sampled_from(
        [
            lambda value: value,
            lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
            lambda value: json.dumps(value)[1:-1],
            lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
            lambda value: json.dumps(json.dumps(value)[1:-1])[1:-1],
            lambda value: quote(value, safe="", errors="replace"),
        ]
    ),
)
def test_an_id_is_found_as_json_and_urls_write_it(value: str, written: object) -> None:
    spelling = written(value)  # type: ignore[operator]

    assert user(value).text(f'"\\" % {spelling} ') == f'"\\" % {USER} '


@given(st.text(), st.text(max_size=6))
def test_cutting_and_replacing_agree(before: str, value: str) -> None:
    message = f'{before}{{"user":"{value}"}}'
    without = user(value).cut(message)

    assert without is None or without == user(value).text(message)


@given(st.text(min_size=1, max_size=6), st.text())
def test_what_was_replaced_is_not_replaced_again(value: str, text: str) -> None:
    once = user(value).text(f"{text}{value}{text}")

    assert user(value).text(once) == once or value in USER


@pytest.mark.parametrize("value", ["user", "email", PSEUDONYM])
def test_placeholders_stay_whole(value: str) -> None:
    text = f"<email:{'f' * 32}> {USER}"

    assert user(value).text(text).count("<email:") == 1


def test_an_id_without_letters_or_digits_names_nobody() -> None:
    assert user("---").text("--- a --- b") == "--- a --- b"
    assert user("-").cut('{"user":"-"}') == '{"user":"-"}'


def test_an_e_mail_address_has_one_canonical_form() -> None:
    assert canonical("Bob@Example.COM") == "bob@example.com"
    assert canonical("U-42") == "U-42"


def test_hostile_text_takes_linear_time() -> None:
    assert user("aaaa").text("a" * 300_000) == "a" * 300_000
    assert user("a-a").text("a-" * 100_000)
