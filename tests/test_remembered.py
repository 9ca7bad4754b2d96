"""What is kept for the next process never changes an answer, and whatever else lies there is left alone."""

import os
import pickle
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.policies import Shape, policy_text
from cpc.compiler import remembered
from cpc.compiler.cache import POLICIES, Cache
from cpc.compiler.memory import Memory
from cpc.compiler.remembered import Remembered, stamps
from tests.nightly import times
from tests.test_memory import Writer, told

CPC = Path(sys.executable).with_name("cpc")


@pytest.fixture
def everything_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small policies too, and whatever is new."""
    monkeypatch.setattr("cpc.compiler.remembered._FEW", 0)
    monkeypatch.setattr("cpc.compiler.remembered._NEWS", 0)


@pytest.mark.usefixtures("everything_is_kept")
@pytest.mark.parametrize("seed", range(times(4, 100)))
def test_answers_are_those_of_a_run_that_keeps_nothing(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpc.compiler.verify.engine.parts._SMALL", 6)
    monkeypatch.setattr("cpc.compiler.verify.engine.parts._PACKED", 2)
    writer = Writer(random.Random(seed))
    path = tmp_path / "policy.cil"
    last = Remembered(Cache(tmp_path / "kept", POLICIES), [str(path)])
    answered = 0
    kept: list[str] = []
    for _ in range(12):
        if not kept:
            writer.start()
        path.write_text("\n".join(["language 1", *writer.statements]) + "\n")
        expected = told([str(path)], None)
        memory = last.load()
        assert told([str(path)], memory) == expected
        answered += bool(expected[0])
        if expected[0]:
            last.save(memory)
            assert last.load().size == memory.size > 0
            kept = list(writer.statements)
        writer.statements = list(kept)
        writer.edit()
    assert answered > 3


def entry(folder: Path) -> Path:
    """The one file that is kept in a folder."""
    (found,) = folder.glob("*.policy")
    return found


def kept_in(folder: Path, path: Path) -> Remembered:
    """What is kept about a policy of some hundred rules, which is written and read."""
    path.write_text(policy_text(Shape(300)))
    last = Remembered(Cache(folder, POLICIES), [str(path)])
    memory = last.load()
    assert memory.size == 0
    told([str(path)], memory)
    last.save(memory)
    assert last.load().size == 302
    return last


def test_what_is_damaged_is_not_there(tmp_path: Path) -> None:
    folder, path = tmp_path / "kept", tmp_path / "policy.cil"
    last = kept_in(folder, path)
    whole = entry(folder).read_bytes()
    for damaged in (b"", whole[:20], whole[:-1], whole[:5000] + b"\0" + whole[5001:]):
        entry(folder).write_bytes(damaged)
        assert last.load().size == 0


class Act:
    """Does something when it is read by an ordinary unpickler."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_what_is_foreign_is_neither_taken_nor_obeyed(tmp_path: Path) -> None:
    folder, path = tmp_path / "kept", tmp_path / "policy.cil"
    last = kept_in(folder, path)
    cache = Cache(folder, POLICIES)
    key = entry(folder).stem
    plain: Sequence[object] = (Memory(), {"a": 1}, (1, 2, ()), Act(tmp_path / "made"), [])
    for other in plain:
        cache.put(key, pickle.dumps(other))
        assert last.load().size == 0
    cache.put(key, b"no pickle")
    assert last.load().size == 0
    assert not (tmp_path / "made").exists()


def test_other_files_other_words_and_other_builds_have_entries_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, path = tmp_path / "kept", tmp_path / "policy.cil"
    kept_in(folder, path)
    cache = Cache(folder, POLICIES)
    other = tmp_path / "other.cil"
    assert Remembered(cache, [str(path)]).load().size
    assert not Remembered(cache, [str(path)], ["env=prod"]).load().size
    assert not Remembered(cache, [str(other)]).load().size
    monkeypatch.setattr(remembered, "_build", lambda: "another one")
    assert not Remembered(cache, [str(path)]).load().size


def test_a_build_is_all_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "inner" / "__pycache__").mkdir(parents=True)
    written = tmp_path / "inner" / "cil.tables"
    written.write_text("one")
    before = sorted(stamps(tmp_path))
    (tmp_path / "inner" / "__pycache__" / "made.pyc").write_text("")
    assert sorted(stamps(tmp_path)) == before
    written.write_text("another")
    assert sorted(stamps(tmp_path)) != before


def test_a_build_has_the_grammar_and_its_tables() -> None:
    build = remembered._build()
    assert all(f"/{name} " in build for name in ("cil.lark", "cil.tables", "remembered.py"))


def test_what_costs_more_than_it_saves_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpc.compiler.verify.engine.parts._SMALL", 50)
    monkeypatch.setattr("cpc.compiler.verify.engine.parts._PACKED", 5)
    folder, path = tmp_path / "kept", tmp_path / "policy.cil"
    last = kept_in(folder, path)
    before = entry(folder).stat().st_ino
    path.write_text(path.read_text().replace(" r7:", " other:"))
    memory = last.load()
    told([str(path)], memory)
    assert memory.news > 0
    last.save(memory)
    assert entry(folder).stat().st_ino == before
    path.write_text("language 1\n" + policy_text(Shape(100)).split("\n", 1)[1])
    memory = Memory()
    told([str(path)], memory)
    last.save(memory)
    assert entry(folder).stat().st_ino == before


def test_the_command_keeps_what_it_finds_out_unless_it_is_told_not_to(tmp_path: Path) -> None:
    path, folder = tmp_path / "policy.cil", tmp_path / "kept"
    path.write_text(policy_text(Shape(250)))

    def check(*words: str, kept: str = str(folder)) -> str:
        done = subprocess.run(
            [CPC, "check", "--format", "json", *words, path],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "CPC_CACHE": kept},
        )
        assert done.returncode == 1, done.stderr
        return done.stdout

    cold = check("--no-cache")
    assert not list(folder.glob("*.policy"))
    assert check(kept="off") == cold
    assert check() == cold
    assert entry(folder).stat().st_mode & 0o77 == 0
    assert check() == cold
    path.write_text(
        path.read_text().replace(" r7:", " other:").replace("egress", "# here\negress", 1)
    )
    assert check() == check("--no-cache")
