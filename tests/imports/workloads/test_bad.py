"""Bad manifests as files: `cpc check --inventory` says the code at the line, with help, and never crashes.

A case is `bad/NAME.yaml`; what is printed stands in `NAME.txt` beside it, and
`--update-goldens` writes those anew.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cpc.compiler.cli import run

CASES = Path(__file__).parent / "bad"
NAMES = sorted(p.stem for p in CASES.glob("*.yaml"))

POLICY = """language 1
policy web {
  default deny ingress for { app }
  ingress allow { app } -> { app }
}
"""


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A policy with which nothing is wrong, whatever the inventory is."""
    path = tmp_path / "policy.cil"
    path.write_text(POLICY)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(CASES)
    return str(path)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said(
    name: str,
    policy: str,
    golden: Callable[[Path, str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run(["check", policy, "--inventory", f"{name}.yaml"])
    out, err = capsys.readouterr()
    said = f"{out}{err}exit {code}\n"
    golden(CASES / f"{name}.txt", said)
    assert code == (2 if "error[" in said else 1) and "Traceback" not in said


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_place_and_help(
    name: str, policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["check", "--format", "json", policy, "--inventory", f"{name}.yaml"])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    told = [d for d in found if d["code"] != "CPC712"]
    assert told and all(d["help"] and d["place"]["file"] == f"{name}.yaml" for d in told)


def test_there_are_many() -> None:
    assert len(NAMES) >= 40
