"""How a session is had: from a configuration file, from a URI, from an open store."""

from __future__ import annotations

from pathlib import Path

import pytest
from query_rows import bodies, put, record

from queries import connect
from store import tables
from store.objects import open_store
from store.zone import pseudonym, resolve_key

CONFIGURATION = """\
store = "store"
[regions.eu-west-1]
zone = "eu"
[zones.eu]
identities = "pseudonym"
key = "file:eu.key"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a configuration file, its zone's key and a store with one user's record."""
    (tmp_path / "regionscope.toml").write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / "eu.key").write_text("an EU key of more than 16 bytes", encoding="utf-8")
    store = open_store(str(tmp_path / "store"))
    tables.ensure(store)
    key = resolve_key(f"file:{tmp_path / 'eu.key'}")
    put(store, record(user_id=pseudonym(key, "u-42"), body="hello"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_without_arguments_the_configuration_of_the_working_folder_is_taken() -> None:
    with connect() as session:
        assert bodies(session.find_user("u-42")) == ["hello"]


def test_a_configuration_may_be_named(folder: Path) -> None:
    (folder / "regionscope.toml").rename(folder / "other.toml")

    with connect("other.toml") as session:
        assert bodies(session.find_user("u-42")) == ["hello"]


def test_help_says_what_can_be_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with connect(str(folder / "store")) as session:
        session.help()
        everything = capsys.readouterr().out
        session.help("find_user")
        one = capsys.readouterr().out

    assert "find_user(user, since, until, errors_only)\n    All records of one user" in everything
    assert "request(id, since, until)" in everything
    assert one.startswith("find_user(")
    assert "request(id" not in one
