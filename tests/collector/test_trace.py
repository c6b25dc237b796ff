from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.texts import arrow
from collector.trace import span_id, trace_id, xray_trace_ids

W3C = "4efaaf4d1e8720b39541901950019ee5"
XRAY = "1-4efaaf4d-1e8720b39541901950019ee5"


@pytest.mark.parametrize(
    "text",
    [
        W3C,
        W3C.upper(),
        XRAY,
        XRAY.upper(),
        f"00-{W3C}-53995c3f42cd8ad8-01",
        f"01-{W3C}-53995c3f42cd8ad8-01-what-a-later-version-adds",
        f"Root={XRAY};Parent=53995c3f42cd8ad8;Sampled=1",
        f"Parent=53995c3f42cd8ad8;Sampled=1;Root={XRAY}",
        f"Self=1-00000001-111111111111111111111111;Root={XRAY};Lineage=a87bd80c:0",
        f"Root={XRAY}",
    ],
)
def test_every_form_of_a_trace_id_becomes_the_same_32_hex_digits(text: str) -> None:
    assert trace_id(text) == W3C


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "6899143064054564168",  # Datadog's decimal 64-bit id
        "0" * 32,
        "1-00000000-000000000000000000000000",
        "z" * 32,
        W3C[:31],
        W3C + "0",
        " ".join(W3C[i : i + 2] for i in range(0, 22, 2)),  # 32 characters with spaces
        "2-4efaaf4d-1e8720b39541901950019ee5",
        "1-4efaaf4-d1e8720b39541901950019ee5",
        "1_4efaaf4d_1e8720b39541901950019ee5",
        "1-4efaaf4d-1e8720b39541901950019e-5",
        "Root=",
        "order-4efaaf4d-1e8720b39541901950019ee5",
        "Root=1-4efaaf4d-1e8720b39541901950019",
        "Root=Root=Root=Root=Root=Root=Root=Root=",
        "٣" * 32,
        "\ud800" * 32,
    ],
)
def test_what_is_no_w3c_trace_id_is_none(text: str) -> None:
    assert trace_id(text) is None


def test_a_span_id_is_16_lower_case_hex_digits() -> None:
    assert span_id("53995C3F42CD8AD8") == "53995c3f42cd8ad8"


@pytest.mark.parametrize(
    "text", ["", "0" * 16, "14292093692483532556", "53995c3f 2cd8ad8", "53995c3f42cd8adg"]
)
def test_what_is_no_span_id_is_none(text: str) -> None:
    assert span_id(text) is None


@given(
    st.text(alphabet=st.characters(), max_size=60) | st.text("0123456789abcdefABCDEF-;=RotPan ", max_size=80)
)
def test_any_text_is_a_valid_id_or_none(text: str) -> None:
    found = trace_id(text)
    assert found is None or (len(found) == 32 and set(found) <= set("0123456789abcdef"))


@given(st.integers(1, 2**128 - 1))
def test_x_ray_and_w3c_write_the_same_id(number: int) -> None:
    digits = f"{number:032x}"
    assert trace_id(digits) == trace_id(f"1-{digits[:8]}-{digits[8:]}") == digits


@given(st.lists(st.from_regex(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}", fullmatch=True), min_size=1, max_size=5))
def test_many_ids_of_x_ray_are_read_as_each_alone(texts: list[str]) -> None:
    alone = [trace_id(text) for text in texts]
    found = xray_trace_ids(arrow(texts))
    assert (found and found.to_pylist()) == (alone if None not in alone else None)


@pytest.mark.parametrize(
    "text",
    [
        W3C,
        "2" + XRAY[1:],
        "1-00000000-000000000000000000000000",
        "1-4efaaf4-d1e8720b39541901950019ee5",
        "1-4efaaf4d-1e8720b39541901950019e-5",
        "1-4efaaf4d-1e8720b39541901950019  5",
        "1-4efaaf4d-1e8720b39541901950019eeg",
        "1-4efaaf4d-1e8720b3954190195001\u0663ee5",
        "-1" + XRAY[2:],
    ],
)
def test_many_ids_of_which_one_is_not_x_rays_are_not_read_at_once(text: str) -> None:
    assert xray_trace_ids(arrow([XRAY, text])) is None
    assert xray_trace_ids(arrow([text, XRAY])) is None
