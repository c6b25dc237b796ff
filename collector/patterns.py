"""How personal and secret values look in text: each detector is a hint, a pattern and a judge.

Text may be JSON, even JSON inside JSON, so a value may begin right after an escape (`\\n`, `\\u003c`, `%20`)
and hold some. Every pattern takes linear time: its repeats are bounded or possessive, and it starts with
characters the regex engine can skip to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from collector import checks
from store.zone import Kind

Found = tuple[int, int, str]  # where a value begins and ends in the text, and its canonical form
Judge = Callable[[re.Match[str], int], Found | None]


@dataclass(frozen=True, slots=True, eq=False)
class Detector:
    """One way to write a kind.

    `pattern` finds where a value may be, `judge` says whether one is, given where the value before it ended.
    The RE2 expression `hint` is found in every text with a value, and is for whole columns. Many logs hold a
    `common` one.
    """

    kind: Kind
    hint: str
    pattern: re.Pattern[str]
    judge: Judge
    common: bool

    def find(self, text: str) -> Iterator[Found]:
        """The values in the text, from left to right, none within another."""
        done = position = 0
        while match := self.pattern.search(text, position):
            if found := self.judge(match, done):
                yield found
                done = position = found[1]
            else:
                position = match.start() + 1


def detectors(kinds: Iterable[Kind]) -> tuple[Detector, ...]:
    """The detectors of these kinds, in the order they must run: the most specific first."""
    wanted = set(kinds)
    return tuple(detector for detector in _DETECTORS if detector.kind in wanted)


# Letters a value may hold: scripts written without spaces (CJK, Thai …) touch a value and are no part of it.
_LETTER = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0dff\u1e00-\u1fff"
_ALNUM = rf"\d{_LETTER}"
_HEX = r"[\dA-Fa-f]"
# The escapes of all other characters, but of "+", which values may hold.
_CODE = rf"(?:[013-7]{_HEX}|2[\dAC-Fac-f])"
_OTHER = (
    rf"00(?:{_CODE}|[89ABab]{_HEX}|[DFdf]7)|0[EFef]{_HEX}{{2}}|1[\dA-Da-d]{_HEX}{{2}}|[2-9A-Fa-f]{_HEX}{{3}}"
)
_ESCAPES = (r"\\[nrt]", rf"\\u(?:{_OTHER})", rf"%{_CODE}")


def _begins(first: int = 1, joined: str = _ALNUM) -> str:
    """Zero width, behind the `first` characters of a value: it begins with them, not with one of `joined`."""
    back = "." * first
    return rf"(?:(?<![{joined}]{back})|{'|'.join(f'(?<={escape}{back})' for escape in _ESCAPES)})"


_FREE = rf"{_begins()}(?<!\d\..)"  # not a fraction, nor the rest of a longer row of numbers
_END = rf"(?![{_ALNUM}]|\.\d)"
_IS = r"""["'\\]{0,6}+\s{0,3}+[:=]\s{0,3}+["'\\]{0,6}+"""  # between a label and its value, in JSON or not
_BASE64 = r"[\w+/=~.-]|\\{1,4}+/|%2[BFbf]|%3[Dd]"

_JWT = (
    rf"(?P<v>eyJ{_begins(3, _LETTER)}[\w-]{{8,2048}}+\."
    r"(?:eyJ[\w-]++(?:\.[\w-]++)?|[\w-]*+(?:\.[\w-]++){1,3}))"
)

_PROSE = (
    r"(?:tokens?|auth\w*|realm|error|scheme|scope|challenge|header|credentials?|is|was|has|of|or|and|not|for|to"
    r"|in|with|must|required|missing|invalid|expired)\b(?![.~+/-]\w)"
)
_BEARER = rf"[Bb]{_begins()}(?:earer|EARER)(?i:(?:[ \t]|%20|\+){{1,4}}+(?!{_PROSE}))(?P<v>(?:{_BASE64})++)"

_AWS_ID = rf"(?P<v>A(?=[KS]IA){_begins(1, _LETTER)}[A-Z\d]{{19}}){_END}"
_AWS_LABEL = r"[Ss](?i:ecret_?(?:access_?)?key|(?:ession|ecurity)[_-]?token)"
_AWS_SECRET = rf"{_AWS_LABEL}{_IS}(?P<v>(?:{_BASE64}){{40,}}+)"

_ACCENTED = rf"\\{{1,4}}+u(?!{_OTHER}|002[Bb]){_HEX}{{4}}"
_TOP = rf"(?:xn--[a-z\d-]{{2,59}}+|(?:[{_LETTER}]|{_ACCENTED}){{2,63}}+)"
_DOMAIN = rf"(?:(?:[{_ALNUM}-]++|{_ACCENTED})++\.(?=[{_ALNUM}\\]))+{_TOP}"
# What precedes the @, read backwards up to an escape of another character. Apostrophes are part of it, but
# not that of b'…', as Python writes bytes.
_LOCAL = (
    rf"(?:(?:{_HEX}[C-Fc-f]00|{_HEX}{{2}}[1-9A-Da-d]0|{_HEX}{{2}}[EFef]1)u\\{{1,4}}+|[Bb]2(?:00u\\{{1,4}}+|%)"
    rf"|(?![nrt]\\|{_HEX}{{4}}u\\|{_HEX}[0-7]%)[{_ALNUM}_.+-])++"
)
_LOCAL_REVERSED = re.compile(
    rf"\\*+({_LOCAL}(?:'(?![BbFfRrUu]{{1,2}}(?:[^{_ALNUM}]|\Z)){_LOCAL}){{0,3}})", re.ASCII
)
_LOCAL_REACH = 6 * 64  # RFC 5321 allows 64 octets, each of which JSON may write as \u1234

_IBAN = rf"(?P<v>[A-Z](?=[A-Z]\d\d){_begins(1, _LETTER)}[A-Z]\d\d(?:[ -]?[A-Z\d]){{11,30}})"
_CARD = (
    rf"(?P<v>[2-6](?=\d{{3}}(?:\d{{9}}|[ .-]\d{{4}})){_FREE}"
    rf"(?:\d{{12,18}}+|\d{{3}}(?:[ .-]\d{{4}}){{3}}|\d{{3}}[ .-]\d{{6}}[ .-]\d{{4,5}})){_END}"
)

_NO_OFFSET = r"(?<!:\d\d.)(?<![.,]\d{3}.)"  # of a time from UTC
_PHONE = (
    rf"(?P<v>[+%\\]{_begins(1, _LETTER)}(?<!\+.){_NO_OFFSET}"
    r"(?:(?<=\+)|(?<=%)2[Bb]|(?<=\\)(?<!\\\\)\\{0,3}+u002[Bb])"
    r"[1-9]\d{0,14}+(?!\d)(?:[ .()/-]{1,3}+\d{1,14}+){0,7}+)"
)
_PHONE_US = (
    rf"(?P<v>[(1-9](?:{_FREE}|(?<=\d\())(?<!\d[.-].)"
    r"(?:(?<=\()[2-9]\d\d\) ?|(?<=1)(?: ?\([2-9]\d\d\) ?|[.-][2-9]\d\d[.-])|(?<=[2-9])\d\d[.-])"
    rf"[2-9]\d\d[ .-]\d{{4}}){_END}(?!-\d)"
)
_NUMBER = r"(?i:[ _-]?(?:number|no|nr))?"
_PHONE_NAMED = (
    r"[FMPTfmpt](?:(?i:hone|obile|sisdn)|(?:(?<![A-Za-z].)|(?<=[a-z][FT]))(?i:el|ax))"
    rf"{_NUMBER}{_IS}(?P<v>\(?\d(?:[ ()./-]{{0,2}}+\d){{6,14}}+){_END}"
)

_OCTET = r"(?:25[0-5]|2[0-4]\d|[01]?\d{1,2})"
_FIRST_OCTET = re.compile(rf"{_begins(0)}(?<!\d\.){_OCTET}\Z", re.ASCII)
# Nobody has an address that ends in .0.0.0, but every Chrome has such a version.
_IPV4_REST = rf"\.(?!0\.0\.0\b){_OCTET}\.{_OCTET}\.{_OCTET}{_END}"
_GROUPS = "".join(rf"(?<![^A-Za-z\d]{_HEX * digits}:.)" for digits in (1, 2, 3, 4))
_FIRST_GROUP = rf"(?<!::.)(?<![.%].){_GROUPS}"
_IPV6 = (
    rf"(?P<v>[\dA-Fa-f:](?=(?<=:):|{_HEX}{{0,3}}:{_HEX}{{0,4}}:){_begins()}{_FIRST_GROUP}"
    rf"[\dA-Fa-f:.]{{1,44}}+)(?![{_ALNUM}:])"
)


def _email(match: re.Match[str], done: int) -> Found | None:
    text, at = match.string, match.start()
    local = _LOCAL_REVERSED.match(text[max(at - _LOCAL_REACH, done) : at][::-1])
    if local is None or not local[1].strip("_.+-"):
        return None
    address = text[at - local.end() : match.end()].lstrip("_.+-")
    return match.end() - len(address), match.end(), checks.plain(address).lower()


def _ipv4(match: re.Match[str], done: int) -> Found | None:
    """The pattern begins with a dot, which is rarer than a digit: the first octet stands before it."""
    text, dot = match.string, match.start()
    first = _FIRST_OCTET.search(text, max(dot - 3, done), dot)
    return first and (first.start(), match.end(), text[first.start() : match.end()])


def _judged(check: Callable[[str], tuple[str, int] | None]) -> Judge:
    def judge(match: re.Match[str], _: int) -> Found | None:
        found = check(match["v"])
        return found and (match.start("v"), match.start("v") + found[1], found[0])

    return judge


def _detector(
    kind: Kind,
    hint: str,
    pattern: str,
    judge: Judge,
    common: bool = False,
) -> Detector:
    return Detector(kind, hint, re.compile(pattern, re.ASCII), judge, common)


# A hint that counts begins behind something it does not count, or behind an escape that ends in it: or else
# RE2 would have to count from every character on, and its automaton would grow exponentially.
_EDGE = r"(?:^|[^A-Z\d]|\\u....|%..)"

_DETECTORS = (
    _detector("jwt", r"eyJ[\w-]{8}", _JWT, _judged(checks.token)),
    _detector("bearer", r"[Bb](?:earer|EARER)[ \t%+]", _BEARER, _judged(checks.token)),
    _detector("aws_key", r"A[KS]IA[A-Z\d]{4}", _AWS_ID, _judged(checks.token)),
    _detector("aws_key", _AWS_LABEL, _AWS_SECRET, _judged(checks.token)),
    _detector("email", r"@[^\s@/\"]+\.", f"@{_DOMAIN}", _email, common=True),
    _detector("email", r"(?:%40|u0040)[^\s@/\"]+\.", rf"(?:%40|\\u0040){_DOMAIN}", _email),
    _detector(
        "iban", r"(?:^|[^A-Z]|\\u....|%..)[A-Z]{2}\d\d(?:[ -]?[A-Z\d]){5}", _IBAN, _judged(checks.iban)
    ),
    _detector(
        "card",
        rf"{_EDGE}[2-6]\d{{3}}(?:\d{{9}}|[ .-]\d{{4}}[ .-]\d{{4}}|[ .-]\d{{6}}[ .-])",
        _CARD,
        _judged(checks.card),
    ),
    _detector("ip", r"::|(?::[\dA-Fa-f]{1,4}){6}", _IPV6, _judged(checks.ipv6)),
    _detector("ip", r"\d\.\d{1,3}\.\d{1,3}\.\d", _IPV4_REST, _ipv4, common=True),
    _detector(
        "phone",
        r"(?:\+|%2[Bb]|u002[Bb])[1-9][\d ()./-]{6}",
        _PHONE,
        _judged(checks.international),
    ),
    _detector(
        "phone",
        rf"{_EDGE}[2-9]\d\d(?:\) ?|[.-])[2-9]\d\d[ .-]\d{{4}}",
        _PHONE_US,
        _judged(checks.national),
    ),
    _detector(
        "phone",
        rf"(?i:phone|mobile|msisdn|tel|fax){_NUMBER}[\"'\\]*[\s\v]*[:=]",
        _PHONE_NAMED,
        _judged(checks.national),
    ),
)
