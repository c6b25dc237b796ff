from __future__ import annotations

import json
import time
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.columns import Source
from collector.lines import Content, blocks, split

FILE = Source("folder", "file.log")
NOON = 1_714_564_800_000_000
ID = "7d5c8dfc-5eda-92d8-64ac-5db9d707107e"


def messages(data: str | bytes, name: str = "file.log") -> list[str]:
    content = split(name, data if isinstance(data, bytes) else data.encode(), FILE)
    assert content.misfits == []
    assert content.control == 0
    return content.message


# --- plain lines


def test_every_line_is_an_event_without_a_time_of_its_own() -> None:
    content = split("file.log", b"one\ntwo\r\n\nthree", FILE)
    assert content.message == ["one", "two", "three"]
    assert content.time == [None] * 3
    assert content.source == [FILE] * 3


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n\r\n", b"  \n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_gives_nothing(data: bytes) -> None:
    assert messages(data) == []
    assert list(blocks("file.log", data, FILE)) in ([], [Content()])


def test_lines_end_at_line_feeds_only() -> None:
    assert messages("a\x0bb\x0cc\x1cd\u2028e\x85f\rg\nh") == ["a\x0bb\x0cc\x1cd\u2028e\x85f\rg", "h"]


def test_bytes_that_are_no_utf8_are_shown_as_escapes() -> None:
    assert messages(b"caf\xe9\n\xff\xfe\nok \xf0\x9f") == ["caf\\xe9", "\\xff\\xfe", "ok \\xf0\\x9f"]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert messages(b'\xef\xbb\xbf{"a":1}\n') == ['{"a":1}']


def test_indented_lines_and_stack_traces_belong_to_the_event_before_them() -> None:
    python = (
        "ERROR could not pay\nTraceback (most recent call last):\n  File x\nKeyError: 'a'\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n  File y\nshop.errors.Lost: b"
    )
    java = (
        "2024-05-01 12:00:00 ERROR failed\njava.io.IOException: gone\n\tat a.B.c(B.java:1)\n"
        "Caused by: java.lang.IllegalStateException: x\n\t... 3 more"
    )
    node = "TypeError: x is not a function\n    at handler (/var/task/index.js:1:1)"
    events = [python, "INFO next", java, node, "KeyError: 'not of a traceback'", "INFO last"]
    assert messages("\n".join(events) + "\n") == events


def test_pretty_printed_json_is_one_event() -> None:
    events = [json.dumps({"a": {"b": [1, 2]}}, indent=2), '{"c": 3}', json.dumps({"d": [{"e": 1}]}, indent=4)]
    assert messages("\n".join(events)) == events


def test_joined_lines_stay_below_the_size_of_an_event() -> None:
    found = messages("head\n" + " x" * 1000 + "\n" + ("  continued\n" * 300_000))
    assert len(found) > 1
    assert max(map(len, found)) <= 2**20 + 12


def test_a_long_line_stays_whole_across_chunks() -> None:
    lines = ["ä" * 700_000, "b" * 3_000_000, "c"]
    assert messages("\n".join(lines)) == lines


# --- ids


def test_the_id_of_a_line_does_not_change_when_the_file_grows() -> None:
    first, second = split("f", b"a\nb\na\n", FILE), split("f", b"a\nb\na\nc\na\n", FILE)
    assert second.event_id[:3] == first.event_id
    assert len(set(second.event_id)) == 5


def test_equal_files_have_equal_ids_whatever_the_blocks() -> None:
    data = b"".join(b"line %d\n" % (n % 50) for n in range(500))
    whole = split("f", data, FILE)
    parts = list(blocks("f", data, FILE, most=7))
    assert max(map(len, parts)) == 7
    assert list(chain.from_iterable(part.event_id for part in parts)) == whole.event_id
    assert list(chain.from_iterable(part.message for part in parts)) == whole.message
    assert len(set(whole.event_id)) == 500


# --- headers


def test_cloudfront_s_header_goes_into_the_source() -> None:
    content = split(
        "E1.2024-05-01-12.gz",
        b"#Version: 1.0\n#Fields: date time x-edge-location sc-status\n2024-05-01\t12:00:00\tFRA\t200\n"
        b"#Fields: date time sc-status\n2024-05-01\t12:00:01\t404\n# a comment of nobody\n",
        FILE,
    )
    assert content.message == [
        "2024-05-01\t12:00:00\tFRA\t200",
        "2024-05-01\t12:00:01\t404",
        "# a comment of nobody",
    ]
    assert [source.header for source in content.source[:2]] == [
        ("date", "time", "x-edge-location", "sc-status"),
        ("date", "time", "sc-status"),
    ]


def test_the_header_of_a_vpc_flow_log_goes_into_the_source_each_time_it_comes() -> None:
    header = "version account-id interface-id srcaddr pkt-srcaddr start end"
    content = split("f", f"{header}\n2 1 eni-1 a b 1 2\n{header}\n2 1 eni-2 a b 1 2\n".encode(), FILE)
    assert content.message == ["2 1 eni-1 a b 1 2", "2 1 eni-2 a b 1 2"]
    assert {source.header for source in content.source} == {tuple(header.split())}


def test_words_that_are_no_header_are_a_line() -> None:
    assert messages("start end of the action\n") == ["start end of the action"]
    assert messages("start end\n") == ["start end"]


def test_the_object_elb_writes_to_try_the_bucket_is_a_control_message() -> None:
    content = split(
        "ELBAccessLogTestFile", b"Enable AccessLog for ELB: app/x/1 at 2024-05-01T12:00:00.781Z\n", FILE
    )
    assert (len(content), content.control, content.misfits) == (0, 1, [])


# --- JSON


def test_each_cloudtrail_record_is_the_very_text_of_the_file() -> None:
    records = ['{ "eventName" : "A",\n  "n": 1.00, "n": 2 }', '{"eventName":"B","u":"\\u00e4ä"}', "{}"]
    assert messages('{"Records": [' + " ,\n ".join(records) + "]}\n") == records


def test_each_azure_diagnostic_record_is_an_event() -> None:
    assert messages('{"records":[{"category":"A"},{"category":"B"}]}') == [
        '{"category":"A"}',
        '{"category":"B"}',
    ]


def test_invalid_utf8_in_a_cloudtrail_record_is_shown_as_an_escape() -> None:
    assert messages(b'{"Records":[{"a":"caf\xe9"},{"b":1}]}') == ['{"a":"caf\\xe9"}', '{"b":1}']


@pytest.mark.parametrize(
    ("tail", "rest"),
    [
        ('{"a":2},{"b":', '{"b":'),
        ('{"a":2},oops,{"c":3}]}', "oops"),
        ('{"a":2},' + "[" * 100_000, "[["),
        ('{"a":2}', ""),
        ('{"a":2}] "x"', '"x"'),
    ],
)
def test_what_is_cut_off_or_broken_is_a_misfit_and_the_records_before_it_are_kept(
    tail: str, rest: str
) -> None:
    content = split("x.json", ('{"Records":[{"a":1},' + tail).encode(), FILE)
    assert content.message == ['{"a":1}', '{"a":2}']
    (misfit,) = content.misfits
    assert rest in misfit.document.decode()
    assert "JSON is" in misfit.reason
    assert "oops" not in misfit.reason


def event(n: int, **changed: object) -> dict[str, object]:
    return {
        "logStreamName": f"stream-{n % 2}",
        "timestamp": 1714564800000 + n,
        "message": f"START RequestId: {n}\n",
        "ingestionTime": 1714564800100,
        "eventId": f"3840{n}",
        **changed,
    }


PAGES = {
    "one page": {"events": [event(0), event(1), event(2)], "searchedLogStreams": []},
    "sorted keys": {"events": [dict(sorted(event(n).items())) for n in range(3)], "nextToken": "t"},
    "token first": {"nextToken": "t", "events": [event(0), event(1), event(2)]},
    "with --query": [event(0), event(1), event(2)],
    "of an SDK": {"Events": [{k[0].upper() + k[1:]: v for k, v in event(n).items()} for n in range(3)]},
}


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("indent", [None, 4])
def test_printed_events_keep_id_time_and_stream_so_that_backfill_equals_the_live_feed(
    kind: str, indent: int | None
) -> None:
    content = split("page.json", json.dumps(PAGES[kind], indent=indent).encode(), FILE)
    assert content.event_id == ["38400", "38401", "38402"]
    assert content.time == [NOON, NOON + 1000, NOON + 2000]
    assert content.message == [f"START RequestId: {n}\n" for n in range(3)]
    assert content.source == [Source("folder", f"stream-{n % 2}") for n in range(3)]
    assert content.misfits == []


def test_pages_may_stand_back_to_back_and_be_empty() -> None:
    empty = {"events": [], "searchedLogStreams": [{"logStreamName": "s", "searchedCompletely": True}]}
    pages = [
        empty,
        {"events": [event(0)]},
        {"searchedLogStreams": [], "nextToken": "x"},
        {"events": [event(1)]},
    ]
    content = split("pages.json", "\n".join(map(json.dumps, pages)).encode(), FILE)
    assert content.event_id == ["38400", "38401"]
    assert split("page.json", b'{"events":[]}', FILE) == Content()


def test_single_events_one_per_line_are_read_as_well() -> None:
    content = split("events.jsonl", "\n".join(json.dumps(event(n)) for n in range(3)).encode(), FILE)
    assert content.event_id == ["38400", "38401", "38402"]


def test_get_log_events_has_no_ids_so_they_follow_from_time_and_message() -> None:
    page = {
        "events": [{"timestamp": 1714564800000, "message": "a", "ingestionTime": 1}] * 2,
        "nextForwardToken": "f",
    }
    content = split("page.json", json.dumps(page).encode(), FILE)
    assert content.time == [NOON, NOON]
    assert len(set(content.event_id)) == 2


@pytest.mark.parametrize("timestamp", [-1, 253402300799000, "soon", None, [], 1e300])
def test_an_event_of_an_impossible_time_is_a_misfit_and_its_neighbours_are_kept(timestamp: object) -> None:
    page = {"events": [event(0), event(1, timestamp=timestamp), event(2)]}
    content = split("page.json", json.dumps(page).encode(), Source("g", "s", region="eu-west-1"))
    assert content.event_id == ["38400", "38402"]
    (misfit,) = content.misfits
    assert json.loads(misfit.document) == event(1, timestamp=timestamp)
    assert misfit.reason.startswith("timestamp is ")
    assert "between the years 2000 and 2100" in misfit.reason
    assert misfit.region == "eu-west-1"


def test_a_printed_message_that_is_no_text_becomes_json_text() -> None:
    content = split(
        "p.json", json.dumps([event(0, message=[1, {"a": "ä"}]), event(1, message="\ud800")]).encode(), FILE
    )
    assert content.message == ['[1,{"a":"ä"}]', "\\ud800"]


@pytest.mark.parametrize("depth", [100, 700, 900, 950, 980, 990, 1000, 2000, 10**5])
def test_a_message_nested_ever_deeper_is_an_event_or_a_misfit(depth: int) -> None:
    text = json.dumps([event(0, message="M")]).replace('"M"', "[" * depth + "]" * depth)
    content = split("p.json", text.encode(), FILE)
    assert len(content) + len(content.misfits) == 1


def test_json_lines_of_an_application_are_lines_whatever_their_keys() -> None:
    lines = [
        '{"events":["a","b"],"level":"info"}',
        '{"Records":3}',
        '{"eventId":"x","level":"info"}',
        '{"message":"m","timestamp":"2024-05-01T12:00:00Z"}',
        '{"webaclId":"w","httpRequest":{}}',
        '{"broken":',
    ]
    for first in lines:
        assert sorted(split("app.log", "\n".join([first, *lines]).encode(), FILE).message) == sorted(
            [first, *lines]
        )


# --- exports


EXPORT = (
    f"2024-05-01T12:00:00.000Z START RequestId: {ID} Version: $LATEST\n"
    f"2024-05-01T12:00:00.250Z [ERROR]\t2024-05-01T12:00:00.249Z\t{ID}\tboom\n"
    "Traceback (most recent call last):\n"
    "  File x\n\n"
    "KeyError: 'a'\n"
    "2024-05-01T12:00:00.300Z plain\n"
)


@pytest.mark.parametrize("name", ["export.log", f"logs/{ID}/2024-05-01-[$LATEST]abc/000000.gz"])
def test_an_exported_file_gives_times_and_messages_as_they_were(name: str) -> None:
    content = split(name, EXPORT.encode(), FILE)
    assert content.time == [NOON, NOON + 250_000, NOON + 300_000]
    assert content.message == [
        f"START RequestId: {ID} Version: $LATEST",
        f"[ERROR]\t2024-05-01T12:00:00.249Z\t{ID}\tboom\n"
        "Traceback (most recent call last):\n  File x\n\nKeyError: 'a'",
        "plain",
    ]


def test_an_export_is_known_by_its_key_even_if_its_messages_are_plain() -> None:
    data = b"2024-05-01T12:00:00.000Z hello\n2024-05-01T12:00:01.000Z world\n"
    assert messages(data, f"logs/{ID}/stream/000001.gz") == ["hello", "world"]
    assert messages(data, "app.log") == data.decode().splitlines()


@pytest.mark.parametrize(
    "line", ["[INFO] hello", "level=info msg=x", "hello", f"{ID} Task timed out after 3.00 seconds"]
)
def test_a_line_that_begins_with_its_own_time_keeps_it(line: str) -> None:
    assert messages(f"2024-05-01T12:00:00.000Z {line}\n") == [f"2024-05-01T12:00:00.000Z {line}"]


def test_equal_messages_of_an_export_are_told_apart_by_their_time() -> None:
    line = f"START RequestId: {ID} Version: $LATEST\n"
    data = f"2024-05-01T12:00:00.000Z {line}2024-05-01T12:00:01.000Z {line}".encode()
    content = split("export.log", data, FILE)
    assert len(set(content.event_id)) == 2
    assert split("export.log", data[len(data) // 2 :], FILE).event_id == content.event_id[1:]


# --- whatever comes


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.builds(
        lambda text, at, insert: text[: at % len(text)] + insert + text[at % len(text) :],
        st.sampled_from([EXPORT.encode(), *(json.dumps(page).encode() for page in PAGES.values())]),
        st.integers(0, 2000),
        st.binary(max_size=5) | st.sampled_from([b"{", b"}", b"]", b'"', b"\n", b"\\ud800"]),
    ),
    st.integers(1, 5),
)
def test_any_bytes_are_events_or_misfits_in_columns_of_one_length(data: bytes, most: int) -> None:
    whole = split("f", data, FILE)
    assert len(whole.source) == len(whole.event_id) == len(whole.time) == len(whole.message)
    assert len(set(zip(whole.source, whole.event_id, strict=True))) <= len(whole)
    for message in whole.message:
        message.encode()
    parts = list(blocks("f", data, FILE, most))
    assert list(chain.from_iterable(part.event_id for part in parts)) == whole.event_id


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1), max_size=20
    )
)
def test_no_line_gets_lost(lines: list[str]) -> None:
    kept = "\n".join(messages("\n".join(["INFO first", *lines])))
    assert [line for line in lines if line.strip()] == [line for line in kept.split("\n")[1:] if line.strip()]


@pytest.mark.parametrize(
    "unit", ["a", " ", "\n", " \n", "{", "[", '{"Records":[', '{"events":[{', "a.", "}", "\\"]
)
def test_megabytes_take_no_longer_than_their_length(unit: str) -> None:
    data = (unit * (2 * 2**20 // len(unit))).encode()
    start = time.process_time()
    split("f", data, FILE)
    assert time.process_time() - start < 6
