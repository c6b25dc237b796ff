"""Objects: one interface, the same on a folder and on S3."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from locations import Location

from store.objects import Store, open_store


def test_the_first_put_wins_and_a_second_one_changes_nothing(store: Store) -> None:
    assert store.put_new("a/one", b"first")
    assert not store.put_new("a/one", b"second")
    assert store.get("a/one") == b"first"


def test_a_plain_put_replaces_what_was_there(store: Store, tmp_path: Path) -> None:
    store.put("a/one", b"first")
    (tmp_path / "file").write_bytes(b"x" * 6_000_000)
    store.put("a/one", tmp_path / "file")
    assert store.get("a/one") == b"x" * 6_000_000


def test_an_object_that_is_not_there_is_a_file_not_found(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        store.get("a/none")
    with pytest.raises(FileNotFoundError):
        store.info("a/none")


def test_a_listing_gives_path_size_and_age_of_all_below_a_folder(store: Store) -> None:
    for path in ("a/b/one", "a/two", "ab/three"):
        store.put(path, path.encode())
    listed = {item.path: item for item in store.list("a")}
    assert {path: item.size for path, item in listed.items()} == {"a/b/one": 7, "a/two": 5}
    assert abs(datetime.now(UTC) - listed["a/two"].modified) < timedelta(minutes=1)
    assert store.info("a/two") == listed["a/two"]


def test_deleting_takes_what_is_there_and_does_not_mind_what_is_gone(store: Store) -> None:
    for path in ("a/1", "a/2", "a/3"):
        store.put(path, b"")
    store.delete(["a/none", "a/1", "a/gone", "a/2"])
    store.delete([])
    assert [item.path for item in store.list("a")] == ["a/3"]


@pytest.mark.parametrize("name", ["with space", "[brackets] *?", "# hash", "ünïcode", "it's"])
def test_a_folder_may_have_any_name(name: str, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / name))
    store.put("a/one", b"1")
    assert (tmp_path / name / "a" / "one").read_bytes() == b"1"
    assert open_store((tmp_path / name).as_uri()).get("a/one") == b"1"


def test_reading_a_folder_that_is_not_there_does_not_make_it(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "typo"))
    assert list(store.list()) == []
    with pytest.raises(FileNotFoundError):
        store.get("a")
    assert not (tmp_path / "typo").exists()


def test_memory_holds_objects_too() -> None:
    store = open_store("memory://")
    assert store.put_new("a", b"1")
    assert not store.put_new("a", b"2")
    assert store.get("a") == b"1"


def test_the_name_of_a_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store("~/logs").local_root == tmp_path / "logs"


@pytest.mark.parametrize("uri", ["gs://bucket", "http://host/x", "s3://", "s3:///prefix", "50% off"])
def test_a_store_that_cannot_be_opened_is_refused_by_its_name(uri: str) -> None:
    with pytest.raises(ValueError, match=uri.rstrip("/")):
        open_store(uri)


def test_a_misspelt_option_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="aws_secret_key"):
        open_store("s3://bucket", {"aws_secret_key": "hush"})


def test_no_secret_shows_when_a_store_is_printed(s3_location: Location) -> None:
    store = open_store(s3_location.uri, s3_location.options | {"aws_secret_access_key": "hush"})
    assert "hush" not in repr(store)


def test_credentials_are_taken_from_the_environment_when_no_option_gives_them(
    s3_location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("aws_access_key_id", "aws_secret_access_key", "aws_endpoint_url"):
        monkeypatch.setenv(name.upper(), s3_location.options[name])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    store = open_store(s3_location.uri)
    store.put("a", b"1")
    assert s3_location.open().get("a") == b"1"
    assert store.storage_options["aws_region"] == "us-east-1"
