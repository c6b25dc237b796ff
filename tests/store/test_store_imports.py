"""The committer's package has no room for pyarrow: what runs there must do without it."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from store_rows import START, deliver, once, rows, stored

from store.engine import connect
from store.objects import Store

# deltalake, DuckDB with httpfs, obstore and arro3 fill a Lambda's 250 MB; boto3 is part of its runtime.
NO_ROOM = ("pyarrow", "numpy", "pandas", "polars", "pytz", "cryptography")

WORK = """
import sys
for module in {no_room!r}:
    sys.modules[module] = None
from datetime import datetime, timedelta
from store.commit import sweep
from store.compact import compact
from store.objects import open_store
from store.retention import vacuum
store = open_store({uri!r})
sweep(store)
compact(store, datetime.fromisoformat({now!r}))
vacuum(store, after=timedelta(0))
"""


def test_committing_compacting_and_vacuuming_need_no_pyarrow(local_store: Store) -> None:
    deliver(local_store, rows(range(10)))
    deliver(local_store, rows(range(5, 15)))
    now = (START + timedelta(days=3)).isoformat()
    script = WORK.format(no_room=NO_ROOM, uri=local_store.uri, now=now)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    assert stored(local_store) == once(rows(range(15)))


def test_a_missing_extension_is_an_error_that_says_what_to_install(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb_extension_delta", None)
    with pytest.raises(ModuleNotFoundError, match="pip install duckdb_extension_delta"):
        connect(local_store, delta=True)
