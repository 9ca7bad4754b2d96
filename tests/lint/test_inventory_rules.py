"""What a check says under an inventory about rules: who they are about, who answers."""

from pathlib import Path

import pytest

from cpc.compiler.cli import run

Captured = pytest.CaptureFixture[str]

POLICY = """language 1
endpoints web = { app = "web" }
endpoints db = { app = "bd" }
default deny ingress, egress for all
allow web-db: web -> db tcp/5432
egress allow out: web -> { app } tcp/443
"""
INVENTORY = """endpoints:
  - {name: web, labels: {app: web}, addresses: [10.0.0.1]}
  - {name: db, labels: {app: db}, addresses: [10.0.0.2]}
"""


def test_rules_about_nobody_and_halves_that_nobody_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.cil").write_text(POLICY)
    Path("i.yaml").write_text(INVENTORY)
    select = ("--select", "irrelevant-rule,half-open")
    assert run(["check", "p.cil", "--format", "concise", *select]) == 0
    out = capsys.readouterr().out
    assert "p.cil:6:1: note[CPC232]" in out and "CPC221" not in out
    assert run(["check", "p.cil", "--inventory", "i.yaml", "--format", "concise", *select]) == 0
    out = capsys.readouterr().out
    assert "p.cil:6:1: note[CPC232]" in out
    assert "p.cil:5:1: note[CPC221] rule `web-db` matches nobody in the inventory" in out
