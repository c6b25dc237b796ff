from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import checks


@given(st.text("0123456789", min_size=16, max_size=16), st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_is_enough_to_make_it_no_card(number: str, place: int, change: int) -> None:
    wrong = number[:place] + str((int(number[place]) + change) % 10) + number[place + 1 :]

    assert not (checks.card(number) and checks.card(wrong))


@pytest.mark.parametrize(
    "code",
    # The examples of the IBAN registry.
    [
        "AD1200012030200359100100",
        "BE68539007547034",
        "CH9300762011623852957",
        "FR1420041010050500013M02606",
        "GB29NWBK60161331926819",
        "MT84MALT011000012345MTLCAST001S",
        "NO9386011117947",
        "SE4550000000058398257466",
    ],
)
def test_an_iban_is_known_by_its_length_and_its_check_digits(code: str) -> None:
    other = str((int(code[3]) + 1) % 10)

    assert checks.iban(code) == (code, len(code))
    assert checks.iban(code[:3] + other + code[4:]) is None
    assert checks.iban(code[:-1]) is None
    assert checks.iban(code + "0") is None


@pytest.mark.parametrize("text", ["::", "dead::beef", "12:34:56", "1:2:3:4:5:6:7:8:9", "fe80::1::2"])
def test_colons_alone_do_not_make_an_address(text: str) -> None:
    assert checks.ipv6(text) is None


@pytest.mark.parametrize("number", ["+1234567", "+1 2345 67"])
def test_a_phone_number_has_eight_digits_at_least(number: str) -> None:
    assert checks.international(number) is None


@given(st.text())
def test_undoing_escapes_of_text_without_any_changes_nothing(text: str) -> None:
    text = text.replace("\\", "/").replace("%", "/")

    assert checks.plain(text) == text


def test_a_pair_of_escaped_surrogates_is_one_character() -> None:
    assert checks.plain(r"\ud83d\ude00@example.com") == "😀@example.com"
