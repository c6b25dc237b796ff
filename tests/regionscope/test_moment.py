from __future__ import annotations

from datetime import UTC, datetime

import pytest

from regionscope.moment import moment

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", datetime(2026, 11, 20, 11, 58, 30, tzinfo=UTC)),
        ("30m", datetime(2026, 11, 20, 11, 30, tzinfo=UTC)),
        ("24h", datetime(2026, 11, 19, 12, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 6, 12, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00+02:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
    ],
)
def test_a_moment_is_an_age_or_an_iso_time(text: str, expected: datetime) -> None:
    assert moment(text, NOW) == expected
    assert moment(text, NOW).tzinfo is UTC


@pytest.mark.parametrize("text", ["", "yesterday", "24", "-3h", "999999w", "2026-13-01"])
def test_anything_else_is_named_with_the_rule(text: str) -> None:
    with pytest.raises(ValueError, match="is no moment: write 30m"):
        moment(text, NOW)
