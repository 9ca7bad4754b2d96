"""What cannot be said, as files: `cpc export` names the code at the line, with help, and writes nothing.

A case is a policy `bad/NAME.cil` whose first line says `# kind: KIND`; `#! CPC850` marks each line that
gets a diagnostic, with its codes. What is printed stands in `NAME.txt`; `--update-goldens` writes it anew.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cpc.compiler.cli import run

CASES = Path(__file__).parent / "bad"
NAMES = sorted(p.name for p in CASES.glob("*.cil"))

Captured = pytest.CaptureFixture[str]


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(CASES)
    return CASES / str(request.param)


def command(case: Path) -> list[str]:
    """The export that a case is about."""
    found = re.match(r"# kind: ([a-z-]+)\n", case.read_text(encoding="utf-8"))
    assert found, f"{case}: the first line names no kind"
    return ["export", "--kind", found[1], case.name]


def test_what_is_said(case: Path, capsys: Captured, golden: Callable[[Path, str], None]) -> None:
    code = run(command(case))
    out, err = capsys.readouterr()
    assert out == "" and "Traceback" not in err
    assert code == (1 if "CPC201" in err else 2)
    golden(case.with_suffix(".txt"), err)


def test_codes_lines_and_help(case: Path, capsys: Captured, tmp_path: Path) -> None:
    target = tmp_path / "objects"
    run([*command(case), "-o", str(target), "--format", "json"])
    found = json.loads(capsys.readouterr().err)["diagnostics"]
    assert found and all(d["help"] for d in found)
    marked = [
        (number, code)
        for number, line in enumerate(case.read_text(encoding="utf-8").splitlines(), 1)
        for code in re.findall(r"CPC\d{3}", line.partition("#!")[2])
    ]
    said = [(d["place"]["start"]["line"], d["code"]) for d in found]
    said = [s for s in said if s[1] not in ("CPC325", "CPC202")]
    assert sorted(marked) == sorted(said)
    assert not target.exists()


def test_every_code_of_exports_has_a_case() -> None:
    from cpc.compiler.codes.exports import EXPORTS

    texts = "".join((CASES / name).read_text(encoding="utf-8") for name in NAMES)
    assert [page.code for page in EXPORTS if page.code not in texts] == []
