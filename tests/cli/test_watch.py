"""`cpc check --watch`, as a process: files are edited, broken, mended, added and removed under it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Thread

import pytest

from cpc.compiler.cli import run
from cpc.compiler.commands import check, watch
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.memory import Memory
from cpc.compiler.text import files_below

CPC = Path(sys.executable).with_name("cpc")

PATIENCE = 30.0
"""Seconds for an answer, on a machine with much else to do."""

HEAD = 'language 1\nendpoints web = { app = "web" }\ndefault deny egress for web\n'
CLEAN = f"{HEAD}allow web -> world tcp/443\n"
READY = "waiting for changes\n"


class Watching:
    """A running command, and what it said so far."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.said = ""
        # Whoever runs the tests in the background ignores SIGINT, and children inherit that.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(
            [CPC, "check", "--format", "concise", "--watch", *words],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        signal.signal(signal.SIGINT, before)
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line

    def answer(self, expected: str) -> str:
        """What is said up to an answer that holds a text; it is forgotten then."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            said = self.said
            if said.endswith(READY) and expected in said:
                self.said = self.said[len(said) :]
                return said
            time.sleep(0.02)
        raise AssertionError(f"no answer with {expected!r}: {self.said!r}")

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """The exit code after a signal; nothing more may be said."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def stop(self) -> None:
        """Ends what did not end by itself."""
        if self.process.poll() is None:
            self.end(signal.SIGKILL)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    (tmp_path / "p.cil").write_text(CLEAN)
    started = Watching(tmp_path, "p.cil")
    try:
        assert started.answer("").count("\n") == 1
        yield started
    finally:
        started.stop()


def test_a_file_that_breaks_and_is_mended(tmp_path: Path, watching: Watching) -> None:
    path = tmp_path / "p.cil"
    path.write_text(f"{CLEAN}allow wbe -> world\n")
    assert "p.cil:5:7: error[CPC301] `wbe` is not defined\n" in watching.answer("CPC301")
    path.write_text(f"{CLEAN}allow web ->\n")
    watching.answer("p.cil:5:")
    path.write_text(f"# above\n{CLEAN}allow web -> world tcp/{{443}}\n")
    assert "p.cil:6:1: warning[CPC223]" in watching.answer("CPC223")
    path.unlink()
    watching.answer("error[CPC001]")
    other = tmp_path / "scratch"
    other.write_text(CLEAN)
    other.replace(path)
    assert watching.answer("checked in").count("\n") == 1
    assert watching.end() == 0
    assert watching.said == ""


def test_an_include_that_comes_and_settings_that_change(tmp_path: Path, watching: Watching) -> None:
    (tmp_path / "p.cil").write_text(f'{HEAD}include "more.cil"\n')
    watching.answer("error[CPC001]")
    (tmp_path / "more.cil").write_text(
        "language 1\nallow web -> world tcp/443\ncidr a = [10.0.0.0/8]\n"
    )
    watching.answer("more.cil:3:6: warning[CPC202]")
    settings = tmp_path / "new"
    settings.write_text('ignore = ["unused-definition"]\n')
    settings.replace(tmp_path / "cpc.toml")
    assert "CPC202" not in watching.answer("checked in")
    (tmp_path / "cpc.toml").write_text("no toml")
    watching.answer("error[CPC085]")


def test_a_folder_of_policies_and_manifests(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "p.cil").write_text(CLEAN)
    started = Watching(tmp_path, "policies")
    try:
        started.answer("checked in")
        (folder / "n.yaml").write_text("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n")
        started.answer("n.yaml:")
        (folder / "n.yaml").unlink()
        assert "n.yaml" not in started.answer("checked in")
        (folder / "q.cil").write_text("language 1\ncidr a = [10.0.0.0/8]\n")
        started.answer("q.cil:2:6: warning[CPC202]")
        assert started.end(signal.SIGTERM) in (0, 128 + signal.SIGTERM)
    finally:
        started.stop()


@pytest.mark.parametrize("moment", [2, 3, 4])
def test_a_file_that_comes_while_its_folder_is_listed_is_seen(
    moment: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.cil").write_text(CLEAN)
    read: list[str] = []
    moments = count(1)

    def answer(order: check.Order, terminal: Terminal, memory: Memory) -> None:
        answered(order, terminal, memory)
        read[:] = terminal.sources

    def listed(folder: str, endings: tuple[str, ...]) -> list[str]:
        if next(moments) == moment:
            (tmp_path / "q.cil").write_text(CLEAN)
        return files_below(folder, endings)

    def changes(*_: object, **__: object) -> Iterator[set[object]]:
        yield set()
        raise KeyboardInterrupt

    answered = check.answer
    monkeypatch.setattr(check, "answer", answer)
    monkeypatch.setattr(watch, "files_below", listed)
    monkeypatch.setattr(watch, "watch", changes)
    assert run(["check", "--watch", "--no-cache", str(tmp_path)]) == 0
    assert read == [f"{tmp_path}/p.cil", f"{tmp_path}/q.cil"]


def test_it_can_be_interrupted_while_it_checks(tmp_path: Path) -> None:
    (tmp_path / "p.cil").write_text(
        HEAD + "".join(f"allow web -> world tcp/{n}\n" for n in range(1, 2000))
    )
    started = Watching(tmp_path, "p.cil")
    try:
        time.sleep(1.5)
        assert started.end() in (0, 128 + signal.SIGINT)
    finally:
        started.stop()
    assert "Traceback" not in started.said


@pytest.mark.parametrize("words", [["-"], ["p.cil", "--update-baseline", "--baseline", "b.json"]])
def test_what_cannot_be_watched(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--watch", *words]) == 2
    assert "CPC080" in capsys.readouterr().err
    assert not os.path.exists("b.json")
