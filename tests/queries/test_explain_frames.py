"""Stack traces and the frame in them that is the application's own."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.explain.frames import own_frame

PYTHON = """Traceback (most recent call last):
  File "/var/task/orders/app.py", line 31, in handler
    return routes.resolve(event, context)
  File "/var/task/orders/repository.py", line 88, in load
    found = table.get_item(Key=key)
  File "/opt/python/lib/python3.12/site-packages/botocore/client.py", line 569, in _api_call
    return self._make_api_call(operation_name, kwargs)
  File "/var/lang/lib/python3.12/json/decoder.py", line 338, in decode
botocore.errorfactory.ResourceNotFoundException: no such table"""

NODE = """TypeError: Cannot read properties of undefined (reading 'currency')
    at JSON.parse (<anonymous>)
    at Object.get (/var/task/node_modules/lodash/lodash.js:1:1)
    at processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async toMinorUnits (file:///var/task/payments/amount.mjs:18:11)
    at handler (file:///var/task/payments/app.mjs:31:11)"""

JAVA = """java.lang.IllegalStateException: closed
\tat java.base/java.util.Objects.requireNonNull(Objects.java:233)
\tat software.amazon.awssdk.core.client.Client.execute(Client.java:80)
\tat org.springframework.web.Servlet.service(Servlet.java:500)
\tat com.example.shop.download.FileStore.open(FileStore.java:64)
\tat com.example.shop.download.DownloadController.get(DownloadController.java:31)"""

IN_JSON = (
    r'{"errorType":"KeyError","stackTrace":["  File \"/var/task/app.py\", line 7, in handler\n    x\n"]}'
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PYTHON, "orders/repository.py line 88, in load"),
        (NODE, "payments/amount.mjs line 18, in toMinorUnits"),
        (JAVA, "com.example.shop.download.FileStore (FileStore.java) line 64, in open"),
        (IN_JSON, "app.py line 7, in handler"),
        ("at /var/task/index.js:3:9", "index.js line 3, in the module"),
    ],
)
def test_the_own_frame_nearest_to_the_error_is_found(text: str, expected: str) -> None:
    assert str(own_frame(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "request failed at 12:00:05:33 in eu-west-1",
        'File "/opt/python/lib/python3.12/site-packages/x.py", line 1, in y',
        "\tat java.util.Objects.requireNonNull(Objects.java:233)",
    ],
)
def test_a_text_without_an_own_frame_has_none(text: str) -> None:
    assert own_frame(text) is None


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    own_frame(text)


@pytest.mark.parametrize(
    "hostile", ["at ", "at a(", 'File "', "at " + "a." * 5, "\x00\ud800at (", "at async "]
)
def test_a_text_of_a_megabyte_is_read_in_no_time(hostile: str) -> None:
    text = hostile * (1_000_000 // len(hostile))

    began = time.perf_counter()
    own_frame(text)

    assert time.perf_counter() - began < 2
