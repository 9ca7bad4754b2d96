"""Bad input as files: `cpc check` says the code at the line, with help, exits 2, and never
crashes.

A case is a policy `bad/NAME.cil`, or a folder `bad/NAME` that is checked by the arguments in its file
`args`. What is printed stands in `NAME.txt` beside it; `--update-goldens` writes those anew. In a
policy, `#! CPC301` marks each line that gets a diagnostic, with its codes.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cpc.compiler.cli import run

CASES = Path(__file__).parent / "bad"
NAMES = sorted(p.name for p in CASES.iterdir() if p.suffix != ".txt")

Captured = pytest.CaptureFixture[str]


def _command(case: Path) -> tuple[Path, list[str]]:
    """Where a case is checked, and with which arguments."""
    if case.is_dir():
        return case, (case / "args").read_text().split()
    return CASES, [case.name]


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = CASES / str(request.param)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(_command(path)[0])
    return path


def test_what_is_said(case: Path, capsys: Captured, golden: Callable[[Path, str], None]) -> None:
    code = run(["check", *_command(case)[1]])
    out, err = capsys.readouterr()
    said = f"{out}{err}exit {code}\n"
    golden(CASES / f"{case.stem}.txt", said)
    finding = re.fullmatch(r"(?s)error\[CPC2.*", said) is not None  # what was read means something
    assert code == (1 if finding else 2) and "Traceback" not in said


def test_codes_lines_and_help(case: Path, capsys: Captured) -> None:
    run(["check", "--format", "json", *_command(case)[1]])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    errors = [d for d in found if d["severity"] == "error"]
    assert errors and all(d["help"] for d in errors)
    if case.is_dir():
        return
    marked = {
        (number, code)
        for number, line in enumerate(case.read_text().split("\n"), 1)
        for code in re.findall(r"CPC\d{3}", line.partition("#!")[2])
    }
    assert marked == {(d["place"]["start"]["line"], d["code"]) for d in found}


def test_there_are_enough_cases() -> None:
    assert len(NAMES) >= 45
