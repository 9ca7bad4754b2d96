"""The cache gives back what was kept, or nothing."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cpc.compiler.cache import OBJECTS, Cache, Kind, cache_folder


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"CPC_CACHE": "off", "HOME": "/home/me"}, None),
        ({"CPC_CACHE": "/var/c", "HOME": "/home/me"}, "/var/c"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/home/me"}, "/x/cpc"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/me"}, "/home/me/.cache/cpc"),
        ({"HOME": "/home/me"}, "/home/me/.cache/cpc"),
        ({"HOME": ""}, None),
        ({}, None),
    ],
)
def test_where_it_is(variables: dict[str, str], folder: str | None) -> None:
    assert cache_folder(variables) == (None if folder is None else Path(folder))


def test_kept_and_found(tmp_path: Path) -> None:
    kept = Cache(tmp_path / "new" / "folder", OBJECTS)
    assert kept.get("aa") is None
    kept.put("aa", b"object")
    assert kept.get("aa") == b"object"
    assert kept.get("bb") is None


def test_without_a_folder_nothing_is_kept() -> None:
    none = Cache(None, OBJECTS)
    none.put("aa", b"object")
    assert none.get("aa") is None


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 32 + b"object"])
def test_a_damaged_entry_is_no_entry(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "aa.o").write_bytes(damage)
    assert Cache(tmp_path, OBJECTS).get("aa") is None


def test_a_folder_that_cannot_be_used_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    unusable = Cache(tmp_path / "file" / "folder", OBJECTS)
    unusable.put("aa", b"object")
    assert unusable.get("aa") is None


def aged(folder: Path, kind: Kind) -> Cache:
    """A cache with entries a, b and c, of which b was used least lately."""
    kept = Cache(folder, kind)
    for age, key in enumerate(("a", "b", "c")):
        kept.put(key, key.encode())
        os.utime(folder / f"{key}.o", (1000 + age, 1000 + age))
    assert kept.get("a") == b"a"
    return kept


@pytest.mark.parametrize("kind", [Kind(".o", 3, 1 << 20), Kind(".o", 100, 3 * 33)])
def test_those_used_last_stay(tmp_path: Path, kind: Kind) -> None:
    aged(tmp_path, kind).put("d", b"d")
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["a", "c", "d"]


def test_a_large_entry_takes_the_place_of_all(tmp_path: Path) -> None:
    aged(tmp_path, Kind(".o", 100, 1000)).put("d", b"d" * 2000)
    assert [path.stem for path in tmp_path.iterdir()] == ["d"]


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path, mode: int) -> None:
    kept = Cache(tmp_path / "kept", OBJECTS)
    kept.put("a", b"a")
    (tmp_path / "kept").chmod(mode)
    assert kept.get("a") is None
    kept.put("b", b"b")
    assert [path.stem for path in (tmp_path / "kept").iterdir()] == ["a"]


def test_many_at_once_see_whole_entries(tmp_path: Path) -> None:
    def work(number: int) -> bytes | None:
        kept = Cache(tmp_path, OBJECTS)
        kept.put("aa", b"x" * 100_000)
        return kept.get("aa") if number % 2 else kept.get(f"{number}")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(64)))
    assert set(found) == {b"x" * 100_000, None}
    assert [path.name for path in tmp_path.iterdir()] == ["aa.o"]
