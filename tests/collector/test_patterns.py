from __future__ import annotations

import time

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.patterns import Detector, detectors
from store.zone import KINDS

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1LTQyIn0.c2lnbmF0dXJl"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def matches(hint: str, text: str) -> bool:
    return bool(pc.match_substring_regex(pa.array([text]), hint)[0].as_py())


def found(text: str) -> list[tuple[str, str]]:
    """The values in the text, each with its kind and its canonical form, as if each stood alone."""
    values = []
    for detector in detectors(KINDS):
        for start, end, canonical in detector.find(text):
            assert matches(detector.hint, text), detector.hint
            values.append((detector.kind, canonical))
            text = text[:start] + " " * (end - start) + text[end:]
    return values


@pytest.mark.parametrize(
    ("text", "kind", "canonical"),
    [
        ("Bob.Smith@Example.COM", "email", "bob.smith@example.com"),
        ("bob+tag@mail.example.co.uk", "email", "bob+tag@mail.example.co.uk"),
        ("o'brien@example.ie", "email", "o'brien@example.ie"),
        ("jörg@exämple.de", "email", "jörg@exämple.de"),
        (r"j\u00f6rg@ex\u00e4mple.de", "email", "jörg@exämple.de"),
        (r"bob\\u0040example.com", "email", "bob@example.com"),
        (r"bob\u002btag@example.com", "email", "bob+tag@example.com"),
        ("bob%2Btag%40example.com", "email", "bob+tag@example.com"),
        ("+49 151 12345678", "phone", "4915112345678"),
        ("+49 (0)30 901820", "phone", "4930901820"),
        ("+44 20 7946 0958", "phone", "442079460958"),
        ("+1 (212) 555-0123", "phone", "12125550123"),
        ("(212) 555-0123", "phone", "12125550123"),
        ("212-555-0123", "phone", "12125550123"),
        ("1-212-555-0123", "phone", "12125550123"),
        ("%2B4915112345678", "phone", "4915112345678"),
        (r"\u002B4915112345678", "phone", "4915112345678"),
        ("4111111111111111", "card", "4111111111111111"),
        ("4111 1111 1111 1111", "card", "4111111111111111"),
        ("5555-5555-5555-4444", "card", "5555555555554444"),
        ("3782 822463 10005", "card", "378282246310005"),
        ("6011000990139424", "card", "6011000990139424"),
        ("2223003122003222", "card", "2223003122003222"),
        ("4222222222222", "card", "4222222222222"),
        ("DE89370400440532013000", "iban", "DE89370400440532013000"),
        ("DE89 3704 0044 0532 0130 00", "iban", "DE89370400440532013000"),
        ("GB29-NWBK-6016-1331-9268-19", "iban", "GB29NWBK60161331926819"),
        ("192.0.2.17", "ip", "192.0.2.17"),
        ("2001:db8::1", "ip", "2001:db8::1"),
        ("2001:0DB8:0000:0000:0000:0000:0000:0001", "ip", "2001:db8::1"),
        ("::1", "ip", "::1"),
        (JWT, "jwt", JWT),
        ("AKIAIOSFODNN7EXAMPLE", "aws_key", "AKIAIOSFODNN7EXAMPLE"),
        ("ASIAIOSFODNN7EXAMPLE", "aws_key", "ASIAIOSFODNN7EXAMPLE"),
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "({})",
        '"{}"',
        "value={}",
        "value: {}, next",
        r'{{"m":"one\n{}\ttwo"}}',
        r"\u003c{}\u003e",
        "见{}。",
        r'"\u4e2d{}\u201d"',
        "%20{}%20",
    ],
)
def test_a_value_is_found_wherever_it_stands_and_however_it_is_written(
    text: str, kind: str, canonical: str, around: str
) -> None:
    assert (kind, canonical) in found(around.format(text))


@pytest.mark.parametrize(
    ("text", "kind", "canonical"),
    [
        ("Authorization: Bearer abc.def-ghi", "bearer", "abc.def-ghi"),
        ("bearer xyz", "bearer", "xyz"),
        (f"Bearer {JWT}", "jwt", JWT),
        (f"aws_secret_access_key = {SECRET}", "aws_key", SECRET),
        ('{"SecretAccessKey":"' + SECRET.replace("/", "\\/") + '"}', "aws_key", SECRET),
        ('{"phone":"0151 2345678"}', "phone", "01512345678"),
        (r'{"message":"{\"phone_number\": 1512345678}"}', "phone", "1512345678"),
        ("customerTel=030/901820", "phone", "030901820"),
    ],
)
def test_a_value_is_known_by_the_word_before_it(text: str, kind: str, canonical: str) -> None:
    assert found(text) == [(kind, canonical)]


@pytest.mark.parametrize(
    "text",
    [
        "123e4567-e89b-12d3-a456-426614174000",
        "41111111-1111-4111-8111-111111111111",
        "1-5759e988-bd862e3fe1be46a994272793",
        "5759e988bd862e3fe1be46a994272793",
        "00-4efaaf4d1e8720b39541901950019ee5-53995c3f42cd8ad8-01",
        "1714560000006",  # an epoch in ms that passes the Luhn check
        "1714560000000000",
        "1714560000000000000",
        "2024-05-01T12:00:00.123Z",
        "2024-05-01 12:00:00,123+0000",
        "[10/Oct/2000:13:55:36 +1000] 200 345 1234",
        "4111111111111112",
        "0.4111111111111111",
        "4111111111111111.25",
        "order 20240501-000123",
        "arn:aws:iam::123456789012:role/admin",
        "arn:aws:s3:::bucket/key",
        "123456789012",
        "12:34:56",
        "aa:bb:cc:dd:ee:ff",
        "AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01",
        "std::vector dead::beef",
        "v1.2.3.4 1.2.3 1.2.3.4.5 999.1.1.1 256.1.1.1",
        "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/124.0.0.0 Safari/537.36",
        "express@4.18.2 /node_modules/@aws-sdk/client-s3/dist/index.js @media",
        "DE89370400440532013001 AB12CDEF34567890 OR2412345678901234",
        "Bearer token is missing; WWW-Authenticate: Bearer realm=api, error=invalid_token",
        "XAKIAIOSFODNN7EXAMPLE",
        SECRET,
        "hotel: 12345678",
        "C++11 and a+12345678",
        "49540908374653829473625364758694837264537384950617283948",
        "REPORT RequestId: 8d7e8c2e-0000-4000-8000-000000000000\tDuration: 1711.87 ms\tMemory Size: 128 MB",
    ],
)
def test_what_only_resembles_a_value_is_left(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("DE89 3704 0044 0532 0130 00 EUR 12", " EUR 12"),
        ("BE68 5390 0754 7034 PAID NOW", " PAID NOW"),
        ("5555-5555-5555-4444 12/27", " 12/27"),
        ("+1 212 555 0123 42", " 42"),
        ("bob@example.com_2024.png", "_2024.png"),
        ("peer 2001:db8::1: refused", ": refused"),
        ("192.0.2.17:8080", ":8080"),
    ],
)
def test_what_follows_a_value_is_no_part_of_it(text: str, kept: str) -> None:
    [(_, end, _)] = [value for detector in detectors(KINDS) for value in detector.find(text)]

    assert text[end:] == kept


# What makes up values, and what stands around them.
PIECES = [
    *(
        "a",
        "1",
        "4",
        "bob",
        "x.",
        "@",
        "@x.",
        ".com",
        "%40",
        "u0040",
        "\\",
        "\\n",
        "\\u",
        r"\u00e9",
        r"\u002B",
    ),
    *(
        "%2B",
        "+",
        "+1",
        "+49",
        "0151",
        "(",
        ")",
        "(212)",
        "555-",
        "-",
        "/",
        ".",
        ":",
        "::",
        "=",
        "'",
        '"',
        "{",
    ),
    *(
        "fe80",
        "db8:",
        "10.",
        "255",
        ".0.0.1",
        "4111",
        "4111111111111111",
        "3782",
        "822463",
        "10005",
        "Chrome/",
    ),
    *(
        "DE89",
        "DE89370400440532013000",
        "%20",
        "u0020",
        "3704",
        "0044",
        "0532",
        "0130",
        "00",
        "eyJ",
        "eyJhbGciOiJIUzI1",
        ".eyJzdWIi",
        "Bearer",
        "bearer",
    ),
    *(
        "secret_key",
        "session_token",
        "wJalrXUtnFEMIK7MDENG",
        "AKIAIOSFODNN7EXAMPLE",
        "phone",
        "tel:",
        "number=",
    ),
    *("é", "中", "v", "12:34:56", "2024-05-01", " ", "\n"),
]

UNITS = [
    *(
        "a",
        "1",
        "4",
        "+",
        ".",
        "'",
        "\\",
        "@",
        "::",
        "[",
        "({",
        '\\"',
        "é",
        "中",
        "a@",
        "a.",
        "a'",
        "1.",
        "1:",
    ),
    *(
        "+1 ",
        "%2B",
        r"\u00e9",
        r"\u002B",
        r"\u0040",
        "%40a.",
        "a@b.",
        "DE89 ",
        "A1",
        "4111 ",
        "(212) ",
        "fe80:",
    ),
    *("eyJ-", "eyJa.", "Bearer ", "phone=", "phone: 1 ", "secret_key="),
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=24).map("".join))
def test_a_hint_is_found_in_every_text_with_a_value(text: str) -> None:
    for detector in detectors(KINDS):
        if any(detector.find(text)):
            assert matches(detector.hint, text.encode(errors="replace").decode())


@pytest.mark.parametrize("detector", detectors(KINDS), ids=lambda each: f"{each.kind} {each.hint}")
@pytest.mark.parametrize("unit", UNITS)
def test_hostile_text_is_searched_in_linear_time(detector: Detector, unit: str) -> None:
    text = unit * (100_000 // len(unit))

    start = time.process_time()
    values = list(detector.find(text))

    assert time.process_time() - start < 3  # a quadratic search would take minutes
    assert all(end > begin for begin, end, _ in values)
