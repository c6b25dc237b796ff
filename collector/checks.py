"""What makes a candidate a card, an IBAN, a phone number or an address, and the one form it is known by.

Each check takes a candidate and gives its canonical form and how many of its characters belong to it, or
None.
"""

from __future__ import annotations

import re
import string
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import unquote

Found = tuple[str, int] | None


def plain(text: str) -> str:
    """Text with its JSON `\\u` and URL `%` escapes undone."""
    if "\\" in text:
        text = re.sub(r"\\+u([0-9A-Fa-f]{4})", lambda escape: chr(int(escape[1], 16)), text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unquote(text) if "%" in text else text


def token(text: str) -> Found:
    """As it stands, without the escapes of JSON and URLs."""
    return unquote(re.sub(r"\\+/", "/", text)), len(text)


def card(text: str) -> Found:
    """A number some network issues, with a right check digit."""
    digits = re.sub(r"[ .-]", "", text)
    return (digits, len(text)) if _ISSUED.fullmatch(digits) and _luhn(digits) else None


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right counts double, less 9 if that exceeds 9."""
    doubled = sum((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[int(digit)] for digit in digits[-2::-2])
    return (doubled + sum(map(int, digits[::-2]))) % 10 == 0


# Prefixes and lengths as the networks publish them. Neither an epoch in ms, µs or ns before 2040 nor an AWS
# account id (12 digits) is among them.
_ISSUED = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-5]|09|6[0-9]|[89][0-9])[0-9]{11}"  # Diners Club
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2}|35(?:2[89]|[3-8][0-9])|62[0-9]{2}"  # Discover, JCB, UnionPay
    r"|50(?:18|20|38)|5893|6304|6759|676[1-3])[0-9]{12,15}"  # Maestro
)


def iban(text: str) -> Found:
    """ISO 13616: as long as its country's are, and 1 modulo 97 once the first four characters stand last."""
    length = _IBAN_LENGTH.get(text[:2], 0)
    found = re.match(rf"(?:[ -]?[A-Z0-9]){{{length}}}(?![0-9])", text)
    if not length or not found:
        return None
    code = re.sub("[ -]", "", found[0])
    number = (code[4:] + code[:4]).translate(_LETTER_VALUE)
    return (code, found.end()) if int(number) % 97 == 1 else None


_LETTER_VALUE = {ord(letter): str(value) for value, letter in enumerate(string.ascii_uppercase, 10)}

# From the IBAN registry of SWIFT, which ISO 13616 names.
_IBAN_LENGTH = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip


def international(text: str) -> Found:
    """E.164, sign and all: 8 to 15 digits. Once 11 are there, a further group is something else."""
    sign = re.match(r"\+|%2[Bb]|\\+u002[Bb]", text)
    digits, end = "", 0
    for group in re.finditer(r"\(0\)|[0-9]+", text[sign.end() :] if sign else text):
        number = group[0] if group[0] != "(0)" else ""  # the trunk prefix that is not dialled from abroad
        if len(digits) >= 11 or len(digits) + len(number) > 15:
            break
        digits, end = digits + number, group.end()
    return (digits, end + (sign.end() if sign else 0)) if len(digits) >= 8 else None


def national(text: str) -> Found:
    """A number without its sign; ten digits in the form of North America get that country's 1."""
    digits = re.sub(r"[^0-9]", "", text).removeprefix("00")
    return ("1" + digits if re.fullmatch(r"(?:[2-9][0-9]{2}){2}[0-9]{4}", digits) else digits), len(text)


def ipv6(text: str) -> Found:
    """RFC 4291, in the spelling of RFC 5952. Without any digit it is rather a name, such as `dead::beef`."""
    text = re.sub(r"(?:(?<!:):|\.)\Z", "", text)  # the punctuation of the sentence
    if not re.search("[0-9]", text) or ("::" not in text and text.count(":") < 6):
        return None
    try:
        return str(IPv6Address(text)), len(text)
    except AddressValueError:
        return None
