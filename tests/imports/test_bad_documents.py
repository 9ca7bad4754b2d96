"""Bad documents as files: `cpc check` says the code at the line, with help, and never crashes.

A case is `bad/NAME.yaml` or `.json`; what is printed stands in `bad/NAME.txt`, and `--update-goldens`
writes those anew.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cpc.compiler.cli import run

CASES = Path(__file__).parent / "bad"
NAMES = sorted(p.name for p in CASES.iterdir() if p.suffix != ".txt")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said(
    name: str,
    golden: Callable[[Path, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(CASES)
    code = run(["check", name])
    out, err = capsys.readouterr()
    said = f"{out}{err}exit {code}\n"
    golden(CASES / f"{Path(name).stem}.txt", said)
    bad = re.search(r"error\[CPC(?!2)", said) is not None  # CPC2xx: findings about what was read
    assert code == (2 if bad else 1) and "Traceback" not in said


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_place_and_help(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CASES)
    run(["check", "--format", "json", name])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    assert found and all(d["help"] and d["place"]["file"] == name for d in found)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_compiled_before_stays(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No artifact comes of a document with an error, so none can take the place of a loaded one."""
    artifact = tmp_path / "policy.cpc"
    artifact.write_bytes(b"what was there")
    code = run(["compile", str(CASES / name), "-o", str(artifact), "--emit", "ir"])
    assert code in (0, 2)
    if code == 2:
        assert artifact.read_bytes() == b"what was there"
    assert ("error[" in capsys.readouterr().err) == (code == 2)


def test_there_are_many() -> None:
    assert len(NAMES) >= 40
