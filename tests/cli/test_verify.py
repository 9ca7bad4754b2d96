"""`cpc verify`: lines, exit codes, and what a compilation makes of asserts."""

import json
from pathlib import Path

import pytest

from cpc.compiler.cli import run

Captured = pytest.CaptureFixture[str]

HEAD = """language 1
endpoints web = { app = "web" }
endpoints db = { app = "db" }
default deny ingress, egress for web, db
allow web-db: web -> db tcp/5432
"""


@pytest.fixture
def verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "p.cil"


@pytest.mark.parametrize(
    ("claim", "word", "code"),
    [
        ("never world -> db", "proved", 0),
        ("never web -> db", "refuted", 1),
        ("never world -> host", "vacuous", 1),
    ],
)
def test_a_line_for_each_assert(
    verify: Path, capsys: Captured, claim: str, word: str, code: int
) -> None:
    verify.write_text(f"{HEAD}assert\n  {claim}\n")
    assert run(["verify", "p.cil"]) == code
    out, err = capsys.readouterr()
    assert out.startswith(f"{word:8} p.cil:6  assert {claim}  (") and out.endswith(" ms)\n")
    assert ("CPC26" in err) == (code == 1)


def test_unknown_is_3(verify: Path, capsys: Captured) -> None:
    ports = "".join(f"allow a{n}: web -> db tcp/{n}\n" for n in range(1, 300))
    verify.write_text(f"{HEAD}{ports}assert never web -> db tcp/400-6000\n")
    assert run(["verify", "p.cil", "--timeout", "0.001"]) in (1, 3)
    assert run(["verify", "p.cil", "--timeout", "nan"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_json(verify: Path, capsys: Captured) -> None:
    verify.write_text(f"{HEAD}assert never web -> db\n")
    assert run(["--format", "json", "verify", "p.cil"]) == 1
    document = json.loads(capsys.readouterr().out)
    (one,) = document["asserts"]
    assert document["schema"] == "cpc.verified/1"
    assert (one["answer"], one["line"]) == ("refuted", 6)
    assert one["witness"] == "{app=web} -> {app=db} tcp/5432"


def test_certificates(verify: Path, capsys: Captured) -> None:
    verify.write_text(f"{HEAD}allow web -> db tcp/5432\n")
    assert run(["verify", "p.cil", "--certify"]) == 0
    out, _ = capsys.readouterr()
    assert out.splitlines()[-1] == "certified 4 halves of rules: 2 findings, and no others"
    verify.write_text(f'{HEAD}allow web -> db tcp/1 http {{\n  GET "/"\n}}\n')
    assert run(["verify", "p.cil", "--certify"]) == 3
    out, err = capsys.readouterr()
    assert "certified 2 halves" in out and "CPC263" in err


def test_errors_of_the_input_are_2(verify: Path, capsys: Captured) -> None:
    verify.write_text(f"{HEAD}assert never wbe -> db\n")
    assert run(["verify", "p.cil"]) == 2
    assert "CPC301" in capsys.readouterr().err


def test_only_what_is_proved_is_compiled(verify: Path, capsys: Captured) -> None:
    verify.write_text(f"{HEAD}assert only web -> db\n")
    assert run(["compile", "--emit", "ir", "p.cil"]) == 0
    verify.write_text(f"{HEAD}assert never web -> db\n")
    assert run(["compile", "--emit", "ir", "p.cil"]) == 1
    assert "CPC260" in capsys.readouterr().err


def test_a_check_tells_it_too(verify: Path, capsys: Captured) -> None:
    verify.write_text(f"{HEAD}assert never web -> db\n")
    assert run(["check", "--format", "concise", "p.cil"]) == 1
    assert "p.cil:6:1: error[CPC260]" in capsys.readouterr().out
    assert run(["check", "--ignore", "refuted-assert", "p.cil"]) == 0
